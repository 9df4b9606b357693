"""The engine against a Kubernetes API in memory: submitted, followed, asked, lost and found again, left, stopped."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.errors import AuthDenied, Interrupted, NotFound, UsageError
from infra.kube.api import Api
from infra.objects_folder import FolderStore
from tests.doubles.kubernetes_api import USER, FakeKubernetes
from workflows.argo import engine
from workflows.argo.runs import path
from workflows.argo.submit import submit
from workflows.local.api import Phase

from .conftest import NAME, RUN, Controller, Watcher

Options = dict[str, Any]


def beside(*actions: Callable[[], object]) -> threading.Thread:
    """Do things one after the other while the engine watches."""

    def play() -> None:
        for action in actions:
            time.sleep(0.15)
            action()

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    return thread


def test_submit_names_the_pipeline_and_who_asks(fake: FakeKubernetes, api: Api) -> None:
    run = submit(api, "hera", "create-cluster", {"cluster": "shop", "spec": "text", "actor": "somebody else"})
    written = fake.objects[path("hera", run.name)]
    assert run.name.startswith("create-cluster-shop-") and run.cluster == "shop"
    assert written["spec"]["workflowTemplateRef"] == {"name": "create-cluster"}
    assert run.parameters == {"cluster": "shop", "spec": "text", "actor": USER}
    assert written["metadata"]["labels"] == {"hera.dev/pipeline": "create-cluster", "hera.dev/cluster": "shop"}


@pytest.mark.parametrize(
    ("template", "parameters", "error", "said"),
    [
        ("unheard", {"cluster": "a"}, NotFound, "no pipeline 'unheard'"),
        ("create-cluster", {}, UsageError, "needs the parameter 'cluster'"),
        ("create-cluster", {"cluster": "a", "color": "b"}, UsageError, "takes no parameter 'color'"),
    ],
    ids=["no-template", "missing", "unknown"],
)
def test_submit_refuses(
    fake: FakeKubernetes, api: Api, template: str, parameters: dict[str, str], error: type, said: str
) -> None:
    before = len(fake.objects)
    with pytest.raises(error, match=said):
        submit(api, "hera", template, parameters)
    assert len(fake.objects) == before


def test_a_run_is_followed(fake: FakeKubernetes, controller: Controller, watcher: Watcher, options: Options) -> None:
    controller.begin()
    pod = controller.pod("plan-network")
    outputs = {"parameters": [{"name": "summary", "value": "2 to create"}], "exitCode": "0"}
    beside(
        lambda: controller.node("plan-network", "Pending"),
        lambda: (fake.say(pod, "one"), controller.node("plan-network", "Running")),
        lambda: (fake.say(pod, "two", "three"), fake.end(pod)),
        lambda: controller.node("plan-network", "Succeeded", outputs=outputs),
        controller.end,
    )
    result = engine.attach(NAME, **options)
    assert result.phase is Phase.SUCCEEDED and result.outputs == {"network-changes": "safe"}
    assert watcher.lines == [("plan-network", "one"), ("plan-network", "two"), ("plan-network", "three")]
    assert watcher.phases("plan-network") == ["Pending", "Running", "Succeeded"]
    node = result.node("plan-network")
    assert node is not None and node.outputs["summary"] == "2 to create" and node.exit_code == 0
    assert (node.folder / "main.log").read_text() == "one\ntwo\nthree\n"


def test_lines_come_before_the_end_of_their_step(
    fake: FakeKubernetes, controller: Controller, watcher: Watcher, options: Options
) -> None:
    controller.begin()
    pod = controller.pod("plan-network")
    fake.say(
        pod, "one", 'time=2026-11-26T20:33:03Z level=INFO msg="sub-process exited" argo=true', "two", "Error: exit status 85"
    )
    fake.end(pod)
    controller.node("plan-network", "Succeeded")
    controller.end()
    told: list[str] = []
    watcher.line = lambda node, text: told.append(text)  # type: ignore[method-assign]
    watcher.node = lambda event: told.append(str(event.phase))  # type: ignore[method-assign]
    engine.attach(NAME, **options)
    assert told == ["Running", "one", "two", "Succeeded"]


def test_a_lost_connection_is_said_and_nothing_is_told_twice(
    fake: FakeKubernetes, controller: Controller, watcher: Watcher, options: Options
) -> None:
    controller.begin()
    pod = controller.pod("plan-network")
    fake.say(pod, "one")
    controller.node("plan-network", "Running")

    def back() -> None:
        fake.say(pod, "two")
        fake.end(pod)
        controller.node("plan-network", "Succeeded")
        fake.down = False

    beside(lambda: None, fake.cut, lambda: None, back, lambda: None, lambda: None, controller.end)
    result = engine.attach(NAME, **options)
    assert result.phase is Phase.SUCCEEDED
    assert [text for node, text in watcher.lines if node == "plan-network"] == ["one", "two"]
    assert watcher.warnings() == [
        "the management cluster does not answer; the run goes on there, trying again",
        "the management cluster answers again",
    ]


@pytest.mark.parametrize("yes", [True, False], ids=["approved", "rejected"])
def test_a_question_is_answered_as_argo_does(controller: Controller, watcher: Watcher, options: Options, yes: bool) -> None:
    controller.begin()
    key = controller.asks()
    watcher.answer = {"approved": "yes" if yes else "no", "approved-by": "whoever"}

    def finish() -> None:
        while controller.run().waiting:
            time.sleep(0.02)
        controller.end()

    beside(finish)
    assert engine.attach(NAME, **options).phase is Phase.SUCCEEDED
    assert watcher.asked == [("network-approve", {"stage": "network", "plan-digest": "d1", "summary": "2"})]
    node = controller.fake.objects[RUN]["status"]["nodes"][key]
    assert node["phase"] == "Succeeded" and node["finishedAt"]
    assert node["message"] == f"{'approved' if yes else 'rejected'} by {USER}"
    given = [{"name": "approved", "value": "yes" if yes else "no"}, {"name": "approved-by", "value": USER}]
    assert node["outputs"]["parameters"] == given


def test_nobody_here_leaves_it_waiting(controller: Controller, watcher: Watcher, options: Options) -> None:
    controller.begin()
    controller.asks()
    result = engine.attach(NAME, **options)
    assert result.phase is Phase.SUSPENDED and controller.run().waiting


def test_waiting_for_somebody_elsewhere(controller: Controller, watcher: Watcher, options: Options) -> None:
    controller.begin()
    controller.asks()
    beside(lambda: None, lambda: None, lambda: controller.node("network-approve", "Succeeded", type="Suspend"), controller.end)
    assert engine.attach(NAME, wait=True, **options).phase is Phase.SUCCEEDED
    assert watcher.warnings() == [f"network-approve waits for somebody: clusterctl approve {NAME}"]


def test_who_may_not_answer_hears_it(fake: FakeKubernetes, controller: Controller, watcher: Watcher, options: Options) -> None:
    controller.begin()
    controller.asks()
    fake.forbidden.add(f"PATCH {RUN}")
    watcher.answer = {"approved": "yes"}
    with pytest.raises(AuthDenied):
        engine.attach(NAME, **options)


def test_a_deleted_run(fake: FakeKubernetes, controller: Controller, options: Options) -> None:
    controller.begin()
    beside(lambda: fake.remove(RUN))
    with pytest.raises(Interrupted, match="was deleted"):
        engine.attach(NAME, **options)


def test_a_run_that_was_deleted_while_nobody_could_see_it(
    fake: FakeKubernetes, controller: Controller, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_LOOK", 0.5)
    controller.begin()

    def back() -> None:
        fake.remove(RUN)
        fake.history.clear()
        fake.down = False

    beside(fake.cut, lambda: None, back)
    with pytest.raises(Interrupted, match="was deleted"):
        engine.attach(NAME, **options)


def test_a_time_limit_stops_it(fake: FakeKubernetes, controller: Controller, options: Options) -> None:
    controller.begin()
    late: list[bool] = []

    def finish() -> None:
        while fake.objects[RUN]["spec"].get("shutdown") != "Stop":
            time.sleep(0.02)
        controller.end("Failed", "Stopped with strategy 'Stop'")

    beside(finish)
    result = engine.attach(NAME, timeout=0.1, late=lambda: late.append(True), **options)
    assert late == [True] and result.phase is Phase.FAILED and "Stopped with strategy" in result.message


def test_attempts_are_folded(fake: FakeKubernetes, controller: Controller, watcher: Watcher, options: Options) -> None:
    controller.begin()
    for number, line in enumerate(("first", "second")):
        pod = controller.pod(f"apply-network({number})")
        fake.say(pod, line)
        fake.end(pod)
    error = {"parameters": [{"name": "error", "value": json.dumps({"code": "THROTTLED"})}], "exitCode": "81"}
    children = [
        controller.node("apply-network(0)", "Failed", outputs=error, nodeFlag={"retried": True}),
        controller.node("apply-network(1)", "Failed", outputs=error, nodeFlag={"retried": True}),
    ]
    controller.node("apply-network", "Failed", type="Retry", children=children)
    controller.end("Failed")
    result = engine.attach(NAME, **options)
    failed = result.failed()
    assert [node.node for node in result.nodes] == ["apply-network"]
    assert failed is not None and failed.attempt == 2 and failed.kind == "Pod" and failed.exit_code == 81
    assert [text for _, text in watcher.lines] == ["first", "second"]
    assert json.loads((failed.folder / "outputs" / "error").read_text()) == {"code": "THROTTLED"}


def test_plans_are_fetched(controller: Controller, options: Options, tmp_path: Path) -> None:
    controller.begin()
    store = FolderStore(tmp_path / "bucket")
    store.put("runs/plan", b"{}")
    asked: list[str] = []
    artifacts = [
        {"name": "plan-json", "path": "/hera/artifacts/plan.json", "s3": {"key": "runs/plan"}},
        {"name": "plan-html", "path": "/hera/artifacts/plan.html", "s3": {"key": "runs/page"}},
        {"name": "evil", "path": "/hera/../../x.json", "s3": {"key": "runs/plan"}},
    ]
    controller.node("plan-network", "Succeeded", outputs={"artifacts": artifacts})
    repository = {"s3": {"bucket": "b", "endpoint": "minio.sim.svc:9000", "insecure": True}}
    controller.fake.change(RUN, {"status": {"artifactRepositoryRef": {"artifactRepository": repository}}})
    controller.end()
    result = engine.attach(NAME, open_store=lambda url: asked.append(url) or store, **options)  # type: ignore[func-returns-value]
    folder = result.nodes[0].folder
    assert sorted(item.name for item in folder.rglob("*") if item.is_file()) == ["error", "main.log", "plan.json"]
    assert asked == ["s3://b?endpoint=http://minio.sim.svc:9000&region=us-east-1"]
