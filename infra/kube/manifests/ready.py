"""Whether what was applied runs: definitions are served, rollouts are through; and why not, in the kubelet's words."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from infra.errors import NotFound, TimedOut, WaitAndRetry
from infra.kube.manifests.objects import Object, reference

if TYPE_CHECKING:
    from infra.kube.api import Api

Progress = Callable[[str], None]
_PAUSE = 0.3


def is_ready(live: Object) -> bool:
    """Return whether an object is as it was applied last, all its pods included; kinds that run nothing always are."""
    judge = _JUDGES.get(str(live["kind"]))
    return judge is None or judge(live, live.get("status") or {})


def _seen(live: Object, status: Object) -> bool:
    return bool(status.get("observedGeneration", 0) >= live["metadata"].get("generation", 1))


def _deployment(live: Object, status: Object) -> bool:
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return _seen(live, status) and counts == [live["spec"].get("replicas", 1)] * 3


def _stateful(live: Object, status: Object) -> bool:
    counts = [status.get(name, 0) for name in ("readyReplicas", "updatedReplicas")]
    return _seen(live, status) and counts == [live["spec"].get("replicas", 1)] * 2


def _daemon(live: Object, status: Object) -> bool:
    counts = [status.get(name, 0) for name in ("updatedNumberScheduled", "numberAvailable")]
    return _seen(live, status) and counts == [status.get("desiredNumberScheduled", 0)] * 2


def _holds(kind: str) -> Callable[[Object, Object], bool]:
    def judge(live: Object, status: Object) -> bool:
        return any(item["type"] == kind and item["status"] == "True" for item in status.get("conditions") or ())

    return judge


_JUDGES: dict[str, Callable[[Object, Object], bool]] = {
    "CustomResourceDefinition": _holds("Established"),
    "DaemonSet": _daemon,
    "Deployment": _deployment,
    "Job": _holds("Complete"),
    "StatefulSet": _stateful,
}


def can_wait(kind: str) -> bool:
    """Tell whether objects of a kind become ready some time after they are made."""
    return kind in _JUDGES


def wait_ready(api: Api, objects: Sequence[Object], progress: Progress, patience: float, next_step: str) -> None:
    """Wait until all of the objects are ready; raises `TimedOut` with the reasons."""
    end, told = time.monotonic() + patience, ""
    while waiting := [obj for obj in objects if not is_ready(api.get(api.path_of(obj)))]:
        names = ", ".join(reference(obj).name for obj in waiting)
        if names != told:
            progress(f"waiting for {names}")
            told = names
        if time.monotonic() > end:
            why = "\n".join(line for obj in waiting for line in troubles(api, obj))
            raise TimedOut(f"{names} did not become ready in {patience:.0f} s", next_step=next_step, detail=why)
        time.sleep(_PAUSE)


def troubles(api: Api, controller: Object) -> list[str]:
    """Return why a controller's pods do not run."""
    labels = controller.get("spec", {}).get("selector", {}).get("matchLabels")
    if not labels:
        return [f"{reference(controller).title}: not ready"]
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    pods = api.items(f"/api/v1/namespaces/{controller['metadata']['namespace']}/pods", labelSelector=selector)
    return [line for pod in pods for line in _pod_troubles(pod)] or [f"{controller['metadata']['name']}: no pods yet"]


def _pod_troubles(pod: Object) -> list[str]:
    name, status = pod["metadata"]["name"], pod.get("status", {})
    lines = []
    for container in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        for state in (container.get("state", {}), container.get("lastState", {})):
            why: dict[str, Any] = state.get("waiting") or state.get("terminated") or {}
            if why.get("reason"):
                lines.append(f"{name}/{container['name']}: {why['reason']} {why.get('message', '')}".strip())
    return lines + [f"{name}: {item['message']}" for item in status.get("conditions") or () if item.get("message")]


def until(done: Callable[[], bool], patience: float, what: Callable[[], str], next_step: str) -> None:
    """Ask until it is done; a server that is away for a moment is asked again."""
    end = time.monotonic() + patience
    last = ""
    while time.monotonic() < end:
        try:
            if done():
                return
        except (NotFound, WaitAndRetry) as error:
            last = error.message
        time.sleep(_PAUSE)
    raise TimedOut(f"{what()} after {patience:.0f} s", next_step=next_step, detail=last)
