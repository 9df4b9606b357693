"""What Kubernetes makes in the cloud for Services, Ingresses, Gateways and volumes, found without its help.

Such objects carry no label of ours, and the cluster that made them may be gone. What all share is a way to the cluster's own
network: a backend group lies in it, and the rest of a load balancer refers to that group step by step.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from infra.providers.base import OWNER_TAG
from infra.providers.gcp.rest import Rest, relative

_MADE = re.compile(r"^(k8s|gkegw|gkemcg|a[0-9a-f]{31}$)")
"""Names that GKE's controllers give."""
_FIREWALL = "k8s-fw-"
GKE_LABEL = "goog-k8s-cluster-name"
OURS = "managed-by=hera"


@dataclass(frozen=True)
class Found:
    """An object of compute: its collection (last part of its type), its path and what the cloud says of it."""

    type: str
    path: str
    data: dict[str, Any]

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.data.get("name", ""))


_TYPES = {
    "networkEndpointGroups": "google_compute_network_endpoint_group",
    "instanceGroups": "google_compute_instance_group",
    "backendServices": "google_compute_backend_service",
    "targetPools": "google_compute_target_pool",
    "urlMaps": "google_compute_url_map",
    "targetHttpProxies": "google_compute_target_http_proxy",
    "targetHttpsProxies": "google_compute_target_https_proxy",
    "forwardingRules": "google_compute_forwarding_rule",
    "healthChecks": "google_compute_health_check",
    "httpHealthChecks": "google_compute_http_health_check",
    "sslCertificates": "google_compute_ssl_certificate",
    "firewalls": "google_compute_firewall",
    "disks": "google_compute_disk",
}
_GLOBAL = ("firewalls", "httpHealthChecks")
_CHAIN = (
    ("backendServices", "targetPools"),
    ("urlMaps",),
    ("targetHttpProxies", "targetHttpsProxies"),
    ("forwardingRules",),
)
"""Each refers to something before it."""
REMOVAL = (
    ("forwardingRules",),
    ("targetHttpProxies", "targetHttpsProxies"),
    ("urlMaps", "sslCertificates"),
    ("backendServices", "targetPools"),
    ("healthChecks", "httpHealthChecks", "networkEndpointGroups", "instanceGroups", "firewalls", "disks"),
)
"""The order in which the cloud lets them go."""


def find(rest: Rest, name: str) -> list[Found]:
    """Return what Kubernetes made for a cluster."""
    asked = [f"global/{item}" if item in _GLOBAL else f"aggregated/{item}" for item in _TYPES]
    answers = rest.each(lambda collection: list(rest.compute(collection)), asked)
    every = {collection.split("/")[1]: _found(collection, data) for collection, data in zip(asked, answers, strict=True)}
    return related(every, name)


def _found(collection: str, items: Iterable[dict[str, Any]]) -> list[Found]:
    kind = _TYPES[collection.split("/")[1]]
    return [Found(kind, relative(item["selfLink"]), item) for item in items]


def related(every: dict[str, list[Found]], name: str) -> list[Found]:
    """Pick from a project's objects the ones that Kubernetes made for the cluster in the network `name`."""
    firewalls = [item for item in every["firewalls"] if _in_network(item, name) and _made(item)]
    groups = [*every["networkEndpointGroups"], *every["instanceGroups"]]
    groups = [item for item in groups if _in_network(item, name) and _made(item)]
    balancers = {item.name.removeprefix(_FIREWALL) for item in firewalls if item.name.startswith(_FIREWALL)}
    found = [*groups, *(item for item in every["targetPools"] if item.name in balancers)]
    for step in _CHAIN:
        candidates = [item for collection in step for item in every[collection]]
        found += [item for item in candidates if item not in found and _made(item) and _refers(item, found)]
    helpers = [*every["healthChecks"], *every["httpHealthChecks"], *every["sslCertificates"]]
    found += [item for item in helpers if _made(item) and any(_refers(user, [item]) for user in found)]
    return [*found, *firewalls, *(item for item in every["disks"] if _is_volume(item, name))]


def _made(item: Found) -> bool:
    return bool(_MADE.match(item.name)) and OURS not in str(item.data.get("description", ""))


def _in_network(item: Found, name: str) -> bool:
    return str(item.data.get("network", "")).endswith(f"/networks/{name}")


def _refers(item: Found, to: Iterable[Found]) -> bool:
    text = json.dumps(item.data)
    return any(f'{other.path}"' in text for other in to)


def _is_volume(item: Found, name: str) -> bool:
    """Tell a volume of the cluster from its nodes' boot disks."""
    labels = item.data.get("labels", {})
    owned = name in (labels.get(GKE_LABEL), labels.get(OWNER_TAG))
    return owned and (item.name.startswith("pvc-") or "kubernetes.io/created-for/pv" in str(item.data.get("description", "")))
