"""What can happen to a run on the management cluster, each as one function that strikes and says what it hit.

A strike waits for nothing: who calls it has chosen the moment. It says what it hit, or nothing when nothing was left to hit.
Whatever a strike takes away for longer than the moment (the API server, the container runtime, the kubelet, room in the
store) comes back before it returns, as it would on a real cluster where something watches over it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import HeraError
from infra.host import cluster as hosts
from infra.kube.api import Api
from tests.support.surroundings import environment
from workflows.argo.runs import path as run_path

AWAY_SECONDS = 8.0
"""How long a part of the cluster stays away; shorter than anything that gives up on it."""


@dataclass(frozen=True)
class Scene:
    """A management cluster on this machine, and one run on it; a fault of the whole node needs no run."""

    host: hosts.Host
    api: Api
    name: str
    namespace: str = "hera"
    run: str = ""

    @property
    def workflow(self) -> str:
        return run_path(self.namespace, self.run)

    def pods(self) -> list[dict[str, Any]]:
        """Return the run's pods that are running."""
        path = f"/api/v1/namespaces/{self.namespace}/pods"
        found = self.api.items(path, labelSelector=f"workflows.argoproj.io/workflow={self.run}")
        return [pod for pod in found if pod["status"].get("phase") == "Running"]


Strike = Callable[[Scene], str]


def _processes(scene: Scene, pod: dict[str, Any], container: str) -> Iterator[int]:
    """Yield the processes of a pod's container, found by its cgroup."""
    states = [s for s in pod["status"].get("containerStatuses", ()) if s["name"] == container]
    wanted = states[0].get("containerID", "").rsplit("/", 1)[-1] if states else ""
    for entry in Path("/proc").iterdir() if wanted else ():
        try:
            if entry.name.isdigit() and wanted in (entry / "cgroup").read_text():
                yield int(entry.name)
        except (FileNotFoundError, ProcessLookupError):
            continue


def _is_step(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return b"python" in words[0] and any(word.startswith(b"steps.") for word in words)


def _signal(pids: list[int], number: signal.Signals) -> int:
    hit = 0
    for pid in pids:
        try:
            os.kill(pid, number)
            hit += 1
        except ProcessLookupError:
            continue
    return hit


def _step(number: signal.Signals) -> Strike:
    def strike(scene: Scene) -> str:
        pids = [pid for pod in scene.pods() for pid in _processes(scene, pod, "main") if _is_step(pid)]
        hit = _signal(pids, number)
        return f"{number.name} to {hit} processes of the step" if hit else ""

    return strike


def _pod(*, grace: int | None) -> Strike:
    def strike(scene: Scene) -> str:
        for pod in scene.pods():
            path = f"/api/v1/namespaces/{scene.namespace}/pods/{pod['metadata']['name']}"
            scene.api.delete(path, grace=grace)
            return f"pod {pod['metadata']['name']} " + ("evicted" if grace is None else "erased")
        return ""

    return strike


def _shutdown(strategy: str) -> Strike:
    def strike(scene: Scene) -> str:
        scene.api.patch(scene.workflow, {"spec": {"shutdown": strategy}})
        return f"workflow: {strategy}"

    return strike


def _workflow_deleted(scene: Scene) -> str:
    scene.api.delete(scene.workflow)
    return "workflow deleted"


def _controller(scene: Scene) -> str:
    path = "/api/v1/namespaces/argo/pods"
    hit = [pod["metadata"]["name"] for pod in scene.api.items(path, labelSelector="app=workflow-controller")]
    for name in hit:
        scene.api.delete(f"{path}/{name}", grace=0)
    return f"{len(hit)} controller pods erased" if hit else ""


def _part(part: str) -> Strike:
    def strike(scene: Scene) -> str:
        with environment(HERA_HOME=str(scene.host.home.parent.parent)):
            hosts.kill(scene.name, part, signal.SIGKILL)
            time.sleep(AWAY_SECONDS)
            hosts.start(scene.name, part)
        wait_for_server(scene.api)
        return f"{part} killed, back after {AWAY_SECONDS:.0f} s"

    return strike


def wait_for_server(api: Api, seconds: float = 120) -> None:
    """Wait until the API server answers again; raises its error when it does not in time."""
    until = time.monotonic() + seconds
    while True:
        try:
            api.get("/api/v1/namespaces/hera")
            return
        except HeraError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def _stores(scene: Scene) -> str:
    """Kill the processes of the store and of the simulated cloud; their containers start again over the same volume."""
    pids = []
    for pod in scene.api.items("/api/v1/namespaces/hera-simulation/pods"):
        for container in pod["spec"]["containers"]:
            pids += list(_processes(scene, pod, container["name"]))
    hit = _signal(pids, signal.SIGKILL)
    return f"store and simulated cloud killed ({hit} processes)" if hit else ""


def _store_volume(scene: Scene) -> Path:
    """Return where the object store's volume is on this machine."""
    for pod in scene.api.items("/api/v1/namespaces/hera-simulation/pods", labelSelector="app=minio"):
        for pid in _processes(scene, pod, pod["spec"]["containers"][0]["name"]):
            mounts = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
            data = [fields[4] for fields in mounts if fields[4].startswith("/data")]
            if data:
                return Path(f"/proc/{pid}/root{data[0]}")
    raise LookupError("no object store runs on the management cluster")


def _store_full(scene: Scene) -> str:
    filler = _store_volume(scene) / "filler"
    room = os.statvfs(filler.parent)
    free = room.f_bavail * room.f_frsize
    if free > 4 << 30:
        raise LookupError(f"the store's volume has {free >> 30} GiB left: too much to fill; give it a volume of its own")
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=1M"], stderr=subprocess.DEVNULL, check=False)
    time.sleep(AWAY_SECONDS)
    filler.unlink()
    return f"store full for {AWAY_SECONDS:.0f} s"


OF_A_RUN: dict[str, Strike] = {
    "step-killed": _step(signal.SIGKILL),
    "step-terminated": _step(signal.SIGTERM),
    "pod-evicted": _pod(grace=None),
    "pod-erased": _pod(grace=0),
    "stopped": _shutdown("Stop"),
    "terminated": _shutdown("Terminate"),
    "workflow-deleted": _workflow_deleted,
}
"""Faults that strike one run."""

OF_THE_NODE: dict[str, Strike] = {
    "controller-killed": _controller,
    "apiserver-killed": _part("apiserver"),
    "containerd-killed": _part("containerd"),
    "kubelet-killed": _part("kubelet"),
    "stores-killed": _stores,
    "store-full": _store_full,
}
"""Faults that strike everything that runs."""
