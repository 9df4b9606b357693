"""Telling a dead lock holder from a living one."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from infra.errors import NotFound
from steps.common.ledger import Lock
from steps.common.processes import born, is_dead, is_over, workflow_namespace


def holder(pid: int, birth: str, host: str = "") -> Lock:
    return Lock("r", "ann", host or socket.gethostname(), pid, birth, "2026-01-01T00:00:00Z")


def test_we_live() -> None:
    assert not is_dead(holder(os.getpid(), born(os.getpid())))


def test_a_reused_pid_is_not_the_holder() -> None:
    assert is_dead(holder(os.getpid(), "1"))


def test_a_finished_process_is_dead_even_as_a_zombie() -> None:
    process = subprocess.Popen(["true"])
    birth = born(process.pid) or "0"
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(holder(process.pid, birth))
    process.wait()
    assert is_dead(holder(process.pid, birth))


def test_another_hosts_holder_is_never_called_dead() -> None:
    assert not is_dead(holder(1, "1", host="elsewhere"))


class Kubernetes:
    """A cluster that knows one workflow and its pods."""

    def __init__(self, workflow: str | None, pods: tuple[str, ...]) -> None:
        self.workflow, self.pods = workflow, pods

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        assert path.endswith("/namespaces/hera/workflows/r")
        if self.workflow is None:
            raise NotFound("no such workflow")
        return {"status": {"phase": self.workflow}}

    def items(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        assert query == {"labelSelector": "workflows.argoproj.io/workflow=r"}
        yield from ({"metadata": {"name": f"r-{n}"}, "status": {"phase": phase}} for n, phase in enumerate(self.pods))


@pytest.mark.parametrize(
    ("workflow", "pods", "over"),
    [
        pytest.param("Running", (), False, id="runs"),
        pytest.param(None, (), True, id="deleted"),
        pytest.param(None, ("Succeeded", "Running"), False, id="deleted-but-a-pod-works-on"),
        pytest.param("Failed", ("Failed",), True, id="ended"),
        pytest.param("", (), False, id="not-begun"),
    ],
)
def test_a_workflow_is_over_when_nothing_of_it_works(workflow: str | None, pods: tuple[str, ...], over: bool) -> None:
    lock = Lock("r", "ann", "r-plan-network-1", 7, "1", "2026-01-01T00:00:00Z", "create", "hera")
    assert is_over(Kubernetes(workflow, pods), lock) is over  # type: ignore[arg-type]


def test_from_outside_a_workflow_is_never_called_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert not is_dead(Lock("r", "ann", socket.gethostname(), 1, "1", "2026-01-01T00:00:00Z", "create", "hera"))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "hera"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HERA_HOLDER_PID": "5"}, ""),
        ({}, ""),
    ],
    ids=["in-a-pod", "local-engine-in-a-pod", "on-a-machine"],
)
def test_a_run_has_a_namespace_where_its_workflow_is(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KUBERNETES_SERVICE_HOST", "HERA_HOLDER_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert workflow_namespace("hera") == expected
