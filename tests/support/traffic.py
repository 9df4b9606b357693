"""What network policies let through, by reading them: a small evaluator for tests, of what our policies use and nothing else.

It knows pod and namespace selectors, address blocks and numbered ports, and fails on anything more. It enforces nothing, and says
nothing of an engine that reads a policy otherwise; cyclonus answers the same questions in tests/integration/platform.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Policy = Mapping[str, Any]


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod, or an address outside when it has no namespace."""

    name: str
    address: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    namespace_labels: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Port:
    """A port; TCP unless said otherwise."""

    number: int
    protocol: str = "TCP"

    def __str__(self) -> str:
        return f"{self.number}" if self.protocol == "TCP" else f"{self.number}/{self.protocol}"


class Evaluator:
    """Answers for one set of policies."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.policies: dict[str, list[Policy]] = {}
        for policy in policies:
            self.policies.setdefault(policy["metadata"]["namespace"], []).append(policy)

    def allows(self, source: End, target: End, port: Port) -> bool:
        """Whether both ends let a connection through."""
        return self.leaves(source, target, port) and self.enters(source, target, port)

    def leaves(self, source: End, target: End, port: Port) -> bool:
        """Whether the source's policies let it out."""
        return self._passes(source, target, port, "Egress", "to")

    def enters(self, source: End, target: End, port: Port) -> bool:
        """Whether the target's policies let it in."""
        return self._passes(target, source, port, "Ingress", "from")

    def _passes(self, mine: End, other: End, port: Port, direction: str, key: str) -> bool:
        specs = [policy["spec"] for policy in self._of(mine) if direction in policy["spec"]["policyTypes"]]
        rules = [rule for spec in specs for rule in spec.get(direction.lower(), ())]
        return not specs or any(_rule(rule, key, mine.namespace, other, port) for rule in rules)

    def _of(self, end: End) -> Iterator[Policy]:
        for policy in self.policies.get(end.namespace, ()) if end.namespace else ():
            if selects(policy["spec"]["podSelector"], end.labels):
                yield policy


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches."""
    known({*selector}, {"matchLabels", "matchExpressions"})
    plain = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return plain and all(_expression(item, labels) for item in selector.get("matchExpressions", ()))


def known(found: set[str], wanted: set[str]) -> None:
    """Refuse what this does not know."""
    assert found <= wanted, f"the evaluator for tests does not know {sorted(found - wanted)}"


def _expression(item: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    known({item["operator"]}, {"In", "Exists"})
    return item["key"] in labels and (item["operator"] == "Exists" or labels[item["key"]] in item["values"])


def _rule(rule: Mapping[str, Any], key: str, namespace: str, other: End, port: Port) -> bool:
    known({*rule}, {key, "ports"})
    ports: Sequence[Mapping[str, Any]] = rule.get("ports", ())
    if ports and not any((item["port"], item["protocol"]) == (port.number, port.protocol) for item in ports):
        return False
    return key not in rule or any(_peer(peer, namespace, other) for peer in rule[key])


def _peer(peer: Mapping[str, Any], namespace: str, other: End) -> bool:
    known({*peer}, {"podSelector", "namespaceSelector", "ipBlock"})
    if block := peer.get("ipBlock"):
        address = ipaddress.ip_address(other.address)
        inside = address in ipaddress.ip_network(block["cidr"])
        return inside and not any(address in ipaddress.ip_network(item) for item in block.get("except", ()))
    if not other.namespace:
        return False
    fits = (
        selects(peer["namespaceSelector"], other.namespace_labels)
        if "namespaceSelector" in peer
        else other.namespace == namespace
    )
    return fits and ("podSelector" not in peer or selects(peer["podSelector"], other.labels))
