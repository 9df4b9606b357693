"""Proves what the project holds of a cluster: by label, by the description where the cloud has no labels, by network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from infra.providers.base import OWNER_TAG, CloudObject
from infra.providers.gcp import kubernetes_made
from infra.providers.gcp.rest import COMPUTE, Rest, relative

_SOURCES = (
    ("google_compute_network", COMPUTE + "projects/{project}/global/networks", "items"),
    ("google_compute_subnetwork", COMPUTE + "projects/{project}/aggregated/subnetworks", "items"),
    ("google_compute_route", COMPUTE + "projects/{project}/global/routes", "items"),
    ("google_compute_firewall", COMPUTE + "projects/{project}/global/firewalls", "items"),
    ("google_compute_router", COMPUTE + "projects/{project}/aggregated/routers", "items"),
    ("google_compute_address", COMPUTE + "projects/{project}/aggregated/addresses", "items"),
    ("google_compute_global_address", COMPUTE + "projects/{project}/global/addresses", "items"),
    ("google_compute_global_forwarding_rule", COMPUTE + "projects/{project}/global/forwardingRules", "items"),
    ("google_compute_instance", COMPUTE + "projects/{project}/aggregated/instances", "items"),
    ("google_compute_disk", COMPUTE + "projects/{project}/aggregated/disks", "items"),
    (
        "google_container_cluster",
        "https://container.googleapis.com/v1/projects/{project}/locations/-/clusters",
        "clusters",
    ),
    (
        "google_dns_managed_zone",
        "https://dns.googleapis.com/dns/v1/projects/{project}/managedZones",
        "managedZones",
    ),
    ("google_dns_policy", "https://dns.googleapis.com/dns/v1/projects/{project}/policies", "policies"),
    (
        "google_service_account",
        "https://iam.googleapis.com/v1/projects/{project}/serviceAccounts",
        "accounts",
    ),
    (
        "google_logging_project_bucket_config",
        "https://logging.googleapis.com/v2/projects/{project}/locations/-/buckets",
        "buckets",
    ),
    ("google_logging_project_sink", "https://logging.googleapis.com/v2/projects/{project}/sinks", "sinks"),
    (
        "google_logging_project_exclusion",
        "https://logging.googleapis.com/v2/projects/{project}/exclusions",
        "exclusions",
    ),
)
_RINGS = "https://cloudkms.googleapis.com/v1/projects/{project}/locations/{region}/keyRings"
_RING_TIME = r"-\d{14}$"


def inventory(rest: Rest, name: str, region: str) -> list[CloudObject]:
    """Return the cluster's objects, what Kubernetes made for it included, each once.

    Log buckets on their way out (the cloud keeps them for a week), empty key rings and destroyed keys (which it keeps for
    ever) are no leftovers: they cost nothing and block nothing.
    """
    listed = rest.each(lambda source: list(_owned(rest, source, name)), _SOURCES)
    made = [CloudObject(item.type, item.path, item.name) for item in kubernetes_made.find(rest, name)]
    found = [item for part in listed for item in part] + list(_keys(rest, name, region)) + made
    return list({(item.id): item for item in found}.values())


def _owned(rest: Rest, source: tuple[str, str, str], name: str) -> Iterator[CloudObject]:
    kind, url, key = source
    for item in rest.items(url.format(project=rest.project), key):
        if _is_owned(item, name) and item.get("lifecycleState") != "DELETE_REQUESTED":
            yield CloudObject(kind, _id(kind, item, rest.project), _name(item))


def _is_owned(item: dict[str, Any], name: str) -> bool:
    labels = {**item.get("labels", {}), **item.get("resourceLabels", {})}
    if name in (labels.get(OWNER_TAG), labels.get(kubernetes_made.GKE_LABEL)):
        return True
    return f"{OWNER_TAG}={name}" in re.split(r"[\s;]+", str(item.get("description", "")))


def _name(item: dict[str, Any]) -> str:
    return str(item.get("name", "")).rsplit("/", 1)[-1]


def _id(kind: str, item: dict[str, Any], project: str) -> str:
    """Return the id by which terraform imports the object."""
    if "selfLink" in item:
        return relative(item["selfLink"])
    if str(item.get("name", "")).startswith("projects/"):
        return str(item["name"])
    places = {
        "google_dns_managed_zone": "managedZones",
        "google_dns_policy": "policies",
        "google_logging_project_sink": "sinks",
        "google_logging_project_exclusion": "exclusions",
    }
    return f"projects/{project}/{places.get(kind, kind)}/{item.get('name', '')}"


def _keys(rest: Rest, name: str, region: str) -> Iterator[CloudObject]:
    """Yield keys that can still encrypt, of every ring that a cluster of this name ever had."""
    for ring in rest.items(_RINGS.format(project=rest.project, region=region), "keyRings"):
        if not re.search(f"/{re.escape(name)}{_RING_TIME}", ring["name"]):
            continue
        for key in rest.items(f"https://cloudkms.googleapis.com/v1/{ring['name']}/cryptoKeys", "cryptoKeys"):
            if _is_owned(key, name) and key.get("primary", {}).get("state") == "ENABLED":
                yield CloudObject("google_kms_crypto_key", key["name"], _name(key))
