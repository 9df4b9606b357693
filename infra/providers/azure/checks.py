"""What Azure would refuse of a spec, told before anything is planned. Limits are those of the AKS and VNet documentation."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from ipaddress import IPv4Network

from pydantic import ValidationError

from infra.errors import Problem
from infra.providers.azure.facts import read
from infra.providers.azure.mapping import cloud_variables, options_of
from infra.providers.azure.options import MACHINE_TYPE, SURGE, UUID
from infra.spec.model import Cluster, NodePool

POOL_NAME = 11
"""AKS allows 12 characters for a pool on Linux; the zone's number takes one."""
OS_DISK_GIB = 2048
RESERVED_BY_SUBNET = 5
"""Addresses of a subnet that Azure keeps."""
TAGS = 40
"""Azure allows 50; Hera sets four, and AKS adds its own to the nodes' group."""
RESERVED_TAGS = ("microsoft", "azure", "windows")


def problems(cluster: Cluster) -> list[Problem]:
    """Return everything that Azure would refuse; nothing of a spec whose options are no options, which the loader says itself."""
    try:
        options_of(cluster)
    except ValidationError:
        return []
    return [
        *_cidr(cluster),
        *_service_cidr(cluster),
        *_zones_of_size(cluster),
        *_pods(cluster),
        *(problem for index, pool in enumerate(cluster.spec.node_pools) for problem in _pool(pool, f"spec.nodePools[{index}]")),
        *_admin_groups(cluster),
        *_endpoint(cluster),
        *_options(cluster),
        *_tags(cluster),
    ]


def _cidr(cluster: Cluster) -> Iterator[Problem]:
    size = IPv4Network(cluster.spec.network.cidr).prefixlen
    if not 8 <= size <= 24:
        yield Problem("spec.network.cidr", cluster.spec.network.cidr, "a range from /8 to /24")


def _service_cidr(cluster: Cluster) -> Iterator[Problem]:
    size = IPv4Network(cluster.spec.network.service_cidr).prefixlen
    if not 12 <= size <= 28:
        yield Problem("spec.network.serviceCidr", cluster.spec.network.service_cidr, "a range from /12 to /28")


def _surge(cluster: Cluster, nodes: int) -> int:
    """Return how many nodes more an upgrade of so many makes."""
    text = str(cloud_variables("cluster", cluster).get("max_surge", "33%"))
    if not re.match(SURGE, text):
        return 0
    return math.ceil(nodes * int(text[:-1]) / 100) if text.endswith("%") else int(text)


def _system(cluster: Cluster) -> int:
    return int(cloud_variables("cluster", cluster)["system_pool"]["max_size"])


def _share(total: int, zones: list[str], zone: str) -> int:
    """Return a zone's part of a pool, as the module cuts it."""
    if zone not in zones:
        return 0
    return total // len(zones) + (zones.index(zone) < total % len(zones))


def _zones_of_size(cluster: Cluster) -> Iterator[Problem]:
    """Refuse more nodes than a zone's subnet has addresses, upgrades included."""
    network = cluster.spec.network
    room = 2 ** (32 - IPv4Network(network.cidr).prefixlen - 2) - RESERVED_BY_SUBNET
    for zone in network.zones:
        nodes = sum(_share(pool.max, pool.zones, zone) for pool in cluster.spec.node_pools)
        nodes += _share(_system(cluster), network.zones, zone)
        wanted = nodes + _surge(cluster, nodes)
        if wanted > room:
            accepted = f"a range whose quarter holds {wanted} nodes (it holds {max(room, 0)}), or fewer nodes in zone {zone}"
            yield Problem("spec.network.cidr", network.cidr, accepted)
            return


