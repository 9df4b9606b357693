"""What Google Cloud refuses, in the words of its API."""

import ipaddress
import re

from infra.simulator.clouds.base import Scope
from infra.simulator.clouds.google.names import leaf, relative
from infra.simulator.errors import CloudError
from infra.simulator.store import Row, Store
from infra.simulator.validation import check_conflicts, check_enums, network_of
from infra.simulator.values import ObjectValue, as_objects, text

REFERENCES = {
    "network": ("google_compute_network", "global/networks"),
    "subnetwork": ("google_compute_subnetwork", "regions/{region}/subnetworks"),
    "router": ("google_compute_router", "regions/{region}/routers"),
    "cluster": ("google_container_cluster", "locations/{location}/clusters"),
    "key_ring": ("google_kms_key_ring", ""),
}
USERS = {
    "google_compute_network": {
        "network": re.compile(
            r"^google_(compute_(subnetwork|router|firewall|route|instance|network_peering|vpn_gateway|address"
            r"|global_address)|container_cluster|redis_instance|filestore_instance|service_networking_connection)$"
        )
    },
    "google_compute_subnetwork": {
        "subnetwork": re.compile(r"^google_(container_cluster|compute_instance|compute_address|compute_forwarding_rule)$"),
        "network_interface.subnetwork": re.compile(r"^google_compute_instance"),
    },
    "google_compute_router": {},
    "google_compute_address": {"nat_ips": re.compile(r"^google_compute_router_nat$")},
}
NAME = re.compile(r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")
ACCOUNT = re.compile(r"[a-z](?:[-a-z0-9]{4,28}[a-z0-9])")
NAMED = re.compile(r"^google_(compute_(network|subnetwork|router|router_nat|firewall|address)|container_(cluster|node_pool))$")
LINKED = re.compile(r"^google_(compute_|container_|kms_|service_account$|storage_bucket$|artifact_registry_repository$)")


def _refused(doing: str, code: int, message: str, reason: str) -> CloudError:
    return CloudError(f"{doing}: googleapi: Error {code}: {message}, {reason}")


def _label(type_: str) -> str:
    words = type_.removeprefix("google_").removeprefix("compute_").split("_")
    return "".join(word.capitalize() for word in words)


def check_create(type_: str, values: ObjectValue, id_: str, scope: Scope, store: Store) -> None:
    """Refuse a name in use, a reference to nothing, overlapping ranges."""
    taken = store.get(type_, id_)
    if taken is not None and LINKED.match(type_) and "_iam_" not in type_:
        raise _refused(f"Error creating {_label(type_)}", 409, f"The resource '{id_}' already exists", "alreadyExists")
    _check_references(type_, values, scope, store)
    if type_ == "google_compute_subnetwork":
        _check_subnetwork(values, id_, store)
    if type_ == "google_container_cluster":
        _check_ranges(values, scope, store)


def _check_references(type_: str, values: ObjectValue, scope: Scope, store: Store) -> None:
    for key, (kind, _) in REFERENCES.items():
        named = text(values.get(key))
        if not named or leaf(named) == "default" or key == "cluster" and not type_.startswith("google_container_"):
            continue
        if resolve(kind, named, scope, store) is None:
            path = relative(named) if "/" in named else _path(kind, named, values, scope)
            raise _refused(f"Error creating {_label(type_)}", 404, f"The resource '{path}' was not found", "notFound")


def _path(kind: str, name: str, values: ObjectValue, scope: Scope) -> str:
    place = next(place for held, place in REFERENCES.values() if held == kind)
    where = place.format(region=text(values.get("region")) or scope.region, location=text(values.get("location")))
    return f"projects/{text(values.get('project')) or scope.account}/{where}/{name}"


def resolve(kind: str, named: str, scope: Scope, store: Store) -> Row | None:
    """Find what a name, a resource name or a self link means."""
    if "/" in named:
        return store.get(kind, relative(named)) or _by_name(kind, leaf(named), relative(named), store)
    return _by_name(kind, named, "", store)


def _by_name(kind: str, name: str, path: str, store: Store) -> Row | None:
    for row in store.find("type=? AND name=?", (kind, name)):
        if not path or path.split("/")[1:2] == row.id.split("/")[1:2]:
            return row
    return None


def _check_subnetwork(values: ObjectValue, id_: str, store: Store) -> None:
    network = leaf(values.get("network"))
    for wanted in _ranges(values):
        for row in store.find("type='google_compute_subnetwork'", ()):
            if leaf(row.attributes.get("network")) != network:
                continue
            for held in _ranges(row.attributes):
                if wanted.overlaps(held):
                    raise _refused(
                        "Error creating Subnetwork",
                        400,
                        f"Invalid IPCidrRange: {wanted} conflicts with existing subnetwork '{row.name}' in region"
                        f" '{leaf(row.attributes.get('region'))}'.",
                        "badRequest",
                    )


def _ranges(values: ObjectValue) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    texts = [text(values.get("ip_cidr_range"))]
    texts += [text(item.get("ip_cidr_range")) for item in as_objects(values.get("secondary_ip_range"))]
    return [network_of(item) for item in texts if item]


def _check_ranges(values: ObjectValue, scope: Scope, store: Store) -> None:
    named = text(values.get("subnetwork"))
    subnetwork = resolve("google_compute_subnetwork", named, scope, store) if named else None
    if subnetwork is None:
        return
    held = {text(item.get("range_name")) for item in as_objects(subnetwork.attributes.get("secondary_ip_range"))}
    for block in as_objects(values.get("ip_allocation_policy")):
        for key in ("cluster_secondary_range_name", "services_secondary_range_name"):
            wanted = text(block.get(key))
            if wanted and wanted not in held:
                raise _refused(
                    "Error creating Cluster",
                    400,
                    f'Pod/Service secondary range "{wanted}" does not exist in subnetwork "{subnetwork.name}".',
                    "badRequest",
                )


def check_delete(row: Row, prior: ObjectValue, store: Store) -> None:
    """Refuse to delete what is protected or others still use."""
    if row.attributes.get("deletion_protection") is True and row.type == "google_container_cluster":
        raise CloudError(
            "Cannot destroy cluster because deletion_protection is set to true. Set it to false to proceed with cluster deletion."
        )
    if prior.get("deletion_protection") is True and row.type.startswith(("google_sql_", "google_bigquery_", "google_spanner_")):
        raise CloudError(f"cannot destroy {row.type} without setting deletion_protection=false and running `terraform apply`")
    if row.type == "google_storage_bucket":
        _check_bucket(row, store)
    for path, users in USERS.get(row.type, {}).items():
        for holder in _users(row, path, store):
            if users.match(holder.type):
                name = relative(row.id)
                raise _refused(
                    f"Error waiting for Deleting {_label(row.type)}",
                    400,
                    f"The {_label(row.type).lower()} resource '{name}' is already being used by '{relative(holder.id)}'",
                    "resourceInUseByAnotherResource",
                )


def _users(row: Row, path: str, store: Store) -> list[Row]:
    targets = {row.id, text(row.attributes.get("self_link")), row.name}
    found = []
    for target in targets - {""}:
        for holder, held in store.holders(target):
            if held == path and holder.uid != row.uid:
                found.append(holder)
    return found


def _check_bucket(row: Row, store: Store) -> None:
    if row.attributes.get("force_destroy"):
        return
    if any(item.attributes.get("bucket") == row.name for item in store.find("type='google_storage_bucket_object'", ())):
        raise CloudError(f"Error trying to delete bucket {row.name} containing objects without `force_destroy` set to true")


CONFLICTS: dict[str, tuple[tuple[str, str], ...]] = {
    "google_container_cluster": (
        ("cluster_ipv4_cidr", "ip_allocation_policy"),
        ("ip_allocation_policy.cluster_ipv4_cidr_block", "ip_allocation_policy.cluster_secondary_range_name"),
        ("ip_allocation_policy.services_ipv4_cidr_block", "ip_allocation_policy.services_secondary_range_name"),
        ("enable_autopilot", "remove_default_node_pool"),
        ("enable_autopilot", "cluster_autoscaling.enabled"),
    ),
    "google_container_node_pool": (("name", "name_prefix"),),
}
ENUMS: dict[str, dict[str, tuple[str, ...]]] = {
    "google_container_cluster": {
        "networking_mode": ("VPC_NATIVE", "ROUTES"),
        "datapath_provider": ("DATAPATH_PROVIDER_UNSPECIFIED", "LEGACY_DATAPATH", "ADVANCED_DATAPATH"),
        "release_channel.channel": ("UNSPECIFIED", "RAPID", "REGULAR", "STABLE", "EXTENDED"),
        "database_encryption.state": ("ENCRYPTED", "DECRYPTED", "ALL_OBJECTS_ENCRYPTION_ENABLED"),
        "binary_authorization.evaluation_mode": ("DISABLED", "PROJECT_SINGLETON_POLICY_ENFORCE"),
        "security_posture_config.mode": ("DISABLED", "BASIC", "ENTERPRISE"),
        "logging_config.enable_components": (
            "SYSTEM_COMPONENTS", "APISERVER", "CONTROLLER_MANAGER", "KCP_CONNECTION", "KCP_SSHD", "KCP_HPA", "SCHEDULER",
            "WORKLOADS",
        ),
    },
    "google_container_node_pool": {
        "node_config.taint.effect": ("NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"),
        "node_config.workload_metadata_config.mode": ("MODE_UNSPECIFIED", "GCE_METADATA", "GKE_METADATA"),
        "upgrade_settings.strategy": ("SURGE", "BLUE_GREEN"),
    },
    "google_compute_network": {"routing_mode": ("REGIONAL", "GLOBAL")},
    "google_compute_router_nat": {
        "nat_ip_allocate_option": ("AUTO_ONLY", "MANUAL_ONLY"),
        "source_subnetwork_ip_ranges_to_nat": (
            "ALL_SUBNETWORKS_ALL_IP_RANGES", "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES", "LIST_OF_SUBNETWORKS",
        ),
    },
    "google_compute_subnetwork": {
        "stack_type": ("IPV4_ONLY", "IPV4_IPV6", "IPV6_ONLY"),
        "log_config.metadata": ("EXCLUDE_ALL_METADATA", "INCLUDE_ALL_METADATA", "CUSTOM_METADATA"),
    },
    "google_compute_firewall": {"direction": ("INGRESS", "EGRESS")},
    "google_kms_crypto_key": {
        "purpose": ("ENCRYPT_DECRYPT", "ASYMMETRIC_SIGN", "ASYMMETRIC_DECRYPT", "RAW_ENCRYPT_DECRYPT", "MAC"),
    },
    "google_storage_bucket": {"public_access_prevention": ("inherited", "enforced")},
}  # fmt: skip


def refuse_configuration(type_: str, config: ObjectValue) -> None:
    """Refuse conflicting arguments, unknown values and impossible names."""
    check_conflicts(CONFLICTS.get(type_, ()), config)
    check_enums(ENUMS.get(type_, {}), config)
    name = config.get("name")
    if NAMED.match(type_) and isinstance(name, str) and not NAME.match(name):
        raise CloudError(f'"name" ("{name}") doesn\'t match regexp "^(?:[a-z](?:[-a-z0-9]{{0,61}}[a-z0-9])?)$"')
    account = config.get("account_id")
    if type_ == "google_service_account" and isinstance(account, str) and not ACCOUNT.fullmatch(account):
        raise CloudError(f'"account_id" ("{account}") doesn\'t match regexp "^[a-z](?:[-a-z0-9]{{4,28}}[a-z0-9])$"')
