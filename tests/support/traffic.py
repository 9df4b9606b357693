"""What network policies let through, by reading them: a small evaluator for tests, of what our policies use and nothing else.

It knows pod and namespace selectors, address blocks and numbered ports, and fails on anything more. It enforces nothing, and says
nothing of an engine that reads a policy otherwise; cyclonus answers the same questions in tests/integration/platform.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
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
        self._policies: dict[str, list[Policy]] = {}
        for policy in policies:
            self._policies.setdefault(policy["metadata"]["namespace"], []).append(policy)
        self._open: dict[tuple[str, str, str], frozenset[Port] | None] = {}

    def allows(self, source: End, target: End, port: Port) -> bool:
        """Whether both ends let a connection through."""
        out, inside = self._ports(source, target, "Egress", "to"), self._ports(target, source, "Ingress", "from")
        return (out is None or port in out) and (inside is None or port in inside)

    def _ports(self, mine: End, other: End, direction: str, key: str) -> frozenset[Port] | None:
        """Return the ports that one end's policies open towards the other; None is all."""
        known = (mine.name, other.name, direction)
        if known not in self._open:
            self._open[known] = self._find_ports(mine, other, direction, key)
        return self._open[known]

    def _find_ports(self, mine: End, other: End, direction: str, key: str) -> frozenset[Port] | None:
        there = (policy["spec"] for policy in self._policies.get(mine.namespace, ()))
        specs = [spec for spec in there if direction in spec["policyTypes"] and selects(spec["podSelector"], mine.labels)]
        rules = [rule for spec in specs for rule in spec.get(direction.lower(), ())]
        fitting = [rule for rule in rules if _fits(rule, key, mine.namespace, other)]
        if not specs or any("ports" not in rule for rule in fitting):
            return None
        return frozenset(Port(item["port"], item["protocol"]) for rule in fitting for item in rule["ports"])


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


def _fits(rule: Mapping[str, Any], key: str, namespace: str, other: End) -> bool:
    known({*rule}, {key, "ports"})
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
