"""`clusterctl` over a real Argo: approved from elsewhere, rejected, stopped, tried again, cut off, killed and come back.

One management cluster for all; each test has a cluster of its own on the simulated cloud.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.host import cluster as hosts
from infra.kube.api import Api
from tests.support.cli import EXAMPLES, Cli
from workflows.argo.runs import path

pytestmark = pytest.mark.management

ARGO = ("--engine", "argo")


@pytest.fixture(scope="module")
def api(management: Any) -> Api:
    found: Api = management.api
    return found


@pytest.fixture(scope="module")
def user(management: Any) -> Cli:
    found: Cli = management.cli
    return found


@pytest.fixture(scope="module", autouse=True)
def by_the_clock(api: Api) -> Iterator[str]:
    """The shipped CronWorkflow under another name, every minute, for a cluster that there is not."""
    crons = path("hera", kind="cronworkflows")
    cron = api.get(f"{crons}/drift")
    parameters = [{"name": "cluster", "value": "nobody"}, {"name": "actor", "value": "cron:drift"}]
    changes = {"schedules": ["* * * * *"], "suspend": False}
    spec = cron["spec"] | changes | {"workflowSpec": cron["spec"]["workflowSpec"] | {"arguments": {"parameters": parameters}}}
    name = "every-minute"
    api.create(crons, {"apiVersion": cron["apiVersion"], "kind": cron["kind"], "metadata": {"name": name}, "spec": spec})
    yield name
    api.delete(f"{crons}/{name}")


@pytest.fixture
def spec(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A spec of the test's own cluster."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:20].strip("-")
    text = (EXAMPLES / "aws-dev.yaml").read_text().replace("name: sandbox", f"name: {name}", 1)
    file = tmp_path / f"{name}.yaml"
    file.write_text(text)
    return file


@pytest.fixture
def started(user: Cli, spec: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start `create` and leave it to itself; whatever is left at the end is killed."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(*words: str) -> subprocess.Popen[bytes]:
        log = tmp_path / "create.log"
        processes.append(user.start("create", "cluster", "-f", spec, "--simulate", *ARGO, *words, log=log))
        return processes[-1]

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()


def until(look: Callable[[], Any], process: subprocess.Popen[bytes] | None = None, seconds: float = 120) -> Any:
    """Wait for something to be true and return it; not longer than the process that should make it true lives."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        gone = process is not None and process.poll() is not None
        found = look()
        if found:
            return found
        assert not gone, f"ended with {process and process.returncode}"
        time.sleep(0.3)
    raise AssertionError(f"not in {seconds} s")


def cluster_of(user: Cli, name: str) -> dict[str, Any]:
    """Return what is known of a cluster; a run that has not begun its work has left nothing yet."""
    found = user.run("get", "clusters", name, "-o", "json").json().get("items") or [{}]
    return dict(found[0])


def run_of(user: Cli, name: str, *states: str) -> dict[str, Any] | None:
    """Return a cluster's newest run, once it is in one of the states."""
    done = user.run("get", "runs", name, "-o", "json")
    items = done.json()["items"] if done.code == 0 else []
    return next((item for item in items[:1] if not states or item["state"] in states), None)


