"""Values Google Cloud makes up, by resource type and attribute; `*` is any type."""

import base64
import json
import secrets
from collections.abc import Mapping

from infra.simulator.clouds.base import Maker, Want, now
from infra.simulator.clouds.google.names import leaf, link_of
from infra.simulator.values import Value, text


def always(value: object) -> Maker:
    """Make the same value each time."""
    return lambda want: value


def number(want: Want) -> str:
    """Make a numeric id as Google writes them."""
    return str(secrets.randbelow(9 * 10**18) + 10**18)


def _integer(want: Want) -> int:
    return secrets.randbelow(9 * 10**9) + 10**9


def _address(want: Want) -> str:
    return f"34.{secrets.randbelow(120) + 60}.{secrets.randbelow(250)}.{secrets.randbelow(250) + 1}"


PRIVATE_ENDPOINT = "172.16.0.2"
"""A control plane's address where the configuration names no range for it."""


def _endpoint(want: Want) -> str:
    for block in want.root.get("private_cluster_config") or []:  # type: ignore[attr-defined]
        if isinstance(block, dict) and block.get("enable_private_endpoint"):
            range_ = text(block.get("master_ipv4_cidr_block"))
            return f"{range_.rsplit('.', 1)[0]}.2" if range_ else PRIVATE_ENDPOINT
    return _address(want)


def _email(want: Want) -> str:
    return f"{text(want.root.get('account_id'))}@{text(want.root.get('project')) or want.scope.account}.iam.gserviceaccount.com"


def _member(want: Want) -> str:
    return f"serviceAccount:{_email(want)}"


def _agent(want: Want) -> str:
    service = text(want.root.get("service")).split(".")[0]
    return f"service-123456789012@gcp-sa-{service}.iam.gserviceaccount.com"


def _key_file(want: Want) -> str:
    account = text(want.root.get("service_account_id")).rsplit("/", 1)[-1]
    document = {"type": "service_account", "project_id": want.scope.account, "client_email": account}
    return base64.b64encode(json.dumps({**document, "private_key": "simulated"}).encode()).decode()


def _zones(want: Want) -> list[str]:
    location = text(want.root.get("location"))
    return [f"{location}-{letter}" for letter in "abc"] if location.count("-") == 1 else []


def _authority(want: Want) -> str:
    from infra.simulator.certificates import authority_base64

    return authority_base64()


def _version(want: Want) -> str:
    wanted = text(want.root.get("min_master_version"))
    if wanted in ("", "latest"):
        return "1.33.5-gke.1162000"
    return wanted if "gke" in wanted else f"{wanted if wanted.count('.') == 2 else wanted + '.5'}-gke.1162000"


def _pool_version(want: Want) -> str:
    return "1.33.5-gke.1162000"


def _groups(kind: str) -> Maker:
    def make(want: Want) -> Value:
        project, name = want.scope.account, f"gke-{text(want.root.get('cluster')).rsplit('/', 1)[-1]}-{secrets.token_hex(4)}"
        zone = (_zones(want) or [text(want.root.get("location"))])[0]
        return [f"https://www.googleapis.com/compute/v1/projects/{project}/zones/{zone}/{kind}/{name}-grp"]

    return make


def _gateway(want: Want) -> str:
    block = text(want.root.get("ip_cidr_range"))
    return block.split("/")[0].rsplit(".", 1)[0] + ".1" if block else ""


def _subnetwork(want: Want) -> str:
    network = leaf(want.root.get("network")) or "default"
    return f"projects/{want.scope.account}/regions/{want.scope.region}/subnetworks/{network}"


def _self_link(want: Want) -> str:
    return link_of(want.type, text(want.root.get("id")))


ANY: dict[str, Maker] = {
    "self_link": _self_link,
    "project": lambda want: want.scope.account,
    "region": lambda want: want.scope.region,
    "zone": lambda want: want.scope.zone,
    "unique_id": number,
    "numeric_id": number,
    "number": number,
    "project_number": _integer,
    "etag": lambda want: "BwX" + secrets.token_hex(4),
    "fingerprint": lambda want: base64.b64encode(secrets.token_bytes(9)).decode(),
    "label_fingerprint": lambda want: secrets.token_hex(4),
    "name_prefix": always(""),
    "state": always("READY"),
    "status": always("ACTIVE"),
    "create_time": lambda want: now(),
    "creation_timestamp": lambda want: now(),
    "address": _address,
}

