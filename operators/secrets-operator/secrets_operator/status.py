"""Writing a status only when it says something new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra.kube.api import Api, Object
from operator_kit.conditions import Condition, merge
from operator_kit.crd import Kind
from operator_kit.events import Recorder


def tell(
    api: Api,
    recorder: Recorder,
    kind: Kind,
    obj: Object,
    conditions: Sequence[Condition],
    more: Mapping[str, Any] | None = None,
) -> bool:
    """Write conditions and further fields if they are new; return whether they were. The first condition makes the event."""
    metadata, status = obj["metadata"], obj.get("status") or {}
    now = {"conditions": merge(status.get("conditions") or (), conditions, metadata["generation"]), **(more or {})}
    if all(status.get(key) == value for key, value in now.items()):
        return False
    api.patch(kind.path(metadata.get("namespace", ""), metadata["name"]) + "/status", {"status": now})
    first = conditions[0]
    recorder.tell(obj | {"apiVersion": kind.api_version, "kind": kind.kind}, first.reason, first.message, warning=not first.holds)
    return True
