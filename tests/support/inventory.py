"""Compares the simulated cloud with the Terraform states: the same objects in both, or a list of what differs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from infra.simulator.cloud import SimulatedCloud

CLOUD_PROVIDERS = ("aws", "azurerm", "google", "google-beta")


def in_states(simulation: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield type and id of every managed object in a cluster's states."""
    for file in sorted((simulation / "clusters" / name).glob("*.tfstate")):
        for resource in json.loads(file.read_text()).get("resources", ()):
            provider = resource["provider"].rsplit("/", 1)[-1].rstrip('"]')
            if resource["mode"] == "managed" and provider in CLOUD_PROVIDERS:
                for instance in resource["instances"]:
                    yield resource["type"], str(instance["attributes"]["id"])


def in_cloud(simulation: Path) -> Iterator[tuple[str, str]]:
    """Yield type and id of everything in the simulated cloud."""
    for item in SimulatedCloud(simulation / "cloud").objects():
        if item.provider in CLOUD_PROVIDERS:
            yield item.type, str(item.attributes.get("id", item.id))


def difference(simulation: Path, name: str) -> list[str]:
    """Say what only one side has; empty when they agree."""
    states, cloud = sorted(in_states(simulation, name)), sorted(in_cloud(simulation))
    lost = [f"only in a state: {kind} {identifier}" for kind, identifier in states if (kind, identifier) not in cloud]
    orphans = [f"only in the cloud: {kind} {identifier}" for kind, identifier in cloud if (kind, identifier) not in states]
    twice = [f"twice in the cloud: {kind} {identifier}" for kind, identifier in set(cloud) if cloud.count((kind, identifier)) > 1]
    return lost + orphans + twice
