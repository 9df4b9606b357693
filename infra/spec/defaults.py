"""What each environment is when the spec does not say otherwise, as data, so that docs, tests and the loader read the same.

dev is cheap and quick to throw away, prod survives a zone and a mistake, staging is prod's shape at less cost. Fields that are
not named here have the same default everywhere: the one in `infra.spec.model`. Retentions are values that every cloud's log
service has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.providers.base import Provider

ZONES = 3
"""Zones that a network has unless the spec names its own: enough for a quorum."""

ENVIRONMENTS: Mapping[str, Mapping[str, Any]] = {
    "dev": {
        "network": {"nat": "single", "flowLogs": {"retentionDays": 30}},
        "kubernetes": {
            "controlPlaneLogs": {"retentionDays": 30},
            "autoscalerProfile": "aggressive",
            "deletionProtection": False,
        },
        "platform": {"backups": {"retentionDays": 30, "lock": False}},
    },
    "staging": {
        "network": {"nat": "single", "flowLogs": {"retentionDays": 90}},
        "kubernetes": {
            "controlPlaneLogs": {"retentionDays": 90},
            "autoscalerProfile": "conservative",
            "deletionProtection": False,
        },
        "platform": {"backups": {"retentionDays": 90, "lock": False}},
    },
    "prod": {
        "network": {"nat": "zone", "flowLogs": {"retentionDays": 365}},
        "kubernetes": {
            "controlPlaneLogs": {"retentionDays": 365},
            "autoscalerProfile": "conservative",
            "deletionProtection": True,
        },
        "platform": {"backups": {"retentionDays": 365, "lock": True}},
    },
}

NODE_POOLS: Mapping[str, Mapping[str, Any]] = {
    "dev": {"min": 1, "max": 3, "spot": True, "diskGiB": 50},
    "staging": {"min": 2, "max": 6, "spot": False, "diskGiB": 100},
    "prod": {"min": 3, "max": 9, "spot": False, "diskGiB": 100},
}
"""Of every pool in the environment, and of the pool `general` that a spec without pools gets."""

POOL = "general"


def overlay(below: Mapping[str, Any], above: Any) -> Any:
    """Return `above` with what it does not say taken from `below`; lists and scalars are replaced, mappings merged."""
    if not isinstance(above, Mapping):
        return above
    merged = dict(below)
    for key, value in above.items():
        under = below.get(key)
        merged[key] = overlay(under, value) if isinstance(under, Mapping) else value
    return merged


def fill(data: Mapping[str, Any], environment: str, provider: Provider | None, region: str) -> dict[str, Any]:
    """Return the document with every default of the environment and the cloud that only they know.

    Without a provider (an unknown cloud, already refused) stand-ins are used, so that the rest can be checked.
    """
    written = data.get("spec")
    if not isinstance(written, Mapping):
        return dict(data)
    zones = list(provider.regions()[region][:ZONES] if provider else ("a", "b", "c"))
    version = provider.kubernetes_versions()[0] if provider else "1.0"
    cloud = {"network": {"zones": zones}, "kubernetes": {"version": version}}
    spec = overlay(overlay(cloud, ENVIRONMENTS[environment]), written)
    pool = {
        **NODE_POOLS[environment],
        "machineType": provider.machine_type(environment) if provider else "machine",
        "zones": _zones(spec["network"]) or zones,
    }
    pools = spec.get("nodePools", [{"name": POOL}])
    spec["nodePools"] = [overlay(pool, item) for item in pools] if isinstance(pools, list) else pools
    return {**data, "spec": spec}


def _zones(network: Any) -> list[str]:
    """Return the network's zones for its pools; none when they are wrong, which is refused where they are written."""
    zones = network.get("zones") if isinstance(network, Mapping) else None
    right = isinstance(zones, list) and all(isinstance(zone, str) and zone for zone in zones)
    return list(dict.fromkeys(zones)) if right and zones else []
