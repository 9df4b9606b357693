"""Restarting what uses a Secret when it changes: only workloads that ask for it by an annotation.

`secrets.hera.dev/restart: "true"` on a Deployment, StatefulSet or DaemonSet; its pods' template then gets the Secret's version
as an annotation, and Kubernetes rolls it out as it would any change. The Secret itself says that restarts are due, in the write
that changes its values, and forgets it when they are done: whoever is killed in between leaves that to the next round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.kube.api import Api, Object

OPT_IN = "secrets.hera.dev/restart"
VERSION = "version.secrets.hera.dev"
DUE = "secrets.hera.dev/restart-due"
PLURALS = ("deployments", "statefulsets", "daemonsets")


def asking(api: Api, namespace: str, secret: str) -> list[str]:
    """Return the paths of the workloads that want to be restarted when a Secret changes."""
    collections = (f"/apis/apps/v1/namespaces/{namespace}/{plural}" for plural in PLURALS)
    return [f"{path}/{item['metadata']['name']}" for path in collections for item in api.items(path) if _asks(item, secret)]


def is_due(secret: Object) -> bool:
    """Tell whether a Secret was changed and its consumers were not all restarted yet."""
    return DUE in (secret["metadata"].get("annotations") or {})


def restart(api: Api, secret: Object) -> Object:
    """Have every workload that asked for it take up a Secret's new version; return the Secret without the note that it is due."""
    namespace, name, version = (secret["metadata"][key] for key in ("namespace", "name", "resourceVersion"))
    annotation = {f"{VERSION}/{name[:60]}": version}
    for path in asking(api, namespace, name):
        api.patch(path, {"spec": {"template": {"metadata": {"annotations": annotation}}}})
    done = {"metadata": {"annotations": {DUE: None}, "resourceVersion": version}}
    return api.patch(f"/api/v1/namespaces/{namespace}/secrets/{name}", done)


def _asks(workload: Mapping[str, Any], secret: str) -> bool:
    wanted = (workload["metadata"].get("annotations") or {}).get(OPT_IN) == "true"
    return wanted and secret in set(used(workload["spec"]["template"]["spec"]))


def used(pod: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the Secrets that a pod reads, by volume or by environment."""
    for volume in pod.get("volumes") or ():
        if volume.get("secret"):
            yield volume["secret"].get("secretName", "")
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get("secret"):
                yield source["secret"].get("name", "")
    for container in (*(pod.get("containers") or ()), *(pod.get("initContainers") or ())):
        for source in container.get("envFrom") or ():
            yield (source.get("secretRef") or {}).get("name", "")
        for variable in container.get("env") or ():
            yield ((variable.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name", "")
