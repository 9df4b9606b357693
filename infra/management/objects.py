"""What has to be on a management cluster: the manifests of k8s/, with the installation's settings put into them.

Pure but for `kubectl kustomize`, which needs no cluster. Everything carries `LABEL`, so that only what is ours is ever removed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.kube.manifests.objects import Object
from infra.kube.manifests.render import build
from infra.management.settings import IMAGES, Settings

FOLDER = Path(__file__).resolve().parents[2] / "k8s"
LABEL = "hera.dev/install"
NAMESPACE = "hera"
ORDER = (
    "Namespace", "CustomResourceDefinition", "PriorityClass", "ServiceAccount", "Role", "RoleBinding", "NetworkPolicy",
    "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ConfigMap", "Secret", "Service", "PodDisruptionBudget",
    "Deployment", "WorkflowTemplate", "CronWorkflow",
)  # fmt: skip
"""Kinds in the order in which they are made: what others need comes first, controllers before what they control."""
_DIGEST = "hera.dev/content"


@dataclass(frozen=True)
class Credentials:
    """What the simulation's parts trust each other by; made once per cluster."""

    access_key: str
    secret_key: str
    token: str

    def data(self, *names: str) -> dict[str, str]:
        """Return a Secret's data under these names."""
        values = (self.access_key, self.secret_key, self.token)
        return {name: base64.b64encode(value.encode()).decode() for name, value in zip(names, values, strict=True)}


def desired(settings: Settings, credentials: Credentials) -> list[Object]:
    """Return all objects in the order in which they are made."""
    objects = _built(FOLDER / "management" / "profiles" / settings.profile) + definitions()
    if settings.simulation:
        objects += _built(FOLDER / "management" / "simulation")
        objects += [_secret(name, place, credentials.data(*names)) for name, (place, names) in SECRETS.items()]
    objects += list(_pipelines(settings))
    for obj in objects:
        _settle(obj, settings)
    objects.sort(key=lambda obj: (ORDER.index(obj["kind"]), obj["metadata"].get("namespace", ""), obj["metadata"]["name"]))
    return objects


SECRETS = {
    "simulation-credentials": ("hera-simulation", ("user", "password", "token")),
    "hera-credentials": (NAMESPACE, ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "HERA_SIMULATOR_TOKEN")),
}
"""Secrets of a simulation: namespace, and names of access key, secret key and token. The second is every step's environment."""


def _built(folder: Path) -> list[Object]:
    return list(build(folder).objects)


def definitions() -> list[Object]:
    """Return Argo's custom resource definitions; 2 MB of JSON, so not by way of kustomize."""
    return [json.loads(path.read_text()) for path in sorted((FOLDER / "management" / "argo" / "crds").glob("*.json"))]


def _pipelines(settings: Settings) -> Iterator[Object]:
    """Yield the pipelines with this installation's defaults, and one nightly comparison a cluster."""
    for obj in _built(FOLDER / "base" / "workflows"):
        obj["metadata"]["namespace"] = NAMESPACE
        if obj["kind"] == "WorkflowTemplate":
            for parameter in obj["spec"]["arguments"]["parameters"]:
                value = {"state": settings.state_url, "simulate": str(settings.simulation).lower()}.get(parameter["name"])
                if value:
                    parameter["value"] = value
        yield obj
        if obj["kind"] == "CronWorkflow":
            yield from (_nightly(obj, cluster) for cluster in settings.drift)


def _nightly(pattern: Object, cluster: str) -> Object:
    made: Object = json.loads(json.dumps(pattern))
    made["metadata"]["name"] = f"{pattern['metadata']['name']}-{cluster}"
    made["spec"]["suspend"] = False
    for parameter in made["spec"]["workflowSpec"]["arguments"]["parameters"]:
        parameter["value"] = {"cluster": cluster}.get(parameter["name"], parameter.get("value", ""))
    return made


def _secret(name: str, namespace: str, data: Mapping[str, str]) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": dict(data)}


def _settle(obj: Object, settings: Settings) -> None:
    """Put the settings into one object."""
    metadata = obj["metadata"]
    metadata.setdefault("labels", {})[LABEL] = "management"
    if obj["kind"] == "CustomResourceDefinition":
        return
    _replace_images(obj, settings)
    if obj["kind"] == "ConfigMap" and metadata["name"] == "workflow-controller-configmap":
        obj["data"]["config"] = controller_config(obj["data"].get("config", ""), settings)
    if obj["kind"] == "ConfigMap" and metadata["name"] == "hera-environment":
        obj["data"] = settings.environment()
    if obj["kind"] == "Deployment":
        _settle_deployment(obj, settings)


def controller_config(text: str, settings: Settings) -> str:
    """Return the controller's configuration with the artifact store in it."""
    import yaml

    repository = settings.artifact_repository()
    return text + (yaml.safe_dump({"artifactRepository": repository}, sort_keys=True) if repository else "")


def _replace_images(node: Any, settings: Settings) -> None:
    """Replace images and pull policies wherever they stand."""
    names = {reference: name for name, reference in IMAGES.items()}
    prefixes = {"--executor-image=": settings.image("argoexec"), "--executor-image-pull-policy=": settings.pull}
    if isinstance(node, dict):
        if node.get("image") in names:
            node["image"], node["imagePullPolicy"] = settings.image(names[node["image"]]), settings.pull
        for value in node.values():
            _replace_images(value, settings)
    elif isinstance(node, list):
        for position, value in enumerate(node):
            found = next((prefix for prefix in prefixes if isinstance(value, str) and value.startswith(prefix)), None)
            if found:
                node[position] = found + prefixes[found]
            _replace_images(value, settings)


def _settle_deployment(obj: Object, settings: Settings) -> None:
    template = obj["spec"]["template"]
    container = template["spec"]["containers"][0]
    name = obj["metadata"]["name"]
    if name == "argo-server" and settings.open_ui:
        container["args"] += ["--auth-mode=server", "--secure=false"]
        container["readinessProbe"]["httpGet"]["scheme"] = "HTTP"
    content = [settings.digests.get(name, "")]
    if obj["metadata"]["namespace"] == "argo":
        content += [settings.digests.get("argoexec", ""), controller_config("", settings), settings.profile]
    digest = hashlib.sha256("\n".join(content).encode()).hexdigest()[:16]
    template["metadata"].setdefault("annotations", {})[_DIGEST] = digest
