"""The parent of an apply set (KEP-3659): which objects belong to it, and how each was when it was applied last."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from infra.errors import NotFound
from infra.kube.manifests.objects import Object, Reference

if TYPE_CHECKING:
    from infra.kube.api import Api

PART_OF = "applyset.kubernetes.io/part-of"
_ID = "applyset.kubernetes.io/id"
_KINDS = "applyset.kubernetes.io/contains-group-kinds"
_NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
_TOOLING = "applyset.kubernetes.io/tooling"
TOOLING = "hera/v1"


@dataclass(frozen=True)
class ApplySet:
    """Names a set by its parent, a ConfigMap."""

    name: str
    namespace: str = "kube-system"
    manager: str = "hera-platform"
    """The field manager that applies."""

    @property
    def id(self) -> str:
        """What the members' label says: made from the parent's name as the KEP has it."""
        name = f"{self.name}.{self.namespace}.ConfigMap."
        return f"applyset-{base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).rstrip(b'=').decode()}-v1"

    @property
    def labels(self) -> Mapping[str, str]:
        """The members' label."""
        return {PART_OF: self.id}

    @property
    def path(self) -> str:
        """The parent's path."""
        return f"/api/v1/namespaces/{self.namespace}/configmaps/{self.name}"


@dataclass(frozen=True)
class Seen:
    """How an object was when it was applied: digests of its manifest, and of our fields on the server."""

    manifest: str = ""
    live: str = ""


@dataclass(frozen=True)
class Record:
    """What the parent remembers."""

    rendered: str = ""
    """Digest of the manifests that were applied to the end; empty while that goes on."""
    objects: Mapping[Reference, Seen] = field(default_factory=dict)

    @property
    def kinds(self) -> frozenset[tuple[str, str]]:
        """Version and kind of all that may carry the label."""
        return frozenset((item.version, item.kind) for item in self.objects)

    def including(self, items: Iterable[Reference]) -> Record:
        """Return the record for while it goes on: what was there and what will be, so that nothing is forgotten half-way."""
        return replace(self, rendered="", objects=dict.fromkeys(items, Seen()) | dict(self.objects))


def load(api: Api, applyset: ApplySet) -> Record:
    """Return what the parent remembers; nothing when there is none."""
    try:
        parent = api.get(applyset.path)
    except NotFound:
        return Record()
    data = parent.get("data") or {}
    objects = {Reference(*name): Seen(*seen) for name, seen in json.loads(data.get("objects", "[]"))}
    return Record(data.get("rendered", ""), objects)


def save(api: Api, applyset: ApplySet, record: Record) -> None:
    """Write the parent."""
    groups = sorted({f"{kind}.{_group(version)}".rstrip(".") for version, kind in record.kinds})
    namespaces = sorted({item.namespace for item in record.objects} - {"", applyset.namespace})
    parent: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": applyset.name,
            "namespace": applyset.namespace,
            "labels": {_ID: applyset.id},
            "annotations": {_TOOLING: TOOLING, _KINDS: ",".join(groups), _NAMESPACES: ",".join(namespaces)},
        },
        "data": {
            "rendered": record.rendered,
            "objects": json.dumps(sorted([list(item), [seen.manifest, seen.live]] for item, seen in record.objects.items())),
        },
    }
    api.apply(parent, manager=applyset.manager)


def _group(version: str) -> str:
    return version.rpartition("/")[0]
