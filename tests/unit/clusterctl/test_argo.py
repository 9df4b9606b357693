"""The command line over a management cluster, with its API in memory: engine, runs, answers, watching again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clusterctl import engines, pipelines
from clusterctl.clusters import Place
from clusterctl.console import Console
from infra.errors import Interrupted, StepFailed
from infra.kube.api import Api
from infra.management.record import Management
from steps.common.ledger import Ledger, Ledgers, StageRecord, open_store
from tests.doubles.kubernetes_api import USER, FakeKubernetes
from tests.support.waiting import until
from workflows.argo.runs import path

from .conftest import Shell

CREATE = "create-cluster"
NAME = "create-cluster-shop-x"
RUN = path("hera", NAME)
SPEC = Path(__file__).parents[3] / "examples" / "aws-dev.yaml"


@pytest.fixture
def management(home: Path, tmp_path: Path, api: Api) -> Management:
    """A configured management cluster that simulates clouds; its states are in a folder."""
    kubeconfig = tmp_path / "kubeconfig"
    cluster = {"name": "c", "cluster": {"server": api.server}}
    context = {"name": "mgmt", "context": {"cluster": "c", "user": "u"}}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster],
        "contexts": [context],
        "users": [{"name": "u", "user": {}}],
    }
    kubeconfig.write_text(json.dumps(content | {"current-context": "mgmt"}))
    home.mkdir(exist_ok=True)
    found = Management(str(kubeconfig), "mgmt", ui="https://argo.example.com/", simulation=True, state=(tmp_path / "s").as_uri())
    found.save()
    return found


@pytest.fixture
def run(fake: FakeKubernetes, management: Management) -> Callable[..., None]:
    """Write a run as Argo would hold it."""

    def write(phase: str = "Running", *, asks: bool = False, name: str = NAME, pipeline: str = CREATE, **status: Any) -> None:
        labels = {"hera.dev/pipeline": pipeline, "hera.dev/cluster": "shop"}
        parameters = [{"name": "cluster", "value": "shop"}, {"name": "spec", "value": "s"}, {"name": "actor", "value": USER}]
        supplied = [{"name": item, "valueFrom": {"supplied": {}}} for item in ("approved", "approved-by")]
        inputs = [("stage", "network"), ("plan-digest", "d" * 64), ("summary", "network: 2 to create")]
        question = {
            "id": "q",
            "name": f"{name}.network-approve",
            "displayName": "network-approve",
            "type": "Suspend",
            "phase": "Running",
            "startedAt": "2026-11-26T20:00:05Z",
            "inputs": {"parameters": [{"name": key, "value": value} for key, value in inputs]},
            "outputs": {"parameters": supplied},
        }
        ended = {"finishedAt": "2026-11-26T20:01:00Z"} if phase != "Running" else {}
        fake.put(
            path("hera", name),
            {
                "metadata": {"name": name, "labels": labels},
                "spec": {"workflowTemplateRef": {"name": pipeline}, "arguments": {"parameters": parameters}},
                "status": {"phase": phase, "startedAt": "2026-11-26T20:00:00Z", "nodes": {"q": question} if asks else {}}
                | ended
                | status,
            },
        )

    return write


def ledger(management: Management, phase: str = "ready", network: str = "applied") -> None:
    """Let the management cluster know a cluster."""
    ledgers = Ledgers(open_store(management.state))
    stages = {"network": StageRecord(network)}
    made = Ledger("shop", cloud="aws", region="eu-west-1", environment="dev", simulated=True, phase=phase, stages=stages)
    ledgers.update("shop", lambda _: made)


def test_runs_are_listed(shell: Shell, run: Callable[..., None]) -> None:
    run(asks=True)
    assert shell("get", "runs") == 0
    assert NAME in shell.out and "awaiting-approval" in shell.out and USER in shell.out
    assert shell("get", "runs", "-o", "json") == 0
    item = json.loads(shell.out)["items"][0]
    assert item["waitsFor"] == ["network-approve"] and item["next"] == f"clusterctl approve {NAME}"
    assert "spec" not in item["parameters"]


@pytest.mark.parametrize("word", [NAME, "shop"], ids=["run", "cluster"])
def test_a_run_is_described(shell: Shell, run: Callable[..., None], word: str) -> None:
    run(asks=True)
    assert shell("describe", "run", word) == 0
    assert "network: 2 to create" in shell.out and f"https://argo.example.com/workflows/hera/{NAME}" in shell.out


@pytest.mark.parametrize(("verb", "value"), [("approve", "yes"), ("reject", "no")])
def test_answers(shell: Shell, fake: FakeKubernetes, run: Callable[..., None], verb: str, value: str) -> None:
    run(asks=True)
    assert shell(verb, "shop", "--stage", "network") == 0
    assert USER in shell.out and "network: 2 to create" in shell.out
    written = fake.objects[RUN]["status"]["nodes"]["q"]["outputs"]["parameters"]
    assert written == [{"name": "approved", "value": value}, {"name": "approved-by", "value": USER}]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("approve", "shop", "--stage", "cluster"), 66, "does not wait for the approval of cluster"),
        (("approve", "nothing"), 66, "no run and no cluster"),
        (("retry", "shop"), 75, "has not ended"),
    ],
    ids=["other-stage", "no-run", "retry-a-live-one"],
)
def test_refusals(shell: Shell, run: Callable[..., None], words: tuple[str, ...], code: int, said: str) -> None:
    run(asks=True)
    assert shell(*words) == code
    assert said in shell.err


def test_stop(shell: Shell, fake: FakeKubernetes, run: Callable[..., None]) -> None:
    run()
    assert shell("stop", NAME) == 0
    assert fake.objects[RUN]["spec"]["shutdown"] == "Stop"
    run("Succeeded")
    assert shell("stop", NAME) == 66


def test_retry_from_a_stage_needs_the_stages_before_it(shell: Shell, run: Callable[..., None], management: Management) -> None:
    run("Failed")
    ledger(management, phase="failed", network="failed")
    assert shell("retry", "shop", "--from", "cluster") == 64
    assert "the stage network of shop is failed" in shell.err


def test_without_a_management_cluster(shell: Shell) -> None:
    assert shell("get", "runs") == 64
    assert "clusterctl bootstrap" in shell.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--engine", "argo"), "add --simulate"),
        ((), "add --simulate"),
        (("--engine", "local"), "clusterctl init"),
    ],
    ids=["argo", "default", "local"],
)
def test_a_real_cluster_is_never_simulated_silently(
    shell: Shell, management: Management, words: tuple[str, ...], said: str
) -> None:
    assert shell("plan", "cluster", "-f", str(SPEC), *words) == 64
    assert said in shell.err


def test_clusters_of_the_management_cluster_are_found(shell: Shell, management: Management) -> None:
    ledger(management)
    assert shell("get", "clusters") == 0
    assert "simulator, by argo" in shell.out
    assert shell("get", "clusters", "--engine", "local") == 64
    assert shell("describe", "cluster", "shop") == 0


def test_resume_watches_the_run_that_goes_on(
    shell: Shell, fake: FakeKubernetes, run: Callable[..., None], management: Management
) -> None:
    run()
    ledger(management)

    def end() -> None:
        time.sleep(0.4)
        run("Succeeded")

    threading.Thread(target=end).start()
    assert shell("resume", "cluster", "shop") == 0
    assert NAME in shell.err and "Engine: argo" in shell.err and "shop is ready" in shell.out


def test_resume_does_not_delete_what_a_run_never_began_to_delete(
    shell: Shell, run: Callable[..., None], management: Management
) -> None:
    run("Failed", pipeline="delete-cluster")
    ledger(management)
    assert shell("resume", "cluster", "shop", "--yes") == 64
    assert "nothing was deleted" in shell.err and f"clusterctl retry {NAME}" in shell.err


def made(fake: FakeKubernetes) -> list[str]:
    """Return the runs that were asked for."""
    names = [item.removeprefix(path("hera") + "/") for item in list(fake.objects) if item.startswith(path("hera"))]
    return [name for name in names if name != NAME]


@pytest.mark.parametrize("known", [True, False], ids=["an old cluster", "a new cluster"])
def test_resume_asks_again_for_what_never_began(
    shell: Shell, fake: FakeKubernetes, run: Callable[..., None], management: Management, known: bool
) -> None:
    run("Error")
    parameters = [{"name": name, "value": ""} for name in ("cluster", "spec", "state", "simulate", "actor")]
    template = {"spec": {"arguments": {"parameters": parameters}}}
    fake.put(path("hera", CREATE, "workflowtemplates"), {"metadata": {"name": CREATE}} | template)
    if known:
        ledger(management)

    def end() -> None:
        until(lambda: made(fake), "no run was asked for", 10)
        ledger(management)
        run("Succeeded", name=made(fake)[0])

    threading.Thread(target=end).start()
    assert shell("resume", "cluster", "shop") == 0, shell.err
    assert f"{NAME} ended before it began" in shell.err and "shop is ready" in shell.out


def test_a_killed_container_can_be_resumed(
    shell: Shell, fake: FakeKubernetes, run: Callable[..., None], management: Management
) -> None:
    ledger(management)
    node = {
        "id": "p",
        "name": f"{NAME}.apply-network",
        "displayName": "apply-network",
        "templateName": "apply-network",
        "type": "Pod",
        "phase": "Failed",
        "message": "OOMKilled (exit code 137)",
        "startedAt": "2026-11-26T20:00:05Z",
        "outputs": {"exitCode": "137"},
    }
    run()

    def end() -> None:
        time.sleep(0.4)
        run("Failed", nodes={"p": node})

    threading.Thread(target=end).start()
    assert shell("resume", "cluster", "shop") == Interrupted.exit_code
    assert "clusterctl resume cluster shop" in shell.err and "OOMKilled" in shell.err


def test_leaving_says_how_to_come_back(console: Console, management: Management, monkeypatch: pytest.MonkeyPatch) -> None:
    from workflows.argo import engine

    def left(template: str, parameters: object, *, began: Callable[[str], None], **options: object) -> None:
        began(NAME)
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "run", left)
    request = pipelines.Request("create-cluster", "t", "shop", Place(management.state, True, engines.ARGO), resume="again")
    with pytest.raises(Interrupted) as raised:
        pipelines.run(request, console)
    assert "goes on" in raised.value.message and f"clusterctl stop {NAME}" in raised.value.next_step


def test_the_last_words_of_a_failed_container(
    shell: Shell, fake: FakeKubernetes, run: Callable[..., None], management: Management
) -> None:
    from workflows.argo.runs import pod_name

    node = {
        "id": "p",
        "name": f"{NAME}.plan-network",
        "displayName": "plan-network",
        "templateName": "plan-network",
        "type": "Pod",
        "phase": "Failed",
        "message": "Error (exit code 2)",
        "startedAt": "2026-11-26T20:00:05Z",
        "outputs": {"exitCode": "2"},
    }
    pod = pod_name(NAME, f"{NAME}.plan-network", "plan-network")
    fake.say(pod, "python: can't open file")
    fake.end(pod)
    ledger(management)
    run()

    def end() -> None:
        time.sleep(0.4)
        run("Failed", nodes={"p": node})

    threading.Thread(target=end).start()
    assert shell("resume", "cluster", "shop") == StepFailed.exit_code
    assert "python: can't open file" in shell.err and "step plan-network" in shell.err


def test_a_silent_management_cluster_hides_no_other_cluster(
    shell: Shell,
    fake: FakeKubernetes,
    management: Management,
    keep: Callable[[Ledger], Ledgers],
    make_ledger: Callable[..., Ledger],
) -> None:
    state = "s3://hera-state?endpoint=http://minio.hera-simulation.svc:9000&region=us-east-1"
    Management(management.kubeconfig, "mgmt", simulation=True, state=state).save()
    keep(make_ledger("local"))
    fake.cut()
    assert shell("get", "clusters") == 0
    assert "local" in shell.out and "not looked on the management cluster's simulator" in shell.err


@pytest.mark.parametrize("readable", [True, False], ids=["ledger", "no-ledger"])
def test_the_end_of_a_create(console: Console, management: Management, monkeypatch: pytest.MonkeyPatch, readable: bool) -> None:
    """Who may not read the states sees at least that it went well."""
    from clusterctl import runs
    from clusterctl.progress import Tracker, View
    from infra.errors import AuthDenied
    from workflows.local.api import Phase, Result

    ledger(management)
    if not readable:

        def refuse(place: Place) -> Ledgers:
            raise AuthDenied("no")

        monkeypatch.setattr(Place, "ledgers", refuse)
    outcome = pipelines.Outcome(Result(NAME, Phase.SUCCEEDED, (), {}, "", Path()), Tracker(View()), 1.0)
    runs.show_created(console, Place(management.state, True, engines.ARGO), "shop", outcome)
    said = console.stdout.getvalue()  # type: ignore[attr-defined]
    assert ("shop is ready" if readable else f"{NAME} succeeded") in said
