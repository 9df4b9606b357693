"""What names an object, and in which order objects are made: what others need first, controllers before their configurations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Object = dict[str, Any]

WAVES: tuple[frozenset[str], ...] = (
    frozenset({"Namespace", "CustomResourceDefinition", "PriorityClass", "StorageClass", "RuntimeClass"}),
    frozenset(),
    frozenset({"Service", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "PodDisruptionBudget"}),
    frozenset({
        "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration",
    }),
)  # fmt: skip
"""Kinds by wave; kinds of Kubernetes that are in none belong to the second, all other kinds to the last."""
_BUILT_IN = frozenset({"", "apps", "autoscaling", "batch", "policy"})
_SERVERS = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")


class Reference(NamedTuple):
    """What names an object."""

    version: str
    kind: str
    namespace: str
    name: str

    @property
    def group(self) -> str:
        """The API group; empty for the core."""
        return self.version.rpartition("/")[0]

    @property
    def title(self) -> str:
        """How the object is named to people."""
        return f"{self.kind} {f'{self.namespace}/' if self.namespace else ''}{self.name}"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The identity that stays when the API version changes."""
        return self.group, self.kind, self.namespace, self.name

    @property
    def wave(self) -> int:
        """The wave in which the object is made; it is removed in the opposite order."""
        if self.group not in _BUILT_IN and not self.group.endswith(".k8s.io"):
            return len(WAVES) - 1
        return next((number for number, kinds in enumerate(WAVES) if self.kind in kinds), 1)


def reference(obj: Mapping[str, Any]) -> Reference:
    """Return what names an object."""
    metadata = obj["metadata"]
    return Reference(str(obj["apiVersion"]), str(obj["kind"]), str(metadata.get("namespace", "")), str(metadata["name"]))


def named(item: Reference) -> Object:
    """Return the object that has nothing but the name: enough to find or delete it."""
    metadata = {"name": item.name} | ({"namespace": item.namespace} if item.namespace else {})
    return {"apiVersion": item.version, "kind": item.kind, "metadata": metadata}


def in_waves(items: Iterable[Reference], *, backwards: bool = False) -> list[list[Reference]]:
    """Return the references wave by wave, empty waves left out."""
    waves: list[list[Reference]] = [[] for _ in WAVES]
    for item in items:
        waves[item.wave].append(item)
    return [wave for wave in (reversed(waves) if backwards else waves) if wave]


def plain(obj: Mapping[str, Any]) -> Object:
    """Return an object without what the server adds to each."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _SERVERS}
    return {key: value for key, value in obj.items() if key != "status"} | {"metadata": metadata}


def digest(data: Any) -> str:
    """Return a short digest of JSON data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def owned(metadata: Mapping[str, Any], manager: str) -> str:
    """Return the digest of the fields that a manager applied and that still are as it applied them; empty when there are none.

    When somebody else changes or removes such a field, the API server takes it out of this manager's list.
    """
    for entry in metadata.get("managedFields") or ():
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource"):
            return digest(entry.get("fieldsV1"))
    return ""
