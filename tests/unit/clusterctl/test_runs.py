"""Verbs that run a pipeline, on a fake engine: what they ask it, and what they make of how it ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clusterctl import pipelines, specs
from clusterctl.console import Console
from infra.errors import HeraError, by_code
from infra.plans.summary import Change, PlanSummary, StagePlan
from steps.common.ledger import Ledger, Ledgers, RunRecord
from workflows.local.api import NodeEvent, Phase, Result

from .conftest import Shell


@dataclass
class FakeEngine:
    """Answers instead of the engine: leaves plans, asks for approvals, fails as told."""

    folder: Path
    plans: dict[str, PlanSummary] = field(default_factory=dict)
    drift: list[PlanSummary] = field(default_factory=list)
    error: HeraError | None = None
    asks: str = ""
    phase: Phase = Phase.SUCCEEDED
    calls: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    environments: list[Mapping[str, str]] = field(default_factory=list)

    def __call__(
        self, template: str, parameters: Mapping[str, str], *, root: Path, observer: Any, approver: Any, **rest: Any
    ) -> Result:
        self.calls.append((template, parameters))
        self.environments.append(rest["environment"])
        assert root.is_dir()
        nodes = [self._work(template, observer)]
        if self.asks and template == "create-cluster":
            self.answers.append(approver.approve("network-approve", "approve", {"stage": "network"}))
            if self.answers[-1] is None:
                return Result("run", Phase.SUSPENDED, tuple(nodes), {}, "", self.folder)
        if self.error is not None:
            nodes.append(self._fail(observer))
        phase = Phase.FAILED if self.error else self.phase
        return Result("run", phase, tuple(nodes), {}, "", self.folder)

    def _work(self, template: str, observer: Any) -> NodeEvent:
        folder = self.folder / template
        (folder / "artifacts").mkdir(parents=True, exist_ok=True)
        if template in self.plans:
            (folder / "artifacts" / "plan.json").write_text(json.dumps(self.plans[template].to_dict()))
        if template == "drift-cluster":
            for number, report in enumerate(self.drift):
                self._drift(report, number, observer)
        return self._node("work", Phase.SUCCEEDED, folder, observer)

    def _drift(self, report: PlanSummary, number: int, observer: Any) -> None:
        folder = self.folder / f"drift-{number}"
        (folder / "artifacts").mkdir(parents=True, exist_ok=True)
        (folder / "artifacts" / "drift.json").write_text(json.dumps(report.to_dict()))
        self._node(f"drift-{number}", Phase.SUCCEEDED, folder, observer)

    def _fail(self, observer: Any) -> NodeEvent:
        assert self.error is not None
        folder = self.folder / "failed"
        (folder / "outputs").mkdir(parents=True, exist_ok=True)
        (folder / "outputs" / "error").write_text(json.dumps(self.error.to_dict()))
        return self._node("network-apply", Phase.FAILED, folder, observer)

    @staticmethod
    def _node(name: str, phase: Phase, folder: Path, observer: Any) -> NodeEvent:
        observer.line(name, json.dumps({"event": "terraform", "seconds": 1.0}))
        event = NodeEvent(name, name, phase, "", 2.0, 1, {}, {}, folder)
        observer.node(event)
        return event


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine(tmp_path / "run")
    monkeypatch.setattr(pipelines, "engine_run", lambda: fake)
    return fake


@dataclass
class Named:
    name: str
    spec: Any


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A spec file that is valid without any cloud's facts."""
    path = tmp_path / "shop.yaml"
    path.write_text("kind: Cluster\n")
    cluster = Named("shop", Named("", None))
    cluster.spec.cloud = "aws"
    monkeypatch.setattr(specs, "read", lambda name: specs.SpecFile(name, path.read_text(), cluster))  # type: ignore[arg-type]
    return str(path)


@pytest.fixture
def empty(plan: PlanSummary) -> PlanSummary:
    return PlanSummary("shop", "aws", "eu-west-1", True, plan.created, ())


