"""Terraform's states as they lie in the store: under which key, and what is in them. Never written here."""

from __future__ import annotations

import json
from typing import Any

from infra import providers
from infra.locations import StateLocation, state_key
from infra.objects import ObjectStore


def state_object(location: StateLocation, cluster: str, stage: str) -> str:
    """Return the key of a stage's state in the store of a location."""
    if location.scheme == "file":
        return state_key(cluster, stage)
    return providers.for_scheme(location.scheme).state_object(location, cluster, stage)


def parse(data: bytes) -> dict[str, Any]:
    """Return a state file's content; empty when it is none, or not all of one."""
    try:
        state = json.loads(data)
    except ValueError:
        return {}
    return state if isinstance(state, dict) and "lineage" in state else {}


def read(store: ObjectStore, location: StateLocation, cluster: str, stage: str) -> dict[str, Any]:
    """Return a stage's state; empty when there is none."""
    stored = store.get(state_object(location, cluster, stage))
    return parse(stored.data) if stored else {}


def outputs(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state's outputs, those too that the ledger does not hold because they are sensitive."""
    return {name: item.get("value") for name, item in state.get("outputs", {}).items()}
