"""The least time that a cluster could take: the longest chain of calls, from terraform's own state and the cloud's log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from infra.simulator.cloud import SimulatedCloud


def durations(simulation: Path) -> dict[tuple[str, str], float]:
    """Return how long the cloud took to create each object, by type and id."""
    calls = SimulatedCloud(simulation / "cloud").calls()
    return {(call.type, call.id): call.seconds for call in calls if call.operation == "create" and call.ended}


def of_state(state: Mapping[str, object], took: Mapping[tuple[str, str], float]) -> float:
    """Return the longest chain of creations in one state, in seconds."""
    weights: dict[str, float] = {}
    needs: dict[str, set[str]] = {}
    for resource in state["resources"]:  # type: ignore[attr-defined]
        address = ".".join(part for part in (resource.get("module"), resource["type"], resource["name"]) if part)
        for instance in resource["instances"]:
            identifier = str(instance["attributes"].get("id"))
            weights[address] = max(weights.get(address, 0.0), took.get((resource["type"], identifier), 0.0))
            needs.setdefault(address, set()).update(instance.get("dependencies", ()))

    @cache
    def until(address: str) -> float:
        return weights.get(address, 0.0) + max((until(need) for need in needs.get(address, ())), default=0.0)

    return max((until(address) for address in weights), default=0.0)


def of_cluster(simulation: Path, name: str) -> float:
    """Return the sum of both stages' longest chains, in seconds."""
    took = durations(simulation)
    files = sorted((simulation / "clusters" / name).glob("*.tfstate"))
    return sum(of_state(json.loads(file.read_text()), took) for file in files)
