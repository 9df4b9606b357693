"""The translator that holds pods to policies in tests: what it writes, and that it refuses what it does not know."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.enforcement import table
from tests.support.traffic import End

WEB, SHOP = End("web", "10.0.0.1", "apps", {"app": "web"}), End("shop", "10.0.0.2", "apps", {"app": "shop"})


def policy(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "apps"}, "spec": {"podSelector": {"matchLabels": {"app": "web"}}, **spec}}


def chain(text: str, name: str) -> list[str]:
    """Return a chain's lines."""
    return text.split(f"chain {name} {{\n")[1].split("\n}")[0].splitlines()


def test_a_pod_that_no_policy_names_is_left_alone() -> None:
    text = table([policy(policyTypes=["Ingress"])], [WEB, SHOP])
    assert chain(text, "Ingress_0") == ["meta l4proto tcp reject with tcp reset", "reject"]
    assert "Ingress_1" not in text and "Egress" not in text
    assert "ip daddr vmap { 10.0.0.1 : jump Ingress_0 }" in chain(text, "forward")


def test_a_rule_becomes_addresses_and_ports() -> None:
    port = {"port": 53, "protocol": "UDP"}
    peers = [{"podSelector": {"matchLabels": {"app": "shop"}}}, {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]
    text = table([policy(policyTypes=["Egress"], egress=[{"to": peers, "ports": [port]}])], [WEB, SHOP])
    assert chain(text, "Egress_0")[:2] == [
        "ip daddr { 10.0.0.2 } udp dport 53 return",
        "ip daddr 10.0.0.0/8 ip daddr != { 10.1.0.0/16 } udp dport 53 return",
    ]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"ingress": [{"from": [], "ports": [{"port": 1, "protocol": "TCP", "endPort": 2}]}]}, id="a range of ports"),
        pytest.param({"ingress": [{"from": [{"other": {}}]}]}, id="another peer"),
        pytest.param({"more": 1}, id="another field"),
    ],
)
def test_refuses_what_it_does_not_know(spec: dict[str, Any]) -> None:
    spec.get("ingress", [{}])[0].setdefault("from", []).append({"podSelector": {}})
    with pytest.raises(AssertionError, match="does not know"):
        table([policy(policyTypes=["Ingress"], **spec)], [WEB, SHOP])
