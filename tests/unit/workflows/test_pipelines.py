"""The pipelines as they are rendered, with steps that do as the test says."""

import json
import tomllib
from pathlib import Path

import pytest

from infra.errors import ApprovalRejected
from workflows import catalogue, images, render
from workflows.local.engine import Phase

from .conftest import FakeSteps, Watcher

WHOLE = [
    "lifecycle-admit", "network-plan", "network-apply", "cluster-plan", "cluster-apply", "platform-plan", "lifecycle-record",
    "platform-apply", "platform-verify", "lifecycle-record",
]  # fmt: skip
STAGES = ("network", "cluster", "platform")
PODS = ["plan-network", "apply-network", "apply-cluster", "apply-platform"]
YES = {"approved": "yes", "approved-by": "ann"}
APPROVALS = ("network-approve", "cluster-approve", "platform-approve")
NO = {"approved": "no", "approved-by": "bob"}


def test_the_committed_files_are_what_is_rendered() -> None:
    assert render.difference() == ""


def test_a_difference_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    render.write(tmp_path)
    assert render.difference(tmp_path) == ""
    (tmp_path / "drift.yaml").write_text("old: 1\n")
    (tmp_path / "gone.yaml").write_text("")
    assert "-old: 1" in render.difference(tmp_path)
    render.write(tmp_path)
    assert render.difference(tmp_path) == "" and not (tmp_path / "gone.yaml").exists()
    assert render.main(["--check"]) == 0 and capsys.readouterr().out == ""


def test_the_image_has_the_distribution_s_version() -> None:
    project = tomllib.loads((Path(render.__file__).parents[1] / "pyproject.toml").read_text())
    assert project["project"]["version"] == images.VERSION


def test_the_catalogue_is_what_is_rendered() -> None:
    files = {name.removesuffix(".yaml") for name in render.rendered()} - {"drift", "kustomization"}
    assert set(catalogue.names()) == files


def test_create_runs_the_stages_in_order(steps: FakeSteps) -> None:
    result = steps.run("create-cluster", approval="never")
    assert result.phase is Phase.SUCCEEDED
    assert steps.names == WHOLE
    assert steps.watcher.asked == []
    assert "network-apply run=r digest=digest-of-network-plan by= status=" in steps.calls
    assert [node.node for node in result.nodes if node.kind == "Pod"] == PODS
    assert steps.calls[-1].endswith("status=Succeeded")
    assert result.outputs == {f"{stage}-changes": "safe" for stage in STAGES}


def test_a_platform_without_changes_needs_no_pod(steps: FakeSteps) -> None:
    steps.does("platform-plan", "out changes none")
    result = steps.run("create-cluster", approval="never")
    assert result.phase is Phase.SUCCEEDED
    assert steps.names == WHOLE[:7]
    assert [node.node for node in result.nodes if node.kind == "Pod" and node.phase is Phase.SUCCEEDED] == PODS[:3]


def test_create_asks_and_hands_on_who_said_yes(steps: FakeSteps) -> None:
    steps.watcher.answers = dict.fromkeys(APPROVALS, YES)
    result = steps.run("create-cluster")
    assert result.phase is Phase.SUCCEEDED
    node, template, parameters = steps.watcher.asked[0]
    assert (node, template, parameters["stage"]) == ("network-approve", "approve", "network")
    assert (parameters["plan-digest"], parameters["summary"]) == ("digest-of-network-plan", "the summary")
    assert "cluster-apply run=r digest=digest-of-cluster-plan by=ann status=Succeeded" in steps.calls


def test_a_no_ends_the_run_as_failed_with_a_reason(steps: FakeSteps) -> None:
    steps.watcher.answers = {"network-approve": YES, "cluster-approve": NO}
    result = steps.run("create-cluster")
    assert result.phase is Phase.FAILED
    assert steps.names == [*WHOLE[:4], "lifecycle-record"]
    failed = result.failed()
    assert failed and failed.node == "cluster-rejected" and failed.exit_code == ApprovalRejected.exit_code
    error = json.loads(failed.outputs["error"])
    assert error["code"] == ApprovalRejected.code and error["message"] == "the plan of stage cluster was rejected by bob"
    printed = [json.loads(text) for node, text in steps.watcher.lines if node == "cluster-rejected"]
    assert printed[0]["event"] == "error" and printed[0]["code"] == ApprovalRejected.code
    apply = result.node("apply-cluster")
    assert apply and apply.phase is Phase.OMITTED


