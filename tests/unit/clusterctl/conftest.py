from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clusterctl.console import Console
from infra.plans.summary import AttributeChange, Change, PlanSummary, StagePlan
from steps.common.ledger import Ledger, Ledgers, RunRecord, StageRecord, open_store


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh HERA_HOME, no colours, no remembered state."""
    folder = tmp_path / "hera"
    monkeypatch.setenv("HERA_HOME", str(folder))
    for name in ("HERA_STATE", "HERA_SIMULATOR_HOME", "NO_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    return folder


class Shell:
    """Runs commands in this process and keeps what they said."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        from clusterctl.main import main

        code = main(list(words))
        self.out, self.err = self._capture.readouterr()
        return code


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


@pytest.fixture
def console() -> Console:
    """A console that writes into strings."""
    return Console(stdout=io.StringIO(), stderr=io.StringIO(), color=False)


@pytest.fixture
def make_ledger() -> Callable[..., Ledger]:
    def make(name: str = "shop", **changes: Any) -> Ledger:
        outputs = {"endpoint": "https://10.0.0.1", "kubernetes_version": "1.34", "ca_certificate": "c2VjcmV0"}
        values: dict[str, Any] = {
            "cloud": "aws",
            "region": "eu-west-1",
            "environment": "prod",
            "simulated": True,
            "phase": "ready",
            "spec": {
                "metadata": {"name": name},
                "spec": {
                    "kubernetes": {"version": "1.34", "endpoint": {"public": False}},
                    "nodePools": [{"name": "general", "machineType": "m7i.large", "min": 3, "max": 9, "spot": False}],
                },
            },
            "stages": {
                "network": StageRecord("applied", 3, outputs={"network_id": "vpc-1"}, changed_at="2026-11-24T10:00:00Z"),
                "cluster": StageRecord("applied", 5, outputs=outputs, changed_at="2026-11-24T10:09:00Z"),
            },
            "run": RunRecord("create-1", "create", "succeeded", "ada", "2026-11-24T09:59:00Z", "2026-11-24T10:09:00Z"),
        }
        return Ledger(name, **(values | changes))

    return make


@pytest.fixture
def keep(home: Path) -> Callable[[Ledger], Ledgers]:
    """Write a ledger where simulations are kept."""

    def write(ledger: Ledger) -> Ledgers:
        from clusterctl.home import simulated_state

        ledgers = Ledgers(open_store(simulated_state()))
        ledgers.update(ledger.name, lambda _: ledger)
        return ledgers

    return write


@pytest.fixture
def plan() -> PlanSummary:
    """A small plan with a replacement, a security-relevant update and equal creations."""
    subnets = tuple(Change(f'module.network.aws_subnet.private["{zone}"]', "aws_subnet", "create") for zone in "abcde")
    pool = Change(
        'module.cluster.aws_eks_node_group.pool["general"]',
        "aws_eks_node_group",
        "replace",
        (AttributeChange("instance_types", '["m6i.large"]', '["m7i.large"]', True),),
    )
    api = Change(
        "module.cluster.aws_eks_cluster.this",
        "aws_eks_cluster",
        "update",
        (AttributeChange("version", "1.33", "1.34"), AttributeChange("platform_version", "eks.9", "(known after apply)")),
        ("the API becomes public",),
    )
    stages = (StagePlan("network", subnets), StagePlan("cluster", (api, pool)))
    return PlanSummary("shop", "aws", "eu-west-1", True, "2026-11-24T22:01:00Z", stages)