_NODE: dict[str, Maker] = {
    "disk_size_gb": always(100),
    "disk_type": always("pd-balanced"),
    "image_type": always("COS_CONTAINERD"),
    "machine_type": always("e2-medium"),
    "logging_variant": always("DEFAULT"),
    "metadata": always({"disable-legacy-endpoints": "true"}),
    "oauth_scopes": always(["https://www.googleapis.com/auth/cloud-platform"]),
    "service_account": always("default"),
}

VALUES: Mapping[str, Mapping[str, Maker]] = {
    "*": ANY,
    "google_compute_network": {"mtu": always(1460), "routing_mode": always("REGIONAL"), "network_id": number},
    "google_compute_subnetwork": {
        "gateway_address": _gateway,
        "subnetwork_id": _integer,
        "private_ip_google_access": always(False),
        "purpose": always("PRIVATE"),
        "stack_type": always("IPV4_ONLY"),
        "private_ipv6_google_access": always("DISABLE_GOOGLE_ACCESS"),
    },
    "google_compute_router_nat": {
        "min_ports_per_vm": always(64),
        "enable_endpoint_independent_mapping": always(False),
        "endpoint_types": always(["ENDPOINT_TYPE_VM"]),
        "auto_network_tier": always("PREMIUM"),
    },
    "google_compute_address": {"network_tier": always("PREMIUM"), "purpose": always("")},
    "google_compute_firewall": {"direction": always("INGRESS"), "priority": always(1000)},
    "google_container_cluster": {
        "endpoint": _endpoint,
        "location": lambda want: want.scope.region,
        "master_version": _version,
        "node_version": _version,
        "node_locations": _zones,
        "services_ipv4_cidr": always("34.118.224.0/20"),
        "cluster_ipv4_cidr": always("10.52.0.0/14"),
        "subnetwork": _subnetwork,
        "networking_mode": always("VPC_NATIVE"),
        "datapath_provider": always("LEGACY_DATAPATH"),
        "default_max_pods_per_node": always(110),
        "logging_service": always("logging.googleapis.com/kubernetes"),
        "monitoring_service": always("monitoring.googleapis.com/kubernetes"),
        "master_auth.cluster_ca_certificate": _authority,
        "master_auth.client_certificate": always(""),
        "master_auth.client_key": always(""),
        "private_cluster_config.public_endpoint": _address,
        "private_cluster_config.private_endpoint": always(PRIVATE_ENDPOINT),
        "private_cluster_config.peering_name": lambda want: f"gke-n{secrets.token_hex(10)}-peer",
        "control_plane_endpoints_config.dns_endpoint_config.endpoint": lambda want: (
            f"gke-{secrets.token_hex(16)}.{text(want.root.get('location'))}.gke.goog"
        ),
        "node_pool.name": always("default-pool"),
        "fleet.membership": always(""),
        **{f"node_config.{key}": maker for key, maker in _NODE.items()},
        **{f"node_pool.node_config.{key}": maker for key, maker in _NODE.items()},
    },
    "google_container_node_pool": {
        "version": _pool_version,
        "location": lambda want: want.scope.region,
        "node_locations": _zones,
        "node_count": lambda want: want.root.get("initial_node_count") or 1,
        "initial_node_count": lambda want: want.root.get("node_count") or 1,
        "max_pods_per_node": always(110),
        "instance_group_urls": _groups("instanceGroupManagers"),
        "managed_instance_group_urls": _groups("instanceGroups"),
        **{f"node_config.{key}": maker for key, maker in _NODE.items()},
    },
    "google_service_account": {"email": _email, "member": _member, "name": lambda want: text(want.root.get("id"))},
    "google_project_service_identity": {"email": _agent, "member": lambda want: f"serviceAccount:{_agent(want)}"},
    "google_service_account_key": {
        "private_key": _key_file,
        "public_key": lambda want: base64.b64encode(b"simulated").decode(),
        "name": lambda want: text(want.root.get("id")),
    },
    "google_storage_bucket": {
        "url": lambda want: f"gs://{text(want.root.get('name'))}",
        "public_access_prevention": always("inherited"),
        "uniform_bucket_level_access": always(False),
        "rpo": always("DEFAULT"),
    },
    "google_kms_crypto_key": {"destroy_scheduled_duration": always("2592000s")},
    "google_secret_manager_secret": {"name": lambda want: f"projects/123456789012/secrets/{text(want.root.get('secret_id'))}"},
    "google_secret_manager_secret_version": {"version": always("1"), "name": lambda want: text(want.root.get("id"))},
    "google_service_networking_connection": {"peering": always("servicenetworking-googleapis-com")},
    "google_compute_instance": {"instance_id": number, "current_status": always("RUNNING")},
}
