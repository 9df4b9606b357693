"""Compares the simulated cloud with the Terraform states: the same objects in both, or a list of what differs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.simulator.cloud import SimulatedCloud

CLOUD_PROVIDERS = ("aws", "azurerm", "google", "google-beta")

Item = tuple[str, str]
"""Type and id of a cloud object."""


def in_states(simulation: Path, name: str) -> Iterator[Item]:
    """Yield type and id of every managed object in a cluster's states."""
    for file in sorted((simulation / "clusters" / name).glob("*.tfstate")):
        yield from managed(json.loads(file.read_text()))


def managed(state: Mapping[str, Any]) -> Iterator[Item]:
    """Yield every cloud object that a state manages."""
    for resource in state.get("resources", ()):
        provider = resource["provider"].rsplit("/", 1)[-1].rstrip('"]')
        if resource["mode"] == "managed" and provider in CLOUD_PROVIDERS:
            for instance in resource["instances"]:
                yield resource["type"], str(instance["attributes"]["id"])


def in_cloud(simulation: Path) -> Iterator[Item]:
    """Yield type and id of everything in the simulated cloud in a folder."""
    yield from held(SimulatedCloud(simulation / "cloud"))


def held(cloud: SimulatedCloud) -> Iterator[Item]:
    """Yield type and id of everything in a simulated cloud."""
    for item in cloud.objects():
        if item.provider in CLOUD_PROVIDERS:
            yield item.type, str(item.attributes.get("id", item.id))


def difference(simulation: Path, name: str) -> list[str]:
    """Say what only one side has; empty when they agree."""
    return compared(in_states(simulation, name), in_cloud(simulation))


def compared(in_states: Iterable[Item], in_cloud: Iterable[Item]) -> list[str]:
    """Say what only one side has, or has more often; empty when they agree."""
    states, cloud = Counter(in_states), Counter(in_cloud)
    lost = [f"only in a state: {kind} {identifier}" for kind, identifier in (states - cloud).elements()]
    return lost + [f"only in the cloud: {kind} {identifier}" for kind, identifier in (cloud - states).elements()]
