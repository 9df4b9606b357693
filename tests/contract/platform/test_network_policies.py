"""Every pair of our pods, and the outside, at every port: what the table names passes, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import overlays, reachability
from tests.support.overlays import ENVIRONMENTS
from tests.support.traffic import End, Evaluator, Port


def policies(environment: str, *components: str) -> list[dict[str, Any]]:
    return [obj for obj in overlays.built(environment, components) if obj["kind"] == "NetworkPolicy"]


def passing(evaluator: Evaluator) -> set[tuple[str, str, str]]:
    asked = reachability.questions()
    return {(one.name, other.name, str(port)) for one, other, port in asked if evaluator.allows(one, other, port)}


def test_what_passes_is_what_the_table_names() -> None:
    found, wanted = passing(Evaluator(policies("prod"))), reachability.allowed()
    assert {"too much": sorted(found - wanted), "too little": sorted(wanted - found)} == {"too much": [], "too little": []}


def test_the_table_is_large_enough_to_mean_something() -> None:
    assert len(list(reachability.questions())) > 40_000
    assert 500 < len(reachability.allowed()) < 3_000


def test_node_metadata_is_for_pods_with_an_identity_only() -> None:
    before, after = (passing(Evaluator(policies("dev", *names))) for names in ((), ("node-metadata",)))
    names = {"backup", "restore", "secrets-operator", "tempo", "fluent-bit"}
    assert after - before == {(name, "metadata", port) for name in names for port in ("80", "988")}


def test_public_api_server_opens_no_more_than_its_ports() -> None:
    before, after = (passing(Evaluator(policies("dev", *names))) for names in ((), ("public-api-server",)))
    assert {(target, port) for _, target, port in after - before} == {("world", "443"), ("world", "6443")}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_policy_says_why(environment: str) -> None:
    assert [
        obj["metadata"]["name"] for obj in policies(environment) if len(obj["metadata"]["annotations"]["hera.dev/reason"]) < 10
    ] == []


def test_every_namespace_of_ours_denies_by_default() -> None:
    denied = {
        obj["metadata"]["namespace"]
        for obj in policies("prod")
        if obj["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    }
    assert denied == {obj["metadata"]["name"] for obj in overlays.built("prod") if obj["kind"] == "Namespace"}


@pytest.mark.parametrize("left_out", ["default-deny", "allow-dns", "allow-redis-clients", "allow-scrape"])
def test_a_policy_that_is_missing_is_noticed(left_out: str) -> None:
    fewer = [obj for obj in policies("prod") if obj["metadata"]["name"] != left_out]
    assert passing(Evaluator(fewer)) != reachability.allowed()


def test_the_evaluator_refuses_what_it_does_not_know() -> None:
    policy = {
        "metadata": {"namespace": "a"},
        "spec": {
            "podSelector": {"matchExpressions": [{"key": "x", "operator": "NotIn", "values": []}]},
            "policyTypes": ["Ingress"],
        },
    }
    pod = End("pod", "10.0.0.1", "a")
    with pytest.raises(AssertionError, match="does not know"):
        Evaluator([policy]).allows(pod, pod, Port(1))
