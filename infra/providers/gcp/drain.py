"""Removes what Kubernetes made in the cloud, so that the network can go; Terraform knows nothing of it."""

from __future__ import annotations

from infra.providers.base import CloudObject
from infra.providers.gcp.kubernetes_made import REMOVAL, Found, find
from infra.providers.gcp.rest import Rest, relative


def drain(rest: Rest, name: str) -> list[CloudObject]:
    """Remove load balancers and volumes of the cluster; return what was removed (or goes with its machine)."""
    found = find(rest, name)
    for step in REMOVAL:
        rest.each(lambda item: _remove(rest, item), [item for item in found if item.path.split("/")[-2] in step])
    return [CloudObject(item.type, item.path, item.name) for item in found]


def _remove(rest: Rest, item: Found) -> None:
    """Delete an object; a volume that a node still holds is told to go with that node."""
    users = item.data.get("users", ()) if item.type == "google_compute_disk" else ()
    for user in users:
        _delete_with_machine(rest, item, relative(user))
    if not users:
        rest.delete(item.path)


def _delete_with_machine(rest: Rest, disk: Found, machine: str) -> None:
    for attached in rest.get(machine).get("disks", ()):
        if relative(attached.get("source", "")) == disk.path:
            rest.post(f"{machine}/setDiskAutoDelete", {"autoDelete": "true", "deviceName": attached["deviceName"]})
