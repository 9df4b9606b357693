"""What a valid spec loosens or leaves to luck, in sentences for the plan: accepted when asked for, but not silently."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from infra.spec.model import Cluster, Kubernetes, Network

_WIDE = 8
"""Prefix length up to which an allowed range is called wide."""


def notes(cluster: Cluster) -> tuple[str, ...]:
    """Return what a reviewer should know beside the changes themselves."""
    spec = cluster.spec
    found = [*_kubernetes(spec.kubernetes), *_network(spec.network)]
    if spec.environment == "prod":
        found += _prod(cluster)
    return tuple(found)


def _kubernetes(kubernetes: Kubernetes) -> Iterator[str]:
    for text in kubernetes.endpoint.allowed_cidrs:
        if IPv4Network(text).prefixlen == 0:
            yield "the Kubernetes API is open to the whole internet (spec.kubernetes.endpoint.allowedCidrs has 0.0.0.0/0)"
        elif IPv4Network(text).prefixlen <= _WIDE:
            yield f"the Kubernetes API is open to {text}, {IPv4Network(text).num_addresses:,} addresses"
    if not kubernetes.secrets_encryption:
        yield "Kubernetes Secrets are not under a key of the cluster's own (spec.kubernetes.secretsEncryption)"
    if "audit" not in kubernetes.control_plane_logs.types:
        yield "no audit log of the Kubernetes API is kept (spec.kubernetes.controlPlaneLogs.types)"


def _network(network: Network) -> Iterator[str]:
    if not network.flow_logs.enabled:
        yield "network traffic is not recorded (spec.network.flowLogs.enabled)"
    if len(network.zones) == 1:
        yield f"everything runs in one zone, {network.zones[0]} (spec.network.zones)"


def _prod(cluster: Cluster) -> Iterator[str]:
    """Yield what is unusual only in production."""
    spec = cluster.spec
    if not spec.kubernetes.deletion_protection:
        yield "nothing protects a production cluster from deletion (spec.kubernetes.deletionProtection)"
    if spec.network.nat == "single" and len(spec.network.zones) > 1:
        yield "one zone holds the only way out to the internet (spec.network.nat)"
    if all(pool.spot for pool in spec.node_pools):
        yield "every node is one that the cloud may take back (spec.nodePools[].spot)"
