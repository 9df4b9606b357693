"""Draws which connections the network policies let through, from the policies themselves: docs/pictures/network-policies.svg.

A column is a namespace or something outside, a row is a connection: from whom, to whom, at which ports. A row is there when both
ends agree. `--check` says whether the picture is that of the policies that are there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from infra.kube.manifests.render import build
from tools.written import PROJECT, settle

OVERLAY = PROJECT / "k8s" / "overlays" / "prod"
PICTURE = PROJECT / "docs" / "pictures" / "network-policies.svg"
NAMESPACE = "kubernetes.io/metadata.name"
BLOCKS = {
    "0.0.0.0/0": "the world",
    "10.0.0.0/8": "private addresses",
    "100.64.0.0/10": "private addresses",
    "172.16.0.0/12": "private addresses",
    "192.168.0.0/16": "private addresses",
    "169.254.20.10/32": "DNS",
}
FIRST = ("namespaces labelled", "private addresses", "apps", "data", "hera-backup", "hera-system", "monitoring", "node-agents")
LAST = ("argocd", "kube-system", "DNS", "the world")
ROW, COLUMN, TOP, SIDE = 27, 132, 66, 72
Policy = Mapping[str, Any]
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, order=True)
class End:
    """Pods of one kind, any pod of a namespace when it has no labels, or something outside when it has no namespace."""

    place: str
    labels: Labels = ()
    inside: bool = True

    @property
    def name(self) -> str:
        """What it is called in the picture."""
        if not self.labels:
            return ("the cloud's pods" if self.place == "kube-system" else "any pod") if self.inside else ""
        words = (key.rpartition("/")[2] if value == "true" else value for key, value in self.labels)
        return ", ".join(word.removeprefix(f"{self.place}-") for word in words)


@dataclass(frozen=True, order=True)
class Flow:
    """A row of the picture."""

    source: str
    target: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    ports: tuple[str, ...]


def policies(overlay: Path = OVERLAY) -> list[Policy]:
    """Return the policies of an overlay, rendered."""
    return [obj for obj in build(overlay).objects if obj["kind"] == "NetworkPolicy"]


def flows(found: Sequence[Policy]) -> list[Flow]:
    """Return what passes, said once: what any pod of a namespace may is not said again of each."""
    ends = sorted(_ends(found))
    passing = {(one, other): ports for one in ends for other in ends if (ports := _passing(found, one, other))}
    said: dict[tuple[End, str, tuple[str, ...]], list[str]] = {}
    for (one, other), ports in passing.items():
        rest = ports - _of_any(passing, one, other)
        if rest:
            said.setdefault((one, other.place, tuple(sorted(rest, key=_port_order))), []).append(other.name)
    merged: dict[tuple[str, str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (one, place, ports_said), names in said.items():
        merged.setdefault((one.place, place, tuple(names), ports_said), []).append(one.name)
    return [Flow(place, other, tuple(names), targets, ports) for (place, other, targets, ports), names in merged.items()]


def _of_any(passing: Mapping[tuple[End, End], frozenset[str]], one: End, other: End) -> frozenset[str]:
    """Return what is said already of any pod at either end."""
    wider = [(End(one.place), other), (one, End(other.place)), (End(one.place), End(other.place))]
    return frozenset().union(*(passing.get(pair, frozenset()) for pair in wider if pair != (one, other)))


def _ends(found: Iterable[Policy]) -> set[End]:
    """Return every end that some policy names."""
    ends = set()
    for policy in found:
        place = policy["metadata"]["namespace"]
        ends |= {End(place, labels) for labels in _kinds(policy["spec"]["podSelector"])}
        for _, peer, _ in _rules(policy):
            ends |= set(_peers(peer, place))
    return ends


def _peers(peer: Mapping[str, Any], place: str) -> Iterator[End]:
    if block := peer.get("ipBlock"):
        yield End(BLOCKS[block["cidr"]], inside=False)
        return
    for ((key, value),) in _kinds(peer.get("namespaceSelector", {"matchLabels": {NAMESPACE: place}})):
        if key == NAMESPACE:
            yield from (_pods(value, labels) for labels in _kinds(peer.get("podSelector", {})))
        else:
            yield End("namespaces labelled", ((key, value),))


def _pods(place: str, labels: Labels) -> End:
    """Return pods; those of the cluster's name server are drawn as what they are for."""
    return End("DNS", inside=False) if labels == (("k8s-app", "kube-dns"),) else End(place, labels)


def _kinds(selector: Mapping[str, Any]) -> Iterator[Labels]:
    """Yield the labels of each kind of pod that a selector names."""
    if choices := selector.get("matchExpressions"):
        yield from (((choice["key"], value),) for choice in choices for value in choice["values"])
    else:
        yield tuple(selector.get("matchLabels", {}).items())


