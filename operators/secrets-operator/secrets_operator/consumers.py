"""Restarting what uses a Secret when it changes: only workloads that ask for it by an annotation.

`secrets.hera.dev/restart: "true"` on a Deployment, StatefulSet or DaemonSet; its pods' template then gets the Secret's version
as an annotation, and Kubernetes rolls it out as it would any change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.kube.api import Api

OPT_IN = "secrets.hera.dev/restart"
VERSION = "version.secrets.hera.dev"
PLURALS = ("deployments", "statefulsets", "daemonsets")


def restart(api: Api, namespace: str, secret: str, version: str) -> int:
    """Have every workload that asked for it take up a Secret's new version; return how many."""
    count = 0
    for plural in PLURALS:
        path = f"/apis/apps/v1/namespaces/{namespace}/{plural}"
        for item in api.items(path):
            if (item["metadata"].get("annotations") or {}).get(OPT_IN) == "true" and secret in set(
                used(item["spec"]["template"]["spec"])
            ):
                annotation = {f"{VERSION}/{secret[:60]}": version}
                patch = {"spec": {"template": {"metadata": {"annotations": annotation}}}}
                api.patch(f"{path}/{item['metadata']['name']}", patch)
                count += 1
    return count


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
