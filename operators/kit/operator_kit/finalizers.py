"""Finalizers that can always be released: cleaning up is tried, and an annotation ends the waiting whatever it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.errors import NotFound
from infra.kube.api import Api

RELEASE = "operators.hera.dev/release"
"""Set to `true` to have the finalizer taken off without cleaning up."""


def has(obj: Mapping[str, Any], name: str) -> bool:
    """Tell whether the object waits for us."""
    return name in (obj["metadata"].get("finalizers") or ())


def is_going(obj: Mapping[str, Any]) -> bool:
    """Tell whether somebody has deleted the object."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def is_released(obj: Mapping[str, Any]) -> bool:
    """Tell whether somebody wants it gone without cleaning up."""
    return (obj["metadata"].get("annotations") or {}).get(RELEASE) == "true"


def put(api: Api, path: str, obj: Mapping[str, Any], name: str) -> None:
    """Have the object wait for us."""
    if not has(obj, name):
        _write(api, path, obj, [*(obj["metadata"].get("finalizers") or ()), name])


def take(api: Api, path: str, obj: Mapping[str, Any], name: str) -> None:
    """Let the object go."""
    if has(obj, name):
        try:
            _write(api, path, obj, [item for item in obj["metadata"]["finalizers"] if item != name])
        except NotFound:
            return


def _write(api: Api, path: str, obj: Mapping[str, Any], names: list[str]) -> None:
    version = obj["metadata"]["resourceVersion"]
    api.patch(path, {"metadata": {"finalizers": names, "resourceVersion": version}})
