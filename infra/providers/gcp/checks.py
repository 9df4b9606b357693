"""What Google Cloud would refuse after minutes, said at once: label rules, ranges too small for the pools, machine types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network

from infra.errors import Problem
from infra.providers.gcp import facts
from infra.providers.gcp.options import Options, options_of
from infra.spec.model import Cluster, NodePool

_PROJECT = re.compile(r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")
_LABEL_KEY = re.compile(r"^[a-z][a-z0-9_-]{0,62}$")
_LABEL_VALUE = re.compile(r"^[a-z0-9_-]{0,63}$")
_MACHINE = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)+$")
_GROUP = re.compile(r"^[^@\s:]+@[^@\s]+\.[^@\s]+$")
_MAX_LABELS = 56
_MAX_RETENTION = 3650
_LARGEST, _SMALLEST = 8, 22
_RESERVED_ADDRESSES = 4


def problems(cluster: Cluster) -> list[Problem]:
    """Return everything of the spec that Google Cloud would refuse."""
    options = options_of(cluster.spec.cloud_options)
    return [
        *_project(options),
        *_labels(cluster),
        *_network_size(cluster),
        *_service_size(cluster),
        *_pod_room(cluster, options),
        *_node_room(cluster),
        *_pools(cluster, options),
        *_retention(cluster),
        *_groups(cluster),
        *_surge(options),
    ]


def _project(options: Options) -> Iterator[Problem]:
    if not _PROJECT.match(options.project_id):
        yield Problem(
            "spec.cloudOptions.projectId",
            options.project_id or "nothing",
            "the id of your Google Cloud project, such as my-project-123 (6 to 30 lower-case letters, digits, hyphens)",
        )


def _labels(cluster: Cluster) -> Iterator[Problem]:
    tags = cluster.spec.tags
    if len(tags) > _MAX_LABELS:
        yield Problem("spec.tags", f"{len(tags)} tags", f"at most {_MAX_LABELS}: Google Cloud takes 64 labels")
    for key, value in tags.items():
        if not _LABEL_KEY.match(key):
            yield Problem(
                f"spec.tags.{key}",
                key,
                "a key of lower-case letters, digits, _ and -, starting with a letter",
            )
        if not _LABEL_VALUE.match(value):
            yield Problem(
                f"spec.tags.{key}",
                value,
                "a value of lower-case letters, digits, _ and -, at most 63 characters",
            )


def _network_size(cluster: Cluster) -> Iterator[Problem]:
    cidr = IPv4Network(cluster.spec.network.cidr)
    if not _LARGEST <= cidr.prefixlen <= _SMALLEST:
        yield Problem("spec.network.cidr", str(cidr), f"a range from /{_LARGEST} to /{_SMALLEST}")


def _service_size(cluster: Cluster) -> Iterator[Problem]:
    services = IPv4Network(cluster.spec.network.service_cidr)
    if not 16 <= services.prefixlen <= 27:
        yield Problem("spec.network.serviceCidr", str(services), "a range from /16 to /27")


def _most_nodes(cluster: Cluster) -> int:
    return sum(pool.max for pool in cluster.spec.node_pools)


def _pod_room(cluster: Cluster, options: Options) -> Iterator[Problem]:
    """Every node takes a block of at least twice its pods, surge nodes of an upgrade too."""
    pods = IPv4Network(cluster.spec.network.pod_cidr)
    block = 32 - (2 * options.max_pods_per_node - 1).bit_length()
    room = 2 ** max(0, block - pods.prefixlen) if block >= pods.prefixlen else 0
    needed = _most_nodes(cluster) + options.max_surge * len(cluster.spec.node_pools)
    if pods.prefixlen > 21 or room < needed:
        smallest = min(21, block - (needed - 1).bit_length())
        found = f"{pods}, room for {room} nodes, while the pools may grow to {needed} (with surge)"
        yield Problem("spec.network.podCidr", found, f"a /{smallest} or larger")


def _node_room(cluster: Cluster) -> Iterator[Problem]:
    """Nodes live in the lower half of the network."""
    cidr, needed = IPv4Network(cluster.spec.network.cidr), _most_nodes(cluster)
    room = 2 ** (31 - cidr.prefixlen) - _RESERVED_ADDRESSES if cidr.prefixlen <= _SMALLEST else 0
    if 0 < room < needed:
        found = f"{cidr}, room for {room} nodes, while the pools may grow to {needed}"
        yield Problem("spec.network.cidr", found, "a larger range, or smaller pools")


def _pools(cluster: Cluster, options: Options) -> Iterator[Problem]:
    for index, pool in enumerate(cluster.spec.node_pools):
        yield from _machine(pool, f"spec.nodePools[{index}].machineType", options)


def _machine(pool: NodePool, path: str, options: Options) -> Iterator[Problem]:
    known = facts.load("facts.json")
    if not _MACHINE.match(pool.machine_type):
        yield Problem(path, pool.machine_type, "a machine type such as e2-standard-4 or n2-custom-8-16384")
    elif pool.machine_type in known["too_small"]:
        yield Problem(path, pool.machine_type, "at least e2-medium: GKE's own pods take more than this machine has")
    elif pool.machine_type.split("-")[0] in known["hyperdisk_only"] and options.disk_type.startswith("pd-"):
        yield Problem(
            path,
            f"{pool.machine_type} with cloudOptions.diskType {options.disk_type}",
            "diskType: hyperdisk-balanced, or a machine type that takes persistent disks",
        )


def _retention(cluster: Cluster) -> Iterator[Problem]:
    kept = {
        "spec.network.flowLogs.retentionDays": cluster.spec.network.flow_logs.retention_days,
        "spec.kubernetes.controlPlaneLogs.retentionDays": cluster.spec.kubernetes.control_plane_logs.retention_days,
    }
    for path, days in kept.items():
        if days > _MAX_RETENTION:
            yield Problem(path, str(days), f"at most {_MAX_RETENTION} days")


def _groups(cluster: Cluster) -> Iterator[Problem]:
    for index, group in enumerate(cluster.spec.kubernetes.admin_groups):
        if not _GROUP.match(group):
            path = f"spec.kubernetes.adminGroups[{index}]"
            yield Problem(path, group, "the mail address of a Google group, such as kube-admins@example.com")


def _surge(options: Options) -> Iterator[Problem]:
    if not 1 <= options.max_surge + options.max_unavailable <= 20:
        found = f"maxSurge {options.max_surge} and maxUnavailable {options.max_unavailable}"
        yield Problem("spec.cloudOptions.maxSurge", found, "a sum from 1 to 20: an upgrade has to move some node")