def test_approved_elsewhere_and_cut_off(
    user: Cli,
    api: Api,
    management: Any,
    spec: Path,
    started: Callable[..., subprocess.Popen[bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HERA_HOME", str(user.home))
    process = started("--wait")
    first = until(lambda: run_of(user, spec.stem, "awaiting-approval"), process)
    assert first["waitsFor"] == ["network-approve"]
    said = user.run("describe", "run", spec.stem).ok()
    assert "to create" in said.out and "waits for an approval" in said.out
    assert user.run("approve", spec.stem, "--stage", "cluster").code == 66
    assert "approved by" in user.run("approve", spec.stem, "--stage", "network").ok().out

    hosts.kill(management.host.name, "apiserver", signal.SIGKILL)
    until(lambda: "does not answer" in (tmp_path / "create.log").read_text(), process, 30)
    hosts.start(management.host.name, "apiserver")

    until(lambda: (run_of(user, spec.stem) or {}).get("waitsFor") == ["cluster-approve"], process)
    user.run("approve", spec.stem).ok()
    assert process.wait(180) == 0
    log = (tmp_path / "create.log").read_text()
    assert "answers again" in log and f"{spec.stem} is ready" in log
    for step in ("admit", "network plan", "network apply", "cluster plan", "cluster apply"):
        assert f"✓ {step}" in log, log
    listed = user.run("get", "clusters", spec.stem, "-o", "json").ok().json()["items"][0]
    assert listed["phase"] == "ready" and listed["simulated"] is True and not listed["lock"]
    _holds_no_secret(api, first["name"], log)


def _holds_no_secret(api: Api, name: str, log: str) -> None:
    """No credential is in the run's object or in what its watcher saw."""
    text = json.dumps(api.get(path("hera", name))) + log
    secret = api.get("/api/v1/namespaces/hera/secrets/hera-credentials")["data"]
    for key in ("AWS_SECRET_ACCESS_KEY", "HERA_SIMULATOR_TOKEN"):
        assert base64.b64decode(secret[key]).decode() not in text, key


def test_rejected(user: Cli, spec: Path, started: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    planned = user.run("plan", "cluster", "-f", spec, "--simulate", *ARGO, "-o", "json")
    assert planned.code == 2 and planned.json()["simulated"] is True
    process = started("--wait")
    until(lambda: run_of(user, spec.stem, "awaiting-approval"), process)
    assert "rejected by" in user.run("reject", spec.stem).ok().out
    assert process.wait(90) == 85
    log = (tmp_path / "create.log").read_text()
    assert "APPROVAL_REJECTED" in log
    assert "was rejected by" in user.run("logs", spec.stem).ok().out
    found = user.run("get", "clusters", spec.stem, "-o", "json").ok().json()["items"][0]
    assert found["lock"] is None and not found["stages"]["network"]["outputs"]


def test_killed_and_come_back(user: Cli, spec: Path, started: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    process = started("--yes")
    run = until(lambda: run_of(user, spec.stem, "running"), process)
    os.kill(process.pid, signal.SIGKILL)
    done = user.run("create", "cluster", "-f", spec, "--simulate", *ARGO, "--yes").ok()
    assert f"The run {run['name']} does this already" in done.err and f"{spec.stem} is ready" in done.out
    assert [item["name"] for item in user.run("get", "runs", spec.stem, "-o", "json").json()["items"]] == [run["name"]]
    deleted = user.run("delete", "cluster", spec.stem, "--yes").ok()
    assert "Engine: argo" in deleted.err and "nothing with its tag is left" in deleted.out


def test_left_stopped_and_tried_again(
    user: Cli, spec: Path, started: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = started("--yes")
    run = until(lambda: run_of(user, spec.stem, "running"), process)
    until(lambda: "✓ admit" in (tmp_path / "create.log").read_text(), process)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 82
    assert f"clusterctl stop {run['name']}" in (tmp_path / "create.log").read_text()
    assert run_of(user, spec.stem, "running")
    user.run("stop", spec.stem).ok()
    until(lambda: run_of(user, spec.stem, "failed", "error"))
    assert cluster_of(user, spec.stem)["lock"] is None
    again = user.run("retry", spec.stem, "--yes").ok()
    assert f"{spec.stem} is ready" in again.out
    names = [item["name"] for item in user.run("get", "runs", spec.stem, "-o", "json").json()["items"]]
    assert len(names) == 2 and names[1] == run["name"]


def test_the_clock_starts_runs(api: Api, by_the_clock: str) -> None:
    selector = f"workflows.argoproj.io/cron-workflow={by_the_clock}"
    run = until(lambda: next(api.items(path("hera"), labelSelector=selector), None))
    assert run["spec"]["workflowTemplateRef"]["name"] == "drift-cluster"
