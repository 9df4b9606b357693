"""Removes what controllers made in the cloud for a cluster that goes away, while those controllers still live.

Order: objects of our own kinds (their operators clean up), then load balancers, then volumes and what holds them. What does not
go in time is named and left to the cloud's own inventory (`Provider.drain`), which the end of a cluster asks anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from infra.errors import NotFound, TimedOut
from infra.kube.manifests.objects import Object, Reference, reference
from infra.kube.manifests.ready import Progress, until

if TYPE_CHECKING:
    from infra.kube.api import Api

PATIENCE = 300.0
_WORKLOADS = (
    ("batch/v1", "CronJob"), ("batch/v1", "Job"), ("apps/v1", "Deployment"), ("apps/v1", "DaemonSet"),
    ("apps/v1", "StatefulSet"), ("apps/v1", "ReplicaSet"), ("v1", "Pod"),
)  # fmt: skip
"""What may hold a volume, controllers before what they control."""
_SYSTEM = frozenset({"kube-system", "kube-public", "kube-node-lease"})
Selection = Callable[[Object], bool]


def drain(api: Api, progress: Progress, *, patience: float = PATIENCE, group: str = "hera.dev") -> list[str]:
    """Remove all of it; return what did not go in time, in words."""
    steps = (
        ("objects of our own kinds", lambda: _custom(api, group)),
        ("load balancers", lambda: _balancers(api)),
        ("workloads with volumes", lambda: _holders(api)),
        ("volume claims", lambda: _all(api, "v1", "PersistentVolumeClaim")),
    )
    left = [line for what, find in steps for line in _clear(api, what, find, progress, patience)]
    return left + _volumes(api, progress, patience)


def _clear(api: Api, what: str, find: Callable[[], list[Reference]], progress: Progress, patience: float) -> list[str]:
    """Delete what is found until nothing is found."""
    found = find()
    if not found:
        return []
    progress(f"removing {len(found)} {what}")

    def gone() -> bool:
        found[:] = find()
        for item in found:
            api.delete(f"{api.collection_of(item.version, item.kind, item.namespace)}/{item.name}")
        return not found

    return _wait(gone, what, found, patience)


def _wait(gone: Callable[[], bool], what: str, found: list[Reference], patience: float) -> list[str]:
    try:
        until(gone, patience, lambda: f"{what} are still there", "")
    except TimedOut as problem:
        return [f"{problem.message}: {', '.join(item.title for item in found[:5])}"]
    return []


def _volumes(api: Api, progress: Progress, patience: float) -> list[str]:
    """Wait for the volumes that go with their claims; a volume that is to be kept is kept."""
    found: list[Reference] = []

    def gone() -> bool:
        found[:] = _all(api, "v1", "PersistentVolume", _goes_with_its_claim)
        return not found

    if not gone():
        progress(f"waiting for {len(found)} volumes to go")
        return _wait(gone, "volumes", found, patience)
    return []


def _goes_with_its_claim(volume: Object) -> bool:
    return bool(volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete" and volume["spec"].get("claimRef"))


def _all(api: Api, version: str, kind: str, chosen: Selection = lambda _: True, space: str = "") -> list[Reference]:
    names = {"apiVersion": version, "kind": kind}
    return [reference(item | names) for item in api.items(api.collection_of(version, kind, space)) if chosen(item)]


def _custom(api: Api, group: str) -> list[Reference]:
    """Return the objects of every kind of a group that definitions on the cluster serve."""
    found = []
    for definition in api.items(api.collection_of("apiextensions.k8s.io/v1", "CustomResourceDefinition")):
        spec = definition["spec"]
        if spec["group"] == group or spec["group"].endswith(f".{group}"):
            stored = next(item["name"] for item in spec["versions"] if item["storage"])
            try:
                found += _all(api, f"{spec['group']}/{stored}", spec["names"]["kind"])
            except NotFound:  # it went in between
                continue
    return found


def _balancers(api: Api) -> list[Reference]:
    services = _all(api, "v1", "Service", lambda item: item["spec"].get("type") == "LoadBalancer")
    return services + _all(api, "networking.k8s.io/v1", "Ingress")


def _holders(api: Api) -> list[Reference]:
    """Return the workloads of every namespace that has volume claims; a claim does not go while a pod uses it."""
    claims = {item.namespace for item in _all(api, "v1", "PersistentVolumeClaim")} - _SYSTEM
    return [item for version, kind in _WORKLOADS for space in sorted(claims) for item in _all(api, version, kind, space=space)]