def test_plan_exits_2_with_changes_and_writes_a_page(
    shell: Shell, engine: FakeEngine, spec: str, plan: PlanSummary, home: Path
) -> None:
    engine.plans["plan-cluster"] = plan
    assert shell("plan", "cluster", "-f", spec, "--simulate") == 2
    assert "1 to replace, 5 to create, 1 to update" in shell.out and "(simulated)" in shell.out
    assert (home / "reports" / "shop-plan.html").read_text().startswith("<!doctype html>")
    assert f"clusterctl create cluster -f {spec} --simulate" in shell.err
    (template, parameters), *_ = engine.calls
    assert template == "plan-cluster"
    assert parameters["simulate"] == "true" and parameters["state"] == (home / "simulation").as_uri()
    assert set(parameters) == {"cluster", "spec", "simulate", "state", "actor"}


def test_plan_exits_0_without_changes(shell: Shell, engine: FakeEngine, spec: str, empty: PlanSummary) -> None:
    engine.plans["plan-cluster"] = empty
    assert shell("plan", "cluster", "-f", spec, "--simulate") == 0
    assert "no changes" in shell.out


def test_plan_as_json_is_the_plan(shell: Shell, engine: FakeEngine, spec: str, plan: PlanSummary, tmp_path: Path) -> None:
    engine.plans["plan-cluster"] = plan
    page = tmp_path / "page.html"
    assert shell("plan", "cluster", "-f", spec, "--simulate", "-o", "json", "--html", str(page)) == 2
    assert json.loads(shell.out) == json.loads(json.dumps(plan.to_dict()))
    assert page.is_file()


def test_a_stopped_plan_is_planned_again(shell: Shell, engine: FakeEngine, spec: str) -> None:
    engine.error = by_code()["INTERRUPTED"]("stopped")
    assert shell("plan", "cluster", "-f", spec, "--simulate") == 82
    assert f"clusterctl plan cluster -f {spec} --simulate" in shell.err and "resume" not in shell.err


def test_refresh_reaches_the_steps(shell: Shell, engine: FakeEngine, spec: str, made: Ledgers) -> None:
    shell("create", "cluster", "-f", spec, "--simulate", "--yes")
    assert "HERA_FRESH_SECONDS" not in engine.environments[-1]
    shell("create", "cluster", "-f", spec, "--simulate", "--yes", "--refresh")
    assert engine.environments[-1]["HERA_FRESH_SECONDS"] == "0"


def test_real_cloud_needs_a_place(shell: Shell, engine: FakeEngine, spec: str) -> None:
    assert shell("plan", "cluster", "-f", spec) == 64
    assert "clusterctl init" in shell.err and engine.calls == []


def test_create_without_terminal_waits_for_approval(shell: Shell, engine: FakeEngine, spec: str, plan: PlanSummary) -> None:
    engine.plans["plan-cluster"] = plan
    assert shell("create", "cluster", "-f", spec, "--simulate") == 80
    assert f"clusterctl create cluster -f {spec} --simulate --yes" in shell.err
    assert "Destroyed or replaced" in shell.err
    assert [template for template, _ in engine.calls] == ["plan-cluster"]


def test_create_with_yes(
    shell: Shell, engine: FakeEngine, spec: str, keep: Callable[[Ledger], Ledgers], make_ledger: Callable[..., Ledger]
) -> None:
    keep(make_ledger())
    engine.asks = "network"
    assert shell("create", "cluster", "-f", spec, "--simulate", "--yes") == 0
    assert [template for template, _ in engine.calls] == ["create-cluster"]
    assert engine.answers[0]["approved"] == "yes"
    assert "shop is ready" in shell.out and "https://10.0.0.1" in shell.out and "simulated" in shell.out
    assert "clusterctl delete cluster shop" in shell.out and "terraform 1.0s" in shell.out


def test_create_as_json(
    shell: Shell, engine: FakeEngine, spec: str, keep: Callable[[Ledger], Ledgers], make_ledger: Callable[..., Ledger]
) -> None:
    keep(make_ledger())
    assert shell("create", "cluster", "-f", spec, "--simulate", "--yes", "-o", "json") == 0
    data = json.loads(shell.out)
    assert (data["kind"], data["phase"], data["simulated"]) == ("ClusterStatus", "ready", True)
    assert data["timing"]["terraformSeconds"] == 1.0


