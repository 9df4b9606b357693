"""A chain of steps in one process: order, the first failure, names in events, outputs apart, what a second try leaves out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.errors import ApprovalRejected, QuotaExceeded
from steps.chain import run as chain_run
from steps.common import stage
from steps.common.context import Context
from steps.common.ledger import Ledger, Lock, StageRecord
from steps.contract import Step, chain
from steps.network import contract as network
from steps.network import run as network_run

DIGEST = "d" * 64


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {
        "HERA_ROOT": str(tmp_path / "root"),
        "HERA_STATE": (tmp_path / "state").as_uri(),
        "HERA_CLUSTER": "shop",
        "HERA_SIMULATE": "true",
        "HERA_ACTOR": "ann",
        "HERA_RUN": "run-1",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Give the network's steps other work: say who they are, fail when told so."""
    done: list[str] = []

    def work(context: Context) -> None:
        done.append("drift")
        context.output("drift", "true")
        context.output("summary", "one thing")

    def fail(context: Context) -> None:
        raise QuotaExceeded("no room")

    monkeypatch.setitem(network_run.ACTIONS, "drift", (network.DRIFT, work))
    monkeypatch.setitem(network_run.ACTIONS, "status", (network.STATUS, fail))
    yield done


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_contract_of_a_chain_is_what_its_links_need() -> None:
    first = Step("steps.a", "plan", parameters=("x", "y"), outputs=("changes",), minutes=5)
    second = Step("steps.b", "look", parameters=("y", "z"), outputs=("changes",), artifacts=("p.json",), retry=True, minutes=7)
    whole = chain(first, (second, "b"))
    assert whole.command == ["python", "-m", "steps.chain", "a.plan", "b.look:b"]
    assert (whole.parameters, whole.outputs, whole.artifacts) == (("x", "y", "z"), ("changes", "b-changes"), ("b-p.json",))
    assert (whole.minutes, whole.retry) == (12, True)


def test_links_run_in_order_with_outputs_of_their_own(
    folder: Path, actions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert chain_run.main(["network.drift:network", "network.drift"]) == 0
    assert actions == ["drift", "drift"]
    outputs = folder / "root" / "outputs"
    assert sorted(path.name for path in outputs.iterdir()) == ["drift", "network-drift", "network-summary", "report", "summary"]
    said = [(event["step"], event["state"]) for event in events(capsys)]
    assert said == [("network-drift", "running"), ("network-drift", "succeeded")] * 2


def test_the_first_failure_ends_the_chain(folder: Path, actions: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert chain_run.main(["network.drift", "network.status", "network.drift"]) == QuotaExceeded.exit_code
    assert actions == ["drift"]
    assert json.loads((folder / "root" / "outputs" / "error").read_text())["code"] == "QUOTA_EXCEEDED"
    last = events(capsys)[-2:]
    assert [(event["event"], event["step"]) for event in last] == [("error", "network-status"), ("link", "network-status")]


def test_a_report_is_left_for_those_who_count(folder: Path, actions: list[str]) -> None:
    chain_run.main(["network.drift", "network.status"])
    report = json.loads((folder / "root" / "outputs" / "report").read_text())
    assert {key: value for key, value in report.items() if not key.endswith(".seconds")} == {
        "network.drift.outcome": "succeeded",
        "network.status.outcome": "failed",
        "failed.stage": "network",
        "failed.action": "status",
        "code": "QUOTA_EXCEEDED",
    }
    assert 0 <= float(report["network.drift.seconds"]) < 10


@pytest.mark.parametrize("link", ["nowhere.plan", "network.nothing", "network"])
def test_an_unknown_link_is_refused(folder: Path, link: str) -> None:
    assert chain_run.main([link]) == 64


def admitted(folder: Path, record: StageRecord) -> Context:
    """Return the context of an apply in a run that holds the cluster."""
    names = ("cluster", "state", "simulate", "actor", "run", *network.APPLY.parameters)
    context = Context.read(names)
    context.ledgers.acquire("shop", Lock("run-1", "ann", "here", 1, "1", "now"), lambda lock: False)
    context.ledgers.update("shop", lambda old: Ledger("shop", stages={"network": record}))
    return context


@pytest.mark.parametrize(
    ("changes", "record", "said"),
    [
        ("none", StageRecord(), "nothing to do"),
        ("safe", StageRecord("applied", plan_digest=DIGEST, begun=DIGEST, run="run-1"), "applied already"),
    ],
    ids=["no-changes", "done-before"],
)
def test_an_apply_that_has_nothing_to_do_answers_at_once(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: str,
    record: StageRecord,
    said: str,
) -> None:
    monkeypatch.setenv("HERA_CHANGES", changes)
    monkeypatch.setenv("HERA_PLAN_DIGEST", DIGEST)
    stage.apply(admitted(folder, record), "network")
    assert said in str(events(capsys)[-1]["message"])


def test_whoever_asked_may_not_approve_where_that_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CHANGES": "safe", "PLAN_DIGEST": DIGEST, "APPROVED_BY": "ann", "SELF_APPROVAL": "refused"}.items():
        monkeypatch.setenv(f"HERA_{name}", value)
    with pytest.raises(ApprovalRejected, match="somebody else"):
        stage.apply(admitted(folder, StageRecord()), "network")
