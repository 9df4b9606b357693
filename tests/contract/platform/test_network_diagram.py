"""The picture of the network policies is that of the policies that are there, and shows nothing that the table does not name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import overlays, reachability
from tools import network_diagram
from tools.network_diagram import Flow

CALLED = {
    "api-client": "controller",
    "egress-https": "caller",
    "metrics": "measured",
    "ingress": "ingress",
    "ui-access": "ingress",
}
PLACES = {"private addresses": "api-server", "the world": "world", "DNS": "kube-dns"}


def policies() -> list[network_diagram.Policy]:
    return [obj for obj in overlays.built("prod") if obj["kind"] == "NetworkPolicy"]


def names(place: str, name: str) -> set[str]:
    """Return the ends of the table that a name in the picture stands for."""
    if place in PLACES:
        return {PLACES[place]}
    there = reachability.PODS.get(place, ())
    if name == "any pod":
        return {*there}
    if name == "the cloud's pods":
        return {"cloud-proxy"}
    return {CALLED.get(name) or next(known for known in there if known in (name, f"{place}-{name}"))}


def questions(row: Flow) -> Iterator[tuple[str, str, str]]:
    ports = reachability.EVERY.split() if row.ports == ("all ports",) else row.ports
    for source in row.sources:
        for target in row.targets:
            for one in names(row.source, source):
                yield from ((one, other, port) for other in names(row.target, target) for port in ports)


def test_the_picture_is_that_of_the_policies() -> None:
    assert network_diagram.PICTURE.read_text() == network_diagram.draw(network_diagram.flows(policies()))


def test_every_row_is_in_the_table() -> None:
    rows = network_diagram.flows(policies())
    allowed = reachability.allowed()
    assert [question for row in rows for question in questions(row) if question not in allowed] == []
    assert len({question for row in rows for question in questions(row)}) > 500


@pytest.mark.parametrize(("left_out", "lost"), [("allow-redis-clients", "redis-client"), ("allow-ui", "ui-access")])
def test_what_a_policy_opened_goes_with_it(left_out: str, lost: str) -> None:
    fewer = [policy for policy in policies() if policy["metadata"]["name"] != left_out]
    assert lost in str(network_diagram.flows(policies()))
    gone = {*network_diagram.flows(policies())} - {*network_diagram.flows(fewer)}
    assert lost in str(gone)
