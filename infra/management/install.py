"""Makes a cluster a management cluster, again and again: only what differs is applied, what an older version left is removed."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from infra.errors import AlreadyExists, AuthDenied, NotFound
from infra.kube.manifests import ready
from infra.kube.manifests.apply import apply_patiently
from infra.kube.manifests.objects import Object, reference
from infra.management.compare import Difference, differences, surplus
from infra.management.objects import LABEL, NAMESPACE, Credentials, desired
from infra.management.settings import Settings, installed_version

if TYPE_CHECKING:
    from infra.kube.api import Api

Progress = Callable[[str], None]
NAME = "hera-install"
_AGAIN = "clusterctl bootstrap"
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
            list(pool.map(lambda item: apply_patiently(api, item.object), items))
        for item in items:
            (report.made if item.state == "missing" else report.changed).append(item.title)
        if kind == "CustomResourceDefinition":
            wait_ready(api, [item.object for item in items], progress, 60.0)


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


def wait_ready(api: Api, objects: Sequence[Object], progress: Progress, patience: float = READY) -> None:
    """Wait until every controller runs as it was applied last, every definition is served."""
    ready.wait_ready(api, objects, progress, patience, _AGAIN)


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
    ready.until(done, patience, what, _AGAIN)


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
