"""The Secret itself: what it has to look like, whether that differs from what is there, and the one write that makes it so."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.errors import AlreadyExists, ConfigRejected, NotFound
from infra.kube.api import Api, Object
from secrets_operator.models import EXTERNAL, GROUP, ExternalSecretSpec, TemplateMetadata

MANAGED = f"{GROUP}/managed"
OWNER = f"{GROUP}/external-secret"
MERGING = ("Merge", "CreateOrMerge")


@dataclass(frozen=True)
class Wish:
    """What the Secret has to be."""

    namespace: str
    name: str
    policy: str
    owner: str
    uid: str
    data: Mapping[str, str]
    type: str
    immutable: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def path(self) -> str:
        """Where the API server keeps it."""
        return f"/api/v1/namespaces/{self.namespace}/secrets/{self.name}"

    @property
    def merges(self) -> bool:
        """Whether others' keys stay."""
        return self.policy in MERGING


def wish(external: Object, spec: ExternalSecretSpec, content: Mapping[str, bytes]) -> Wish:
    """Return what the Secret of an ExternalSecret has to be."""
    metadata, template = external["metadata"], spec.target.template
    own = template.metadata if template else TemplateMetadata()
    return Wish(
        namespace=metadata["namespace"],
        name=spec.target.name or metadata["name"],
        policy=spec.target.creation_policy,
        owner=metadata["name"],
        uid=metadata["uid"],
        data={key: base64.b64encode(value).decode() for key, value in sorted(content.items())},
        type=template.type if template else "Opaque",
        immutable=spec.target.immutable,
        labels={**own.labels, MANAGED: "true"},
        annotations={
            **own.annotations,
            **({} if spec.target.creation_policy in MERGING else {OWNER: metadata["name"]}),
            keys_annotation(metadata["name"]): ",".join(sorted(content)),
        },
    )


def keys_annotation(owner: str) -> str:
    """Return the annotation with the names of the keys that an ExternalSecret wrote; several may merge into one Secret."""
    short = owner if len(owner) <= 63 else f"{owner[:50]}-{hashlib.sha256(owner.encode()).hexdigest()[:12]}"
    return f"keys.{GROUP}/{short}"


def written_keys(owner: str, found: Object) -> list[str]:
    """Return the keys that an ExternalSecret wrote into a Secret."""
    names = (found["metadata"].get("annotations") or {}).get(keys_annotation(owner)) or ""
    return [name for name in names.split(",") if name]


def read(api: Api, namespace: str, name: str) -> Object | None:
    """Return the Secret, if there is one."""
    try:
        return api.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
    except NotFound:
        return None


def write(api: Api, wanted: Wish, found: Object | None) -> Object | None:
    """Make the Secret be as wanted, in one write; return it if it had to be written."""
    if found is None:
        if wanted.policy == "Merge":
            raise NotFound(f"there is no Secret {wanted.name} to merge into", next_step="create it, or use CreateOrMerge")
        return api.create(f"/api/v1/namespaces/{wanted.namespace}/secrets", _new(wanted))
    if not wanted.merges:
        check_owner(wanted.name, wanted.owner, wanted.uid, found)
    patch = difference(wanted, found)
    if not patch:
        return None
    if found.get("immutable") and "data" in patch:
        raise ConfigRejected(f"the Secret {wanted.name} is immutable", next_step="delete it, and it is made anew")
    patch.setdefault("metadata", {})["resourceVersion"] = found["metadata"]["resourceVersion"]
    return api.patch(wanted.path, patch)


def difference(wanted: Wish, found: Object) -> dict[str, Any]:
    """Return the merge patch from what is there to what is wanted; empty when they are alike."""
    if not wanted.merges and found.get("type", "Opaque") != wanted.type:
        raise ConfigRejected(
            f"the Secret {wanted.name} has type {found.get('type')}, which cannot change",
            next_step="delete it, and it is made anew",
        )
    patch: dict[str, Any] = {}
    data = _data(wanted, found)
    if data:
        patch["data"] = data
    metadata: dict[str, Any] = {
        part: changed
        for part, want in (("labels", wanted.labels), ("annotations", wanted.annotations))
        if (changed := {key: value for key, value in want.items() if (found["metadata"].get(part) or {}).get(key) != value})
    }
    owners = found["metadata"].get("ownerReferences") or []
    if wanted.policy == "Owner" and not any(item.get("uid") == wanted.uid for item in owners):
        others = [item for item in owners if (item.get("kind"), item.get("name")) != (EXTERNAL.kind, wanted.owner)]
        metadata["ownerReferences"] = [*others, _owner(wanted)]
    if metadata:
        patch["metadata"] = metadata
    if wanted.immutable and not found.get("immutable"):
        patch["immutable"] = True
    return patch


def check_owner(name: str, owner: str, uid: str, found: Object) -> None:
    """Raise `AlreadyExists` unless the Secret is the ExternalSecret's own, by reference or by the name that it carries."""
    metadata = found["metadata"]
    by_reference = any(item.get("uid") == uid for item in metadata.get("ownerReferences") or ())
    by_name = (metadata.get("labels") or {}).get(MANAGED) == "true" and (metadata.get("annotations") or {}).get(OWNER) == owner
    if not by_reference and not by_name:
        raise AlreadyExists(
            f"the Secret {name} is there and is not this ExternalSecret's",
            next_step="choose another target.name, delete the Secret, or use creationPolicy Merge",
        )


def _data(wanted: Wish, found: Object) -> dict[str, str | None]:
    there: dict[str, str] = found.get("data") or {}
    changed: dict[str, str | None] = {key: value for key, value in wanted.data.items() if there.get(key) != value}
    ours = written_keys(wanted.owner, found) if wanted.merges else list(there)
    return changed | {key: None for key in ours if key in there and key not in wanted.data}


def _new(wanted: Wish) -> Object:
    metadata: dict[str, Any] = {
        "name": wanted.name,
        "namespace": wanted.namespace,
        "labels": dict(wanted.labels),
        "annotations": dict(wanted.annotations),
    }
    if wanted.policy == "Owner":
        metadata["ownerReferences"] = [_owner(wanted)]
    made = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": wanted.type, "data": dict(wanted.data)}
    return made | ({"immutable": True} if wanted.immutable else {})


def _owner(wanted: Wish) -> dict[str, Any]:
    return {
        "apiVersion": EXTERNAL.api_version,
        "kind": EXTERNAL.kind,
        "name": wanted.owner,
        "uid": wanted.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
