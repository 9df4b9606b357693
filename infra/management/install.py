"""Makes a cluster a management cluster, again and again: only what differs is applied, what an older version left is removed."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from infra.errors import AlreadyExists, AuthDenied, HeraError, NotFound, StepFailed, TimedOut, WaitAndRetry
from infra.management.compare import Difference, differences, surplus
from infra.management.objects import LABEL, NAMESPACE, Credentials, Object, desired, reference
from infra.management.settings import Settings, installed_version

if TYPE_CHECKING:
    from infra.kube.api import Api

Progress = Callable[[str], None]
NAME = "hera-install"
READY = 240.0
"""Seconds that controllers have to become ready; images may have to be pulled."""
_MANIFEST = f"/api/v1/namespaces/{NAMESPACE}/configmaps/{NAME}"
_SECRET = "/api/v1/namespaces/hera-simulation/secrets/simulation-credentials"
_WORKFLOWS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/workflows"
Reference = tuple[str, str, str, str]


@dataclass(frozen=True)
class Installed:
    """What the cluster says of itself."""

    version: str
    settings: Settings
    objects: tuple[Reference, ...]


@dataclass
class Report:
    """What an installation did."""

    version: str
    before: str = ""
    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    notes: list[str] = field(default_factory=list)


def installed(api: Api) -> Installed | None:
    """Return what was installed, or None when there is nothing."""
    try:
        data = api.get(_MANIFEST)["data"]
    except NotFound:
        return None
    found = [tuple(item) for item in json.loads(data.get("objects", "[]"))]
    return Installed(data.get("version", ""), Settings.from_json(data.get("settings", "{}")), tuple(found))


def wanted_objects(api: Api, settings: Settings) -> list[Object]:
    """Return what has to be there, with the credentials that the cluster has already."""
    return desired(settings, _credentials(api))


def _credentials(api: Api) -> Credentials:
    data: dict[str, str] = {}
    with suppress(NotFound):
        data = {key: base64.b64decode(value).decode() for key, value in api.get(_SECRET)["data"].items()}
    return Credentials(
        data.get("user") or "hera" + secrets.token_hex(8),
        data.get("password") or secrets.token_urlsafe(30),
        data.get("token") or secrets.token_urlsafe(30),
    )


def install(api: Api, settings: Settings, progress: Progress) -> Report:
    """Install or upgrade; safe to repeat and to interrupt."""
    before = installed(api)
    wanted = wanted_objects(api, settings)
    progress(f"comparing {len(wanted)} objects with the cluster")
    found = _ours(differences(api, wanted))
    report = Report(installed_version(), before.version if before else "", unchanged=len(wanted) - len(found))
    had = before.objects if before else ()
    gone = surplus(had, wanted)
    if found or gone or before is None or before.version != report.version or before.settings != settings:
        _apply(api, found, progress, report, lambda: _remember(api, settings, {*had, *map(reference, wanted)}, before))
    wait_ready(api, [obj for obj in wanted if obj["kind"] == "Deployment"], progress)
    _apply_kinds(api, [item for item in found if item.object["kind"] in _LAST], progress, report)
    report.removed += _prune(api, gone, progress)
    wait_guard(api, progress)
    _remember(api, settings, {reference(obj) for obj in wanted}, None, version=report.version)
    return report


_LAST = ("WorkflowTemplate", "CronWorkflow")


def _ours(found: Sequence[Difference]) -> list[Difference]:
    """Leave somebody else's definitions and namespaces' other fields alone; refuse to take over somebody else's controller."""
    taken = next((item for item in found if item.state == "foreign" and item.object["kind"] == "Deployment"), None)
    if taken:
        raise AlreadyExists(
            f"{taken.title} is there and was not installed by Hera",
            next_step="use a cluster without Argo Workflows in the namespace `argo`, or remove that installation first",
        )
    return [item for item in found if not item.left_alone]


def _apply(api: Api, found: Sequence[Difference], progress: Progress, report: Report, remember: Callable[[], None]) -> None:
    """Apply all but pipelines; the list of objects is written down as soon as there is a namespace for it."""
    _apply_kinds(api, [item for item in found if item.object["kind"] == "Namespace"], progress, report)
    remember()
    rest = [item for item in found if item.object["kind"] not in ("Namespace", *_LAST)]
    _apply_kinds(api, rest, progress, report)


def _apply_kinds(api: Api, found: Sequence[Difference], progress: Progress, report: Report) -> None:
    """Apply kind by kind, the objects of one kind at once."""
    for kind, group in groupby(found, key=lambda item: str(item.object["kind"])):
        items = list(group)
        progress(f"applying {len(items)} {kind}{'s' if len(items) > 1 else ''}")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda item: _apply_one(api, item), items))
        for item in items:
            (report.made if item.state == "missing" else report.changed).append(item.title)
        if kind == "CustomResourceDefinition":
            _wait_established(api, [item.object for item in items])


def _apply_one(api: Api, item: Difference, patience: float = 30.0) -> None:
    end = time.monotonic() + patience
    while True:
        try:
            api.apply(item.object)
            return
        except (NotFound, WaitAndRetry) as error:  # a kind or namespace that is not served yet, or a server that is busy
            if time.monotonic() > end:
                raise StepFailed(f"{item.title} was not accepted: {error.message}", detail=error.detail) from error
            time.sleep(0.5)


def _wait_established(api: Api, definitions: Sequence[Object]) -> None:
    def served(obj: Object) -> bool:
        conditions = api.get(api.path_of(obj)).get("status", {}).get("conditions") or ()
        return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)

    _until(lambda: all(served(obj) for obj in definitions), 60, lambda: "the API server does not serve Argo's kinds")


