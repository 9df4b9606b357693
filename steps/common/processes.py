"""Whether a recorded process still lives: a pid alone is reused, so its birth time is part of its name."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import HeraError, NotFound
from steps.common import events
from steps.common.ledger import Lock

if TYPE_CHECKING:
    from infra.kube.api import Api

_ENDED = ("Succeeded", "Failed", "Error")
"""Phases of workflows and pods after which nothing more happens."""


def born(pid: int) -> str:
    """Return when a process started (clock ticks since boot, from /proc/PID/stat field 22), or an empty text when it is gone.

    A zombie counts as gone. Where there is no /proc, a living process's birth is `alive`.
    """
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return ""
        except PermissionError:
            return "alive"
        return "alive"
    try:
        fields = stat.read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def holder_pid() -> int:
    """Return the pid of the process that stands for the whole run: the engine where it says so, else our own."""
    return int(os.environ.get("HERA_HOLDER_PID") or os.getpid())


def workflow_namespace(given: str) -> str:
    """Return where this run's workflow is, or an empty text on the local engine, which stands for its runs itself."""
    return "" if os.environ.get("HERA_HOLDER_PID") or not os.environ.get("KUBERNETES_SERVICE_HOST") else given


def is_dead(lock: Lock) -> bool:
    """Tell whether a lock's holder is surely gone; whoever can't be asked about never is."""
    if lock.namespace:
        return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and _workflow_is_gone(lock)
    return lock.host == socket.gethostname() and born(lock.pid) != lock.born


def _workflow_is_gone(lock: Lock) -> bool:
    """Ask the cluster we are in; no answer, or no right to ask, is no proof."""
    from infra.kube.api import Api

    try:
        return is_over(Api.in_cluster(), lock)
    except HeraError as problem:
        events.warning(f"can't tell whether workflow {lock.namespace}/{lock.run} still runs: {problem.message}")
        return False


def is_over(api: Api, lock: Lock) -> bool:
    """Tell whether a workflow has ended or is gone, and none of its pods works on: terraform is given time to finish."""
    try:
        workflow = api.get(f"/apis/argoproj.io/v1alpha1/namespaces/{lock.namespace}/workflows/{lock.run}")
        if workflow.get("status", {}).get("phase") not in _ENDED:
            return False
    except NotFound:
        pass
    return not working_pods(api, lock.namespace, lock.run)


def working_pods(api: Api, namespace: str, run: str, but: str = "") -> list[str]:
    """Return a workflow's pods that have not ended, but for one, which is called after its host."""
    pods = api.items(f"/api/v1/namespaces/{namespace}/pods", labelSelector=f"workflows.argoproj.io/workflow={run}")
    names = [pod["metadata"]["name"] for pod in pods if pod.get("status", {}).get("phase") not in _ENDED]
    return [name for name in names if not but or name[:63] != but]


def works_nowhere(namespace: str, run: str, but: str = "") -> bool:
    """Tell whether no other pod of a workflow works on; where that can't be asked, nothing is sure."""
    from infra.kube.api import Api

    try:
        return not working_pods(Api.in_cluster(), namespace, run, but)
    except HeraError as problem:
        events.warning(f"can't tell whether pods of {run} still work: {problem.message}")
        return False


def wait_for_the_others(lock: Lock, ours: str, seconds: float = 330) -> None:
    """Wait until a stopped workflow's pods have ended: Argo runs the exit handler while terraform finishes its calls."""
    until = time.monotonic() + seconds
    while lock.namespace and time.monotonic() < until and not works_nowhere(lock.namespace, lock.run, ours):
        time.sleep(2)