@pytest.mark.parametrize("answer", ["", "Yes", "null", "maybe"])
def test_what_is_not_a_yes_is_a_no(answer: str, steps: FakeSteps) -> None:
    steps.watcher.answers = {"network-approve": {"approved": answer, "approved-by": "ann"}}
    assert steps.run("create-cluster").phase is Phase.FAILED
    assert steps.names == [*WHOLE[:2], "lifecycle-record"]


def test_nobody_there_to_answer_suspends_the_run_and_records_it(steps: FakeSteps) -> None:
    result = steps.run("create-cluster")
    assert result.phase is Phase.SUSPENDED
    assert steps.names == [*WHOLE[:2], "lifecycle-record"]
    assert steps.calls[-1].endswith("status=Suspended")
    waits = result.node("network-approve")
    assert waits and waits.phase is Phase.SUSPENDED and result.failed() is None


@pytest.mark.parametrize(
    ("policy", "changes", "asked"),
    [
        ("always", "none", 0), ("always", "safe", 3), ("always", "destructive", 3),
        ("destructive", "none", 0), ("destructive", "safe", 0), ("destructive", "destructive", 3),
        ("never", "none", 0), ("never", "safe", 0), ("never", "destructive", 0),
    ],
)  # fmt: skip
def test_who_is_asked_when(policy: str, changes: str, asked: int, steps: FakeSteps) -> None:
    steps.watcher.answers = dict.fromkeys(APPROVALS, YES)
    for stage in STAGES:
        steps.does(f"{stage}-plan", f"out changes {changes}")
    result = steps.run("create-cluster", approval=policy)
    assert result.phase is Phase.SUCCEEDED
    assert len(steps.watcher.asked) == asked
    applied = [name for name in steps.names if name.endswith("-apply")]
    assert applied == ([] if changes == "none" else [f"{stage}-apply" for stage in STAGES])


def test_a_failure_that_passes_is_tried_again_and_another_is_not(steps: FakeSteps) -> None:
    steps.does("network-plan", 'test -f "$STEPS/seen" || { touch "$STEPS/seen"; exit 81; }')
    steps.does("network-apply", "out error '{}'; exit 83")
    result = steps.run("create-cluster", approval="never")
    assert result.phase is Phase.FAILED
    plan, apply = result.node("plan-network"), result.node("apply-network")
    assert plan and (plan.phase, plan.attempt) == (Phase.SUCCEEDED, 2)
    assert apply and (apply.phase, apply.attempt, apply.exit_code) == (Phase.FAILED, 1, 83)
    assert apply.outputs["error"] == "{}"
    assert steps.calls[-1].endswith("status=Failed") and "cluster-plan" not in steps.names


def test_delete_goes_in_reverse_and_stops_at_a_failure(steps: FakeSteps) -> None:
    order = [
        "lifecycle-admit", "lifecycle-drain", "platform-destroy", "cluster-destroy", "network-destroy", "lifecycle-prove",
        "lifecycle-record",
    ]  # fmt: skip
    assert steps.run("delete-cluster", unprotect="true").phase is Phase.SUCCEEDED
    assert steps.names == order
    (steps.folder / "calls").unlink()
    steps.does("cluster-destroy", "exit 86")
    assert steps.run("delete-cluster").phase is Phase.FAILED
    assert steps.names == [*order[:4], order[-1]]


def test_drift_is_an_output_of_the_workflow(steps: FakeSteps) -> None:
    steps.does("network-drift", "out drift true")
    result = steps.run("drift-cluster")
    assert (result.outputs["network-drift"], result.outputs["cluster-drift"]) == ("true", "false")


def test_plan_is_one_step(steps: FakeSteps, watcher: Watcher) -> None:
    result = steps.run("plan-cluster")
    assert [node.node for node in result.nodes] == ["plan"]
    assert result.outputs == {"changes": "safe", "summary": "the summary"}
