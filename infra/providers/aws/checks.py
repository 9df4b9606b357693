"""What AWS would refuse, said before anything runs and in the words of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from math import ceil

from infra.errors import Problem
from infra.providers.aws.facts import read
from infra.providers.aws.mapping import options_of
from infra.spec.model import Cluster, NodePool

MACHINE = re.compile(r"[a-z][a-z0-9-]*\.(nano|micro|small|medium|large|[0-9]*xlarge|metal(-[0-9]+xl)?)")
PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+")
ROLE_NAME = re.compile(r"[a-z][a-z0-9-]{0,7}")
OWN_ROLES = ("vpc-cni", "ebs-csi", "scaler", "cluster", "node", "flowlogs")
SERVICE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
NODE_ADDRESSES = 33
"""A node's own address and the two blocks of 16 that the CNI keeps at least."""
TAKEN_ADDRESSES = 21
"""Five are AWS's in every subnet; the control plane, load balancers and endpoints need some."""
FREE_TAGS = 40
"""AWS takes 50 tags a resource; Hera, Kubernetes and EKS use up to ten."""


def problems(cluster: Cluster) -> list[Problem]:
    """Return everything that AWS would refuse."""
    parts = (_network, _room, _retention, _admins, _pools, _tags, _options)
    return [problem for part in parts for problem in part(cluster)]


def _network(cluster: Cluster) -> Iterator[Problem]:
    network = cluster.spec.network
    if len(network.zones) < 2:
        yield Problem("spec.network.zones", f"{len(network.zones)} zone", "at least two: EKS refuses a cluster in one")
    capacity = options_of(cluster).zone_capacity
    longest = 22 if max(len(network.zones), capacity) > 3 else 24
    if not 16 <= IPv4Network(network.cidr).prefixlen <= longest:
        yield Problem("spec.network.cidr", network.cidr, f"/16 to /{longest}: a VPC is at most a /16, subnets at least a /28")
    services = IPv4Network(network.service_cidr)
    private = any(services.subnet_of(IPv4Network(text)) for text in SERVICE_RANGES)
    if not private or not 12 <= services.prefixlen <= 24:
        yield Problem("spec.network.serviceCidr", network.service_cidr, f"/12 to /24 inside {', '.join(SERVICE_RANGES)}")


def _room(cluster: Cluster) -> Iterator[Problem]:
    """Nodes and pods take addresses of their zone's private subnet."""
    network = cluster.spec.network
    bits = 3 if max(len(network.zones), options_of(cluster).zone_capacity) > 3 else 2
    size = 2 ** max(0, 32 - IPv4Network(network.cidr).prefixlen - bits)
    holds = max(0, size - TAKEN_ADDRESSES) // NODE_ADDRESSES
    grows = sum(ceil(pool.max / max(1, len(pool.zones))) for pool in cluster.spec.node_pools)
    if grows > holds:
        found = f"{network.cidr}, whose private subnets of {size} addresses hold {holds} nodes each; pools grow to {grows} a zone"
        yield Problem("spec.network.cidr", found, "a larger range, or smaller pools")


def _retention(cluster: Cluster) -> Iterator[Problem]:
    """CloudWatch keeps logs for certain numbers of days only."""
    days = read("facts.json")["log_retention_days"]
    logs = {
        "spec.network.flowLogs": cluster.spec.network.flow_logs.retention_days,
        "spec.kubernetes.controlPlaneLogs": cluster.spec.kubernetes.control_plane_logs.retention_days,
    }
    for path, found in logs.items():
        if found not in days:
            near = min((day for day in days if day > found), default=days[-1])
            yield Problem(f"{path}.retentionDays", str(found), f"{near}, or another of {', '.join(map(str, days))}")


def _admins(cluster: Cluster) -> Iterator[Problem]:
    for index, arn in enumerate(cluster.spec.kubernetes.admin_groups):
        if not PRINCIPAL.fullmatch(arn):
            accepted = "an IAM role or user, such as arn:aws:iam::111122223333:role/platform"
            yield Problem(f"spec.kubernetes.adminGroups[{index}]", arn, accepted)


def _pools(cluster: Cluster) -> Iterator[Problem]:
    for index, pool in enumerate(cluster.spec.node_pools):
        yield from _pool(pool, f"spec.nodePools[{index}]")


def _pool(pool: NodePool, path: str) -> Iterator[Problem]:
    if not MACHINE.fullmatch(pool.machine_type):
        yield Problem(f"{path}.machineType", pool.machine_type, "an EC2 instance type, such as m7i.large")
    if pool.machine_type.endswith((".nano", ".micro")):
        yield Problem(f"{path}.machineType", pool.machine_type, "a machine with at least 2 GiB of memory, such as t3.small")


def _tags(cluster: Cluster) -> Iterator[Problem]:
    tags = cluster.spec.tags
    if len(tags) > FREE_TAGS:
        yield Problem("spec.tags", f"{len(tags)} tags", f"at most {FREE_TAGS}")
    for key, value in tags.items():
        if key.lower().startswith("aws:"):
            yield Problem(f"spec.tags.{key}", key, "a key that does not start with aws:, which is AWS's own")
        for text in (key, value):
            if not re.fullmatch(r"[\w\s.:/=+\-@]*", text):
                yield Problem(f"spec.tags.{key}", text, "letters, digits, spaces and . : / = + - @ _")


def _options(cluster: Cluster) -> Iterator[Problem]:
    options, addons = options_of(cluster), read("facts.json")["addons"]
    for name in sorted(set(options.addon_versions) - set(addons)):
        yield Problem(f"spec.cloudOptions.addonVersions.{name}", name, f"one of {', '.join(addons)}")
    for name in options.workload_roles:
        if not ROLE_NAME.fullmatch(name) or name in OWN_ROLES:
            accepted = f"1 to 8 lower-case letters, digits and hyphens, other than {', '.join(OWN_ROLES)}"
            yield Problem(f"spec.cloudOptions.workloadRoles.{name}", name, accepted)
    if "0.0.0.0/0" in options.api_client_cidrs:
        yield Problem("spec.cloudOptions.apiClientCidrs", "0.0.0.0/0", "the ranges of your own networks")
