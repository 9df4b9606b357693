"""What no single field tells: sums of several fields, and what the cloud knows.

Works on a whole `Cluster`. Where the file has errors of form too, the loader hands in one with the wrong parts replaced, and
their paths as `wrong`: nothing is concluded from stand-ins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from ipaddress import IPv4Network
from itertools import combinations

from infra.errors import Problem
from infra.providers.base import Provider
from infra.spec.model import Cluster, NodePool
from infra.spec.refusals import one_of

OWN_TAGS = ("hera-cluster", "hera-environment", "hera-stage", "managed-by")
"""Tags that the modules set; a user's value would hide whose an object is."""
_NO_NETWORK = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")
_NOT_PUBLIC = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", *_NO_NETWORK)
_KEEP_OUT = ("NoSchedule", "NoExecute")


def problems(cluster: Cluster, provider: Provider | None, wrong: Collection[str] = ()) -> list[Problem]:
    """Return everything that is wrong with a well-formed spec; without a provider, what no cloud accepts."""
    found = [*_ranges(cluster, wrong), *_endpoint(cluster), *_pools(cluster), *_tags(cluster), *_repeated_zones(cluster, wrong)]
    if provider is not None:
        found += [*_zones(cluster, provider, wrong), *_version(cluster, provider), *provider.check(cluster)]
    return [problem for problem in found if not any(within(problem.path, place) for place in wrong)]


def within(path: str, place: str) -> bool:
    """Tell whether a path is a place in the document or below it."""
    return path == place or path.startswith((place + ".", place + "["))


def _inside(network: IPv4Network, ranges: Iterable[str]) -> str:
    """Return the first of `ranges` that a network shares addresses with, but for the whole internet; else empty text."""
    return next((text for text in ranges if network.prefixlen and network.overlaps(IPv4Network(text))), "")


def _ranges(cluster: Cluster, wrong: Collection[str]) -> Iterator[Problem]:
    """Refuse ranges that leave it open whether an address is a machine, a pod or a Service."""
    network = cluster.spec.network
    every = {"cidr": network.cidr, "podCidr": network.pod_cidr, "serviceCidr": network.service_cidr}
    ranges = {name: text for name, text in every.items() if f"spec.network.{name}" not in wrong}
    for name, text in ranges.items():
        special = _inside(IPv4Network(text), _NO_NETWORK)
        if special or not IPv4Network(text).prefixlen:
            yield Problem(
                f"spec.network.{name}", text, "a private range, such as one in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
            )
    for (first, one), (second, other) in combinations(ranges.items(), 2):
        if IPv4Network(one).overlaps(IPv4Network(other)):
            yield Problem(
                f"spec.network.{second}",
                f"{other}, which overlaps spec.network.{first} {one}",
                f"a range outside {one}",
            )


def _endpoint(cluster: Cluster) -> Iterator[Problem]:
    """Refuse a public endpoint for nobody in particular; the whole internet has to be written out (and is noted)."""
    endpoint, path = cluster.spec.kubernetes.endpoint, "spec.kubernetes.endpoint.allowedCidrs"
    if endpoint.public and not endpoint.allowed_cidrs:
        yield Problem(path, "nothing, with a public endpoint", "at least one range, such as your office's 203.0.113.0/24")
    if endpoint.allowed_cidrs and not endpoint.public:
        yield Problem(path, "ranges, with a private endpoint", "ranges only with `public: true`")
    for index, text in enumerate(endpoint.allowed_cidrs):
        if special := _inside(IPv4Network(text), _NOT_PUBLIC):
            yield Problem(f"{path}[{index}]", text, f"a range that the internet knows; {special} is never seen there")
        if text in endpoint.allowed_cidrs[:index]:
            yield Problem(f"{path}[{index}]", f"{text} again", "each range once")


def _pools(cluster: Cluster) -> Iterator[Problem]:
    """Refuse pools of one name, bounds that do not fit, and a cluster whose own pods have no place."""
    pools = cluster.spec.node_pools
    for index, pool in enumerate(pools):
        path = f"spec.nodePools[{index}]"
        earlier = next((i for i, other in enumerate(pools[:index]) if other.name == pool.name), None)
        if earlier is not None:
            yield Problem(f"{path}.name", f"{pool.name}, as spec.nodePools[{earlier}].name", "a name that no other pool has")
        yield from _bounds(pool, path)
    if not any(_takes_any_pod(pool) for pool in pools):
        yield Problem(
            "spec.nodePools",
            "a NoSchedule or NoExecute taint on every pool",
            "at least one pool without: the cluster's own pods must run somewhere",
        )


def _takes_any_pod(pool: NodePool) -> bool:
    return not any(taint.effect in _KEEP_OUT for taint in pool.taints)


def _bounds(pool: NodePool, path: str) -> Iterator[Problem]:
    if pool.min > pool.max:
        yield Problem(f"{path}.min", f"{pool.min}, above max {pool.max}", f"at most {pool.max}")
    taints = Counter((taint.key, taint.effect) for taint in pool.taints)
    for (key, effect), count in taints.items():
        if count > 1:
            yield Problem(f"{path}.taints", f"{key}:{effect} {count} times", "each key and effect once")


def _tags(cluster: Cluster) -> Iterator[Problem]:
    for key in cluster.spec.tags:
        if key in OWN_TAGS:
            yield Problem(f"spec.tags.{key}", "a tag that Hera sets", f"any key but {', '.join(OWN_TAGS)}")


def _zone_lists(cluster: Cluster) -> Iterator[tuple[str, list[str]]]:
    yield "spec.network.zones", cluster.spec.network.zones
    for index, pool in enumerate(cluster.spec.node_pools):
        yield f"spec.nodePools[{index}].zones", pool.zones


def _repeated_zones(cluster: Cluster, wrong: Collection[str]) -> Iterator[Problem]:
    """Refuse zones named twice, and a pool's zones outside the network's."""
    known = cluster.spec.network.zones
    network_wrong = any(within(place, "spec.network.zones") for place in wrong)
    for path, zones in _zone_lists(cluster):
        for index, zone in enumerate(zones):
            if zone in zones[:index]:
                yield Problem(f"{path}[{index}]", f"{zone} again", "each zone once")
            elif zone not in known and not network_wrong:
                yield Problem(f"{path}[{index}]", zone, one_of(zone, known, "the network's zones"))


def _zones(cluster: Cluster, provider: Provider, wrong: Collection[str]) -> Iterator[Problem]:
    region = cluster.spec.region
    known = provider.regions()[region]
    for index, zone in enumerate(cluster.spec.network.zones):
        if zone not in known and "spec.region" not in wrong:
            yield Problem(f"spec.network.zones[{index}]", zone, one_of(zone, known, f"zones of {region}"))


def _version(cluster: Cluster, provider: Provider) -> Iterator[Problem]:
    version, known = cluster.spec.kubernetes.version, provider.kubernetes_versions()
    if version not in known:
        yield Problem("spec.kubernetes.version", version, one_of("", known, f"versions on {provider.title}"))