def typed(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let somebody sit at the terminal and type."""
    waiting, asked = list(answers), []
    monkeypatch.setattr(Console, "interactive", property(lambda self: True))

    def ask(self: Console, question: str) -> str:
        asked.append(question)
        return waiting.pop(0)

    monkeypatch.setattr(Console, "ask", ask)
    return asked


@pytest.fixture
def made(keep: Callable[[Ledger], Ledgers], make_ledger: Callable[..., Ledger]) -> Ledgers:
    return keep(make_ledger())


def test_what_was_approved_as_a_whole_is_not_asked_again(
    shell: Shell, engine: FakeEngine, spec: str, plan: PlanSummary, made: Ledgers, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = typed(monkeypatch, "yes")
    part = PlanSummary("shop", "aws", "eu-west-1", True, "", plan.stages[:1])
    engine.plans, engine.asks = {"plan-cluster": plan, "create-cluster": part}, "network"
    assert shell("create", "cluster", "-f", spec, "--simulate") == 0
    assert len(asked) == 1 and "destroys or replaces" in asked[0]
    assert engine.answers[0]["approved"] == "yes" and engine.answers[0]["approved-by"]


def test_more_than_was_approved_is_asked_again(
    shell: Shell, engine: FakeEngine, spec: str, plan: PlanSummary, made: Ledgers, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = typed(monkeypatch, "yes", "no")
    first = PlanSummary("shop", "aws", "eu-west-1", True, "", plan.stages[:1])
    engine.plans, engine.asks = {"plan-cluster": first, "create-cluster": plan}, "network"
    shell("create", "cluster", "-f", spec, "--simulate")
    assert len(asked) == 2 and "more than the plan you approved" in shell.err
    assert engine.answers[0]["approved"] == "no"


def test_a_plan_of_another_digest_is_not_what_was_approved(
    shell: Shell, engine: FakeEngine, spec: str, plan: PlanSummary, made: Ledgers, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = typed(monkeypatch, "yes", "no")
    other = PlanSummary("shop", "aws", "eu-west-1", True, "", (StagePlan("network", plan.stages[0].changes, digest="abc"),))
    engine.plans, engine.asks = {"plan-cluster": plan, "create-cluster": other}, "network"
    shell("create", "cluster", "-f", spec, "--simulate")
    assert len(asked) == 2 and engine.answers[0]["approved"] == "no"


def test_nothing_to_do_needs_no_approval(shell: Shell, engine: FakeEngine, spec: str, empty: PlanSummary, made: Ledgers) -> None:
    engine.plans, engine.asks = {"plan-cluster": empty, "create-cluster": PlanSummary("shop", "", "", True, "", NONE)}, "network"
    assert shell("create", "cluster", "-f", spec, "--simulate") == 0
    assert engine.answers[0]["approved"] == "yes"


NONE = (StagePlan("network", ()),)
"""A stage whose outputs may change, and nothing else."""


@pytest.mark.parametrize("answer", ["no", "", "y", "yess"])
def test_anything_but_yes_is_a_no(
    shell: Shell, engine: FakeEngine, spec: str, plan: PlanSummary, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    typed(monkeypatch, answer)
    engine.plans["plan-cluster"] = plan
    assert shell("create", "cluster", "-f", spec, "--simulate") == 85
    assert "nothing was changed" in shell.err and len(engine.calls) == 1


@pytest.mark.parametrize("code", ["QUOTA_EXCEEDED", "STATE_LOCKED", "INTERRUPTED", "THROTTLED", "PLAN_STALE"])
def test_a_failed_step_is_the_commands_error(shell: Shell, engine: FakeEngine, spec: str, code: str) -> None:
    engine.error = by_code()[code]("as the step said", detail="cloud text")
    assert shell("create", "cluster", "-f", spec, "--simulate", "--yes") == engine.error.exit_code
    assert f"Error {code}: as the step said" in shell.err and "cloud text" in shell.err
    assert "clusterctl" in shell.err.split("Next:")[1] and "NAME" not in shell.err


def test_resume_builds_with_the_ledgers_spec(shell: Shell, engine: FakeEngine, made: Ledgers) -> None:
    assert shell("resume", "cluster", "shop") == 0
    (template, parameters), *_ = engine.calls
    assert template == "create-cluster" and parameters["spec"] == "" and parameters["approval"] == "destructive"
    assert parameters["simulate"] == "true" and "on the simulator" in shell.err


@pytest.mark.parametrize("phase", ["deleting", "failed", "deleted"])
@pytest.mark.parametrize("looked", [False, True], ids=["at-once", "after-a-look-at-drift"])
def test_resume_of_a_delete_deletes(
    shell: Shell,
    engine: FakeEngine,
    keep: Callable[[Ledger], Ledgers],
    make_ledger: Callable[..., Ledger],
    phase: str,
    looked: bool,
) -> None:
    delete, drift = (RunRecord(f"{word}-1", word, "failed", "ada", "2026-11-24T11:00:00Z") for word in ("delete", "drift"))
    keep(make_ledger(phase=phase, run=drift if looked else delete, history=(delete,) if looked else ()))
    assert shell("resume", "cluster", "shop") == 0
    assert engine.calls[0][0] == "delete-cluster"


def test_resume_that_would_destroy_waits(shell: Shell, engine: FakeEngine, made: Ledgers, plan: PlanSummary) -> None:
    engine.plans["create-cluster"] = plan
    engine.asks = "cluster"
    assert shell("resume", "cluster", "shop") == 80
    assert "clusterctl resume cluster shop" in shell.err


def test_resume_finishes_what_was_left_half_made(shell: Shell, engine: FakeEngine, made: Ledgers) -> None:
    tainted = Change("aws_subnet.a", "aws_subnet", "replace", reason="replace_because_tainted")
    engine.plans["create-cluster"] = PlanSummary("shop", "aws", "eu-west-1", True, "", (StagePlan("network", (tainted,)),))
    engine.asks = "network"
    assert shell("resume", "cluster", "shop") == 0
    assert engine.answers[0]["approved"] == "yes"


def test_delete_asks_for_the_name(shell: Shell, engine: FakeEngine, made: Ledgers, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "shoq")
    assert shell("delete", "cluster", "shop") == 85 and engine.calls == []
    typed(monkeypatch, "shop")
    assert shell("delete", "cluster", "shop", "--unprotect") == 0
    assert engine.calls[0][1]["unprotect"] == "true"
    assert "nothing with its tag is left (simulated)" in shell.out


def test_delete_without_terminal(shell: Shell, engine: FakeEngine, made: Ledgers) -> None:
    assert shell("delete", "cluster", "shop") == 80
    assert "clusterctl delete cluster shop --yes" in shell.err and engine.calls == []


def test_delete_of_what_the_ledger_does_not_know(shell: Shell, engine: FakeEngine, spec: str) -> None:
    assert shell("delete", "cluster", "shop", "--yes") == 66
    assert "-f FILE" in shell.err
    assert shell("delete", "cluster", "shop", "--yes", "-f", spec, "--simulate") == 0
    assert engine.calls[0][1]["spec"] == "kind: Cluster\n"
    assert shell("delete", "cluster", "other", "--yes", "-f", spec, "--simulate") == 64


def test_drift(shell: Shell, engine: FakeEngine, made: Ledgers, plan: PlanSummary, empty: PlanSummary) -> None:
    engine.drift = [empty]
    assert shell("drift", "cluster", "shop") == 0
    assert "no drift (simulated)" in shell.out
    engine.drift = [empty, plan]
    assert shell("drift", "cluster", "shop", "-o", "json") == 2
    data = json.loads(shell.out)
    assert data["kind"] == "DriftReport" and data["drifted"] is True and data["simulated"] is True
