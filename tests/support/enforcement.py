"""Holds a host cluster's pods to network policies, for tests only: what is there at one moment becomes one nftables table.

It watches nothing, and knows what tests/support/traffic.py knows of policies and no more; a cluster that people use needs a
network plug-in that enforces. Refusals are said aloud, so that a test need not wait for silence. What comes from the node itself
passes, as Kubernetes has it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from infra.host.host import Host
from infra.host.machine import run
from tests.support.traffic import End, Policy, known, selects

NAME = "hera_tests"
CLEAR = f"table inet {NAME}\ndelete table inet {NAME}\n"
PEERS, ADDRESS = {"Egress": "to", "Ingress": "from"}, {"Egress": "ip daddr", "Ingress": "ip saddr"}


def enforce(host: Host, policies: Sequence[Policy], pods: Sequence[End]) -> None:
    """Let through what policies name, from now on; what was enforced before is forgotten."""
    run(*host.inside(["sh", "-c", "echo 0 >/proc/sys/net/ipv4/icmp_ratemask"]))  # else most refusals of UDP are silent
    _nft(host, CLEAR + table(policies, pods))


def lift(host: Host) -> None:
    """Let everything through."""
    _nft(host, CLEAR)


def table(policies: Sequence[Policy], pods: Sequence[End]) -> str:
    """Return the table: a chain for each pod and direction that any policy selects."""
    chains = {
        (direction, number): _chain(found, direction, pod, pods)
        for direction in PEERS
        for number, pod in enumerate(pods)
        if (found := list(_selecting(policies, direction, pod)))
    }
    bodies = [f"chain {direction}_{number} {{\n{body}\n}}" for (direction, number), body in chains.items()]
    jumps = "\n".join(_jumps(direction, [number for way, number in chains if way == direction], pods) for direction in PEERS)
    hooks = [
        f"chain {hook} {{\ntype filter hook {hook} priority 10; policy accept;\nct state established,related accept\n{jumps}\n}}"
        for hook in ("forward", "input")
    ]
    return "\n".join([f"table inet {NAME} {{", *bodies, *hooks, "}"])


def _jumps(direction: str, numbers: Sequence[int], pods: Sequence[End]) -> str:
    own = {"Egress": "ip saddr", "Ingress": "ip daddr"}[direction]
    entries = ", ".join(f"{pods[number].address} : jump {direction}_{number}" for number in numbers)
    return f"{own} vmap {{ {entries} }}" if numbers else ""


def _selecting(policies: Iterable[Policy], direction: str, pod: End) -> Iterator[Policy]:
    for policy in policies:
        spec = policy["spec"]
        known({*spec}, {"podSelector", "policyTypes", "ingress", "egress"})
        here = policy["metadata"]["namespace"] == pod.namespace and direction in spec["policyTypes"]
        if here and selects(spec["podSelector"], pod.labels):
            yield policy


def _chain(policies: Iterable[Policy], direction: str, pod: End, pods: Sequence[End]) -> str:
    rules = [rule for policy in policies for rule in policy["spec"].get(direction.lower(), ())]
    lines = [line for rule in rules for line in _lines(rule, direction, pod.namespace, pods)]
    return "\n".join([*lines, "meta l4proto tcp reject with tcp reset", "reject"])


def _lines(rule: Mapping[str, Any], direction: str, namespace: str, pods: Sequence[End]) -> Iterator[str]:
    known({*rule}, {PEERS[direction], "ports"})
    for address in _addresses(rule.get(PEERS[direction]), ADDRESS[direction], namespace, pods):
        for port in _ports(rule.get("ports")):
            yield " ".join(word for word in (address, port, "return") if word)


def _addresses(peers: Sequence[Mapping[str, Any]] | None, key: str, namespace: str, pods: Sequence[End]) -> Iterator[str]:
    if peers is None:
        yield ""
    for peer in peers or ():
        known({*peer}, {"podSelector", "namespaceSelector", "ipBlock"})
        if block := peer.get("ipBlock"):
            left_out = ", ".join(block.get("except", ()))
            yield f"{key} {block['cidr']}" + (f" {key} != {{ {left_out} }}" if left_out else "")
        elif fitting := [pod.address for pod in pods if _fits(peer, namespace, pod)]:
            yield f"{key} {{ {', '.join(fitting)} }}"


def _fits(peer: Mapping[str, Any], namespace: str, pod: End) -> bool:
    if "namespaceSelector" in peer:
        place = selects(peer["namespaceSelector"], pod.namespace_labels)
    else:
        place = pod.namespace == namespace
    return place and selects(peer.get("podSelector", {}), pod.labels)


def _ports(ports: Sequence[Mapping[str, Any]] | None) -> Iterator[str]:
    if ports is None:
        yield ""
    for port in ports or ():
        known({*port}, {"port", "protocol"})
        yield f"{port['protocol'].lower()} dport {port['port']}"


def _nft(host: Host, script: str) -> None:
    done = subprocess.run(host.inside(["nft", "-f", "-"]), input=script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
