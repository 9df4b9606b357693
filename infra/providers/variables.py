"""From a cluster spec to the inputs of the module contract (docs/modules.md), once for all clouds.

A provider adds only its `cloud` object; that every module declares exactly these inputs is what tests/contract checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.errors import Unsupported
from infra.providers.base import OWNER_TAG, Provider
from infra.spec.model import Cluster, NodePool

NETWORK_OUTPUTS = (
    "network_id",
    "network_name",
    "cidr",
    "private_subnet_ids",
    "public_subnet_ids",
    "nat_public_ips",
    "cloud",
)
"""The network layer's outputs, which are the cluster layer's input `network` as they are."""
PLATFORM_NEEDS = ("cluster_id", "cluster_name", "oidc_issuer_url", "workload_identity", "cloud")
"""The cluster layer's outputs that are the platform layer's input `cluster`."""
_TRACE_DAYS = {"dev": 3, "staging": 7, "prod": 14}
_COOL, _ARCHIVE = 30, 90
"""Days after which backups move to cheaper classes, where they are kept for that much longer that it pays."""


def ownership_tags(name: str) -> dict[str, str]:
    """Return the tags (or labels) that every cloud object of a cluster carries whatever its stage."""
    return {OWNER_TAG: name, "managed-by": "hera"}


def module_variables(provider: Provider, stage: str, cluster: Cluster, below: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the inputs of a stage's module.

    The cluster stage takes `network` and the platform takes `cluster` from the outputs `below` (values, or terraform expressions
    such as `${module.network.cidr}`); without them the input is left out, for a caller that sets it otherwise. Raises
    `Unsupported` for a stage without a module.
    """
    if stage == "platform":
        return {**_named(cluster), **_platform(cluster, below), "cloud": provider.cloud_variables(stage, cluster)}
    if stage == "network":
        own = _network(cluster)
    elif stage == "cluster":
        own = _cluster(cluster)
        if below is not None:
            own["network"] = {name: below[name] for name in NETWORK_OUTPUTS}
    else:
        raise Unsupported(f"stage {stage!r} has no Terraform module")
    return {**_common(cluster), **own, "cloud": provider.cloud_variables(stage, cluster)}


def _named(cluster: Cluster) -> dict[str, Any]:
    spec = cluster.spec
    return {"name": cluster.name, "environment": spec.environment, "region": spec.region, "tags": dict(spec.tags)}


def _common(cluster: Cluster) -> dict[str, Any]:
    spec = cluster.spec
    return {
        **_named(cluster),
        "pod_cidr": spec.network.pod_cidr,
        "service_cidr": spec.network.service_cidr,
        "zones": list(spec.network.zones),
    }


def _network(cluster: Cluster) -> dict[str, Any]:
    network = cluster.spec.network
    return {
        "cidr": network.cidr,
        "nat_mode": network.nat,
        "private_endpoints": sorted(set(network.private_endpoints)),
        "flow_logs": {"enabled": network.flow_logs.enabled, "retention_days": network.flow_logs.retention_days},
    }


def _cluster(cluster: Cluster) -> dict[str, Any]:
    kubernetes = cluster.spec.kubernetes
    logs, window = kubernetes.control_plane_logs, kubernetes.maintenance_window
    return {
        "kubernetes_version": kubernetes.version,
        "endpoint": {"public": kubernetes.endpoint.public, "allowed_cidrs": list(kubernetes.endpoint.allowed_cidrs)},
        "control_plane_logs": {"types": sorted(set(logs.types)), "retention_days": logs.retention_days},
        "secrets_encryption": kubernetes.secrets_encryption,
        "node_pools": {pool.name: _pool(pool) for pool in cluster.spec.node_pools},
        "autoscaler_profile": kubernetes.autoscaler_profile,
        "maintenance_window": {"day": window.day, "start_hour": window.start_hour, "duration_hours": window.duration_hours},
        "deletion_protection": kubernetes.deletion_protection,
        "admin_groups": list(kubernetes.admin_groups),
    }


def _pool(pool: NodePool) -> dict[str, Any]:
    return {
        "machine_type": pool.machine_type,
        "min_size": pool.min,
        "max_size": pool.max,
        "spot": pool.spot,
        "disk_gb": pool.disk_gib,
        "labels": dict(pool.labels),
        "taints": [{"key": taint.key, "value": taint.value, "effect": taint.effect} for taint in pool.taints],
        "zones": list(pool.zones),
    }


def _platform(cluster: Cluster, below: Mapping[str, Any] | None) -> dict[str, Any]:
    spec, asked = cluster.spec, cluster.spec.platform.backups
    return {
        **({} if below is None else {"cluster": {name: below[name] for name in PLATFORM_NEEDS}}),
        "backups": {
            "retention_days": asked.retention_days,
            "cool_after_days": _COOL if asked.retention_days > 2 * _COOL else 0,
            "archive_after_days": _ARCHIVE if asked.retention_days > 2 * _ARCHIVE else 0,
            "lock": asked.lock,
            "delete_with_cluster": not asked.lock,
        },
        "traces": {"retention_days": _TRACE_DAYS[spec.environment]},
        "logs": {"retention_days": spec.kubernetes.control_plane_logs.retention_days},
        # A cluster's name holds no underscore, so no cluster's prefix is the beginning of another one's.
        "secret_prefix": f"hera_{cluster.name}_",
    }