def _pods(cluster: Cluster) -> Iterator[Problem]:
    """Refuse a pod range with fewer /24s than there can be nodes: in the overlay each node takes one."""
    network = cluster.spec.network
    size = IPv4Network(network.pod_cidr).prefixlen
    nodes = sum(pool.max for pool in cluster.spec.node_pools) + _system(cluster)
    wanted = nodes + _surge(cluster, nodes)
    if size > 24 or wanted > 2 ** (24 - size):
        yield Problem("spec.network.podCidr", network.pod_cidr, f"a range of at least {wanted} times a /24, one for each node")


def _pool(pool: NodePool, path: str) -> Iterator[Problem]:
    if len(pool.name) > POOL_NAME or pool.name == "system":
        yield Problem(f"{path}.name", pool.name, f"up to {POOL_NAME} letters and digits; system is taken")
    if not re.match(MACHINE_TYPE, pool.machine_type):
        yield Problem(f"{path}.machineType", pool.machine_type, "a VM size such as Standard_D4ds_v5")
    if pool.disk_gib > OS_DISK_GIB:
        yield Problem(f"{path}.diskGiB", str(pool.disk_gib), f"at most {OS_DISK_GIB}")
    for key in pool.labels:
        if key.startswith("kubernetes.azure.com/"):
            yield Problem(f"{path}.labels", key, "labels outside kubernetes.azure.com/, which belong to AKS")


def _admin_groups(cluster: Cluster) -> Iterator[Problem]:
    for index, group in enumerate(cluster.spec.kubernetes.admin_groups):
        if not re.match(UUID, group):
            accepted = "the object id of an Entra group: `az ad group show --group NAME --query id`"
            yield Problem(f"spec.kubernetes.adminGroups[{index}]", group, accepted)


def _endpoint(cluster: Cluster) -> Iterator[Problem]:
    endpoint, options = cluster.spec.kubernetes.endpoint, options_of(cluster).cluster
    if len(endpoint.allowed_cidrs) > 200:
        yield Problem("spec.kubernetes.endpoint.allowedCidrs", f"{len(endpoint.allowed_cidrs)} ranges", "at most 200")
    if endpoint.public and options.api_server_vnet_integration is False:
        path = "spec.cloudOptions.cluster.apiServerVnetIntegration"
        yield Problem(path, "false, with a public endpoint", "true: only so is there a private endpoint too")
    if cluster.spec.region in read("regions")["no_vnet_integration"] and options.api_server_vnet_integration is not False:
        path = "spec.cloudOptions.cluster.apiServerVnetIntegration"
        yield Problem(path, "true", f"false in {cluster.spec.region}, where AKS does not have it")


def _options(cluster: Cluster) -> Iterator[Problem]:
    options, path = cloud_variables("cluster", cluster), "spec.cloudOptions.cluster"
    pool = options["system_pool"]
    if pool["min_size"] > pool["max_size"]:
        yield Problem(
            f"{path}.systemPool.min", f"{pool['min_size']}, above max {pool['max_size']}", f"at most {pool['max_size']}"
        )
    if options.get("long_term_support") and options.get("sku_tier") != "Premium":
        yield Problem(f"{path}.longTermSupport", "true", "true only with skuTier Premium")
    services = cluster.spec.network.private_endpoints
    for name, link in (options_of(cluster).network.private_links or {}).items():
        if link.service not in services:
            where = f"spec.cloudOptions.network.privateLinks.{name}.service"
            yield Problem(where, link.service, f"one of spec.network.privateEndpoints: {', '.join(services) or 'none'}")


def _tags(cluster: Cluster) -> Iterator[Problem]:
    tags = cluster.spec.tags
    if len(tags) > TAGS:
        yield Problem("spec.tags", f"{len(tags)} tags", f"at most {TAGS}")
    for key in tags:
        if re.search(r"[<>%&\\?/]", key) or len(key) > 128:
            yield Problem(f"spec.tags.{key}", key, "up to 128 characters without < > % & \\ ? /")
        elif key.lower().startswith(RESERVED_TAGS):
            yield Problem(f"spec.tags.{key}", key, f"keys that do not start with {', '.join(RESERVED_TAGS)}")