def _remember(api: Api, settings: Settings, objects: set[Reference], before: Installed | None, *, version: str = "") -> None:
    """Write down what is installed; with both lists while it goes on, so that an interrupted upgrade forgets nothing."""
    data = {
        "version": version or (before.version if before else ""),
        "settings": settings.to_json(),
        "objects": json.dumps(sorted(objects, key=_place)),
    }
    metadata = {"name": NAME, "namespace": NAMESPACE, "labels": {LABEL: "management"}}
    api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def _place(item: Reference) -> tuple[int, Reference]:
    from infra.management.objects import ORDER

    return (ORDER.index(item[1]) if item[1] in ORDER else len(ORDER), item)


def _prune(api: Api, gone: Sequence[Object], progress: Progress) -> list[str]:
    """Remove what this version has no more, if it is still ours."""
    removed = []
    for obj in gone:
        with suppress(NotFound):
            path = api.path_of(obj)
            if LABEL in api.get(path)["metadata"].get("labels", {}):
                title = Difference(obj, "surplus").title
                progress(f"removing {title}, which this version has no more")
                api.delete(path)
                removed.append(title)
    return removed


def wait_ready(api: Api, deployments: Sequence[Object], progress: Progress, patience: float = READY) -> None:
    """Wait until every controller runs as it was applied last."""
    end, told = time.monotonic() + patience, ""
    while waiting := [obj for obj in deployments if not is_ready(api.get(api.path_of(obj)))]:
        names = ", ".join(obj["metadata"]["name"] for obj in waiting)
        if names != told:
            progress(f"waiting for {names}")
            told = names
        if time.monotonic() > end:
            why = "\n".join(line for obj in waiting for line in _troubles(api, obj))
            raise TimedOut(f"{names} did not become ready in {patience:.0f} s", next_step="clusterctl bootstrap", detail=why)
        time.sleep(0.3)


def is_ready(live: Object) -> bool:
    """Return whether all of a Deployment's pods run as it was applied last."""
    wanted, status = live["spec"].get("replicas", 1), live.get("status", {})
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return status.get("observedGeneration") == live["metadata"]["generation"] and counts == [wanted] * 3


def _troubles(api: Api, deployment: Object) -> list[str]:
    """Return why its pods do not run, in the kubelet's words."""
    labels = ",".join(f"{key}={value}" for key, value in deployment["spec"]["selector"]["matchLabels"].items())
    lines = []
    for pod in api.items(f"/api/v1/namespaces/{deployment['metadata']['namespace']}/pods", labelSelector=labels):
        status = pod.get("status", {})
        for container in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
            for state in (container.get("state", {}), container.get("lastState", {})):
                why = state.get("waiting") or state.get("terminated") or {}
                if why.get("reason"):
                    lines.append(
                        f"{pod['metadata']['name']}/{container['name']}: {why['reason']} {why.get('message', '')}".strip()
                    )
        lines += [
            f"{pod['metadata']['name']}: {item['message']}" for item in status.get("conditions") or () if item.get("message")
        ]
    return lines or [f"{deployment['metadata']['name']}: no pods yet"]


def forged(pipeline: str = "create-cluster") -> Object:
    """Return a run that names somebody else as the one who asks."""
    parameters = [{"name": "cluster", "value": "nobody"}, {"name": "actor", "value": "somebody-else"}]
    spec = {"workflowTemplateRef": {"name": pipeline}, "arguments": {"parameters": parameters}}
    metadata = {"generateName": "forged-", "namespace": NAMESPACE}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": spec}


def wait_guard(api: Api, progress: Progress) -> None:
    """Wait until the guard really refuses: a policy takes effect a moment after it is written."""
    if not guarded(api):
        progress("waiting for the guard of runs")
        _until(lambda: guarded(api), 60, lambda: "the guard lets a forged run in (ValidatingAdmissionPolicy hera-runs)")


def guarded(api: Api) -> bool:
    """Return whether a forged run is refused; nothing is made."""
    try:
        api.create(f"{_WORKFLOWS}?dryRun=All", forged())
    except AuthDenied as error:
        if "hera-runs" in error.message:
            return True
        raise
    return False


def running(api: Api) -> list[str]:
    """Return the runs that go on."""
    with suppress(NotFound):
        found = api.items(_WORKFLOWS, labelSelector="workflows.argoproj.io/completed!=true")
        return [item["metadata"]["name"] for item in found]
    return []


def remove(api: Api, progress: Progress) -> list[str]:
    """Take everything of Hera's off the cluster, last made first, and wait until it is gone."""
    found = installed(api)
    if found is None:
        return []
    gone = surplus(found.objects, ())
    removed = _prune(api, gone, progress)
    spaces = [obj for obj in gone if obj["kind"] == "Namespace"]
    _until(lambda: not any(_there(api, obj) for obj in spaces), 180, lambda: "namespaces are still being deleted")
    return removed


def _there(api: Api, obj: Object) -> bool:
    try:
        return LABEL in api.get(api.path_of(obj))["metadata"].get("labels", {})
    except NotFound:
        return False


def _until(done: Callable[[], bool], patience: float, what: Callable[[], str]) -> None:
    end = time.monotonic() + patience
    last: HeraError | None = None
    while time.monotonic() < end:
        try:
            if done():
                return
        except (NotFound, WaitAndRetry) as error:
            last = error
        time.sleep(0.3)
    raise TimedOut(f"{what()} after {patience:.0f} s", next_step="clusterctl bootstrap", detail=last.message if last else "")


def summary(report: Report) -> dict[str, Any]:
    """Return the report as programs read it."""
    return {
        "version": report.version,
        "before": report.before,
        "made": report.made,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
    }