def _rules(policy: Policy) -> Iterator[tuple[str, Mapping[str, Any], frozenset[str]]]:
    """Yield direction, peer and ports of each line of a policy."""
    for direction, key in (("Egress", "to"), ("Ingress", "from")):
        for rule in policy["spec"].get(direction.lower(), ()):
            ports = frozenset(_port(item) for item in rule.get("ports", ())) or frozenset({"all ports"})
            yield from ((direction, peer, ports) for peer in rule[key])


def _port(item: Mapping[str, Any]) -> str:
    return f"{item['port']}/UDP" if item["protocol"] == "UDP" else str(item["port"])


def _passing(found: Sequence[Policy], one: End, other: End) -> frozenset[str]:
    """Return the ports that both ends open."""
    out, into = _open(found, one, other, "Egress"), _open(found, other, one, "Ingress")
    if out is None or into is None:
        return (out if into is None else into) or frozenset()
    if "all ports" in out | into:
        return into if "all ports" in out else out
    return out & into


def _open(found: Sequence[Policy], mine: End, theirs: End, direction: str) -> frozenset[str] | None:
    """Return the ports that the policies at one end open; None when none is there to say anything."""
    here = [policy for policy in found if direction in policy["spec"]["policyTypes"] and _selects(policy, mine)]
    opened = [
        ports
        for policy in here
        for way, peer, ports in _rules(policy)
        if way == direction and any(_covers(end, theirs) for end in _peers(peer, policy["metadata"]["namespace"]))
    ]
    return frozenset().union(*opened) if here else None


def _selects(policy: Policy, end: End) -> bool:
    return any(_covers(End(policy["metadata"]["namespace"], labels), end) for labels in _kinds(policy["spec"]["podSelector"]))


def _covers(wide: End, narrow: End) -> bool:
    return (wide.place, wide.inside) == (narrow.place, narrow.inside) and {*wide.labels} <= {*narrow.labels}


def _port_order(port: str) -> tuple[int, str]:
    number = port.partition("/")[0]
    return (int(number) if number.isdigit() else 0, port)


def draw(rows: Sequence[Flow]) -> str:
    """Return the picture."""
    places = _order({place for row in rows for place in (row.source, row.target)})
    at = {place: SIDE + COLUMN * number for number, place in enumerate(places)}
    ordered = sorted(rows, key=lambda row: (places.index(row.source), places.index(row.target), row))
    width, height = 2 * SIDE + COLUMN * (len(places) - 1), TOP + ROW * len(ordered) + 20
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        "<title>What the network policies let through</title>",
        '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#24507a"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for place in places:
        lines += _lane(place, at[place], height)
    for number, row in enumerate(ordered):
        lines += _arrow(row, at, TOP + ROW * number)
    return "\n".join([*lines, "</svg>", ""])


def _order(places: set[str]) -> list[str]:
    middle = sorted(places - {*FIRST, *LAST})
    return [place for place in (*FIRST, *middle, *LAST) if place in places]


def _lane(place: str, x: int, height: int) -> list[str]:
    inside = place not in {*BLOCKS.values(), "namespaces labelled"}
    colour = "#dbe8f4" if inside else "#eeeeee"
    return [
        f'<line x1="{x}" y1="44" x2="{x}" y2="{height - 8}" stroke="#c4ccd4"/>',
        f'<rect x="{x - 63}" y="14" width="126" height="28" rx="4" fill="{colour}" stroke="#8a97a5"/>',
        f'<text x="{x}" y="32" text-anchor="middle" font-weight="bold">{escape(place)}</text>',
    ]


def _arrow(row: Flow, at: Mapping[str, int], y: int) -> list[str]:
    start, end = at[row.source], at[row.target]
    words = f"{_names(row.sources)} → {_names(row.targets)}".strip(" →") + f": {' '.join(row.ports)}"
    half, middle = 3 * len(words), (start + end) // 2
    if start == end:
        path = f"M{start} {y + 2}h14v12h-11"
        middle = start + 20 + half if start < max(at.values()) * 2 // 3 else start - 6 - half
    else:
        path = f"M{start} {y + 14}H{end - 2 if end > start else end + 2}"
    where = min(max(middle, half + 4), max(at.values()) + SIDE - half - 4)
    text = f'<text x="{where}" y="{y + 9}" text-anchor="middle" stroke="#ffffff" stroke-width="3" paint-order="stroke">'
    return [
        f'<path d="{path}" fill="none" stroke="#24507a" marker-end="url(#end)"/>',
        f"{text}{escape(words)}</text>",
    ]


def _names(names: Sequence[str]) -> str:
    return ", ".join(name for name in names if name)


def main(words: Sequence[str]) -> int:
    """Draw, or check; return the exit code."""
    return settle({PICTURE: draw(flows(policies()))}, "python -m tools.network_diagram", check="--check" in words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
