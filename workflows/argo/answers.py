"""What a person may do to a run: answer its question, stop it. Written as `argo node set`, `argo resume` and `argo stop` do it.

An answer names the version of the run that was looked at, so that two people can't both be the one who said yes.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from infra.errors import NotFound, Unsupported
from infra.kube.api import Api
from infra.kube.errors import Conflict
from workflows.argo.runs import Run, RunNode, path

_TRIES = 20


class Answered(NotFound):
    """Nothing waits for that answer (any more)."""


def answer(api: Api, namespace: str, name: str, node: str, *, approved: bool) -> str:
    """Answer the node of that display name, and return who the API server says did it.

    Raises:
        Answered: The node does not wait.
        AuthDenied: The API server does not let this person answer.
    """
    who = api.whoami()
    for _ in range(_TRIES):
        run = Run(api.get(path(namespace, name)))
        found = next((item for item in run.waiting if node in (item.display, item.id)), None)
        if found is None:
            raise Answered(f"{node} of {name} does not wait for an answer", next_step=f"clusterctl describe run {name}")
        if run.status.get("compressedNodes"):
            raise Unsupported(f"{name} has so many nodes that Argo packs them", next_step=f"argo node set {name} …")
        try:
            api.patch(path(namespace, name), _patch(run, found, "yes" if approved else "no", who))
        except Conflict:  # the controller wrote in between
            time.sleep(0.1)
            continue
        return who
    raise Conflict(f"{name} changes faster than it can be answered", next_step="try again")


def _patch(run: Run, node: RunNode, approved: str, who: str) -> dict[str, Any]:
    """Return the merge patch: both supplied outputs, then the end of the node."""
    values = {"approved": approved, "approved-by": who}
    outputs = dict(node.data.get("outputs") or {})
    outputs["parameters"] = [_supplied(item, values) for item in outputs.get("parameters") or ()]
    ended = {
        "phase": "Succeeded",
        "message": f"{'approved' if approved == 'yes' else 'rejected'} by {who}",
        "finishedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "outputs": outputs,
    }
    version = run.data["metadata"]["resourceVersion"]
    return {"metadata": {"resourceVersion": version}, "status": {"nodes": {node.id: ended}}}


def _supplied(item: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    if item["name"] not in values or "supplied" not in (item.get("valueFrom") or {}):
        return item
    return {key: value for key, value in item.items() if key != "valueFrom"} | {"value": values[item["name"]]}


def stop(api: Api, namespace: str, name: str) -> Run:
    """Ask a run to end: its steps get a signal and finish the call they are in, then the exit handler runs."""
    run = Run(api.get(path(namespace, name)))
    if run.ended:
        raise Answered(f"{name} has ended: {run.phase}", next_step=f"clusterctl describe run {name}")
    return Run(api.patch(path(namespace, name), {"spec": {"shutdown": "Stop"}}))
