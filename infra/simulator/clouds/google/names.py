"""Resource names and self links of Google Cloud objects."""

from infra.simulator.clouds.base import Scope
from infra.simulator.values import ObjectValue, text

COMPUTE = "https://www.googleapis.com/compute/v1/"
CONTAINER = "https://container.googleapis.com/v1/"

IDS = {
    "google_compute_network": "projects/{project}/global/networks/{name}",
    "google_compute_subnetwork": "projects/{project}/regions/{region}/subnetworks/{name}",
    "google_compute_router": "projects/{project}/regions/{region}/routers/{name}",
    "google_compute_router_nat": "{project}/{region}/{router}/{name}",
    "google_compute_address": "projects/{project}/regions/{region}/addresses/{name}",
    "google_compute_global_address": "projects/{project}/global/addresses/{name}",
    "google_compute_firewall": "projects/{project}/global/firewalls/{name}",
    "google_compute_route": "projects/{project}/global/routes/{name}",
    "google_compute_network_peering": "{network}/{name}",
    "google_container_cluster": "projects/{project}/locations/{location}/clusters/{name}",
    "google_container_node_pool": "projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{name}",
    "google_kms_key_ring": "projects/{project}/locations/{location}/keyRings/{name}",
    "google_kms_crypto_key": "{key_ring}/cryptoKeys/{name}",
    "google_service_account": "projects/{project}/serviceAccounts/{account_id}@{project}.iam.gserviceaccount.com",
    "google_service_account_key": "{service_account_id}/keys/{hex}",
    "google_service_account_iam_member": "{service_account_id}/{role}/{member}",
    "google_service_account_iam_binding": "{service_account_id}/{role}",
    "google_project_iam_member": "{project}/{role}/{member}",
    "google_project_iam_binding": "{project}/{role}",
    "google_project_iam_custom_role": "projects/{project}/roles/{role_id}",
    "google_project_service": "{project}/{service}",
    "google_project_service_identity": "projects/{project}/services/{service}",
    "google_storage_bucket": "{name}",
    "google_storage_bucket_iam_member": "b/{bucket}/{role}/{member}",
    "google_storage_bucket_object": "{bucket}-{name}",
    "google_kms_crypto_key_iam_member": "{crypto_key_id}/{role}/{member}",
    "google_kms_crypto_key_iam_binding": "{crypto_key_id}/{role}",
    "google_kms_key_ring_iam_member": "{key_ring_id}/{role}/{member}",
    "google_service_networking_connection": "{network}:{service}",
    "google_secret_manager_secret": "projects/{project}/secrets/{secret_id}",
    "google_secret_manager_secret_version": "{secret}/versions/1",
    "google_artifact_registry_repository": "projects/{project}/locations/{location}/repositories/{repository_id}",
    "google_dns_managed_zone": "projects/{project}/managedZones/{name}",
    "google_dns_policy": "projects/{project}/policies/{name}",
    "google_dns_record_set": "projects/{project}/managedZones/{managed_zone}/rrsets/{name}/{type}",
    "google_pubsub_topic": "projects/{project}/topics/{name}",
    "google_gke_hub_membership": "projects/{project}/locations/global/memberships/{membership_id}",
    "google_compute_shared_vpc_host_project": "{project}",
    "google_compute_instance": "projects/{project}/zones/{zone}/instances/{name}",
    "google_logging_project_bucket_config": "projects/{project}/locations/{location}/buckets/{bucket_id}",
    "google_logging_project_exclusion": "projects/{project}/exclusions/{name}",
    "google_logging_project_sink": "projects/{project}/sinks/{name}",
    "google_iam_workload_identity_pool": "projects/{project}/locations/global/workloadIdentityPools/{workload_identity_pool_id}",
    "google_compute_subnetwork_iam_member": "projects/{project}/regions/{region}/subnetworks/{subnetwork}/{role}/{member}",
}


class _Lookup(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def leaf(value: object) -> str:
    """Give the last part of a resource name or self link."""
    return text(value).rsplit("/", 1)[-1]


def relative(value: str) -> str:
    """Give projects/… of a self link."""
    return value[value.index("projects/") :] if "projects/" in value else value


def id_of(type_: str, values: ObjectValue, scope: Scope) -> str:
    """Give a new object's id."""
    words = _Lookup({key: item for key, item in values.items() if isinstance(item, str)})
    words["project"] = leaf(words["project"]) or scope.account
    words["region"] = leaf(words["region"]) or scope.region
    words["zone"] = leaf(words["zone"]) or scope.zone
    words["router"], words["cluster"] = leaf(words["router"]), leaf(words["cluster"])
    words["location"] = words["location"] or words["region"]
    import secrets

    words["hex"] = secrets.token_hex(20)
    template = IDS.get(type_) or _generic(type_, values, words)
    return template.format_map(words)


def _generic(type_: str, values: ObjectValue, words: _Lookup) -> str:
    if type_.endswith("_iam_member") or type_.endswith("_iam_binding") or type_.endswith("_iam_policy"):
        base = type_.removeprefix("google_").rsplit("_iam_", 1)[0]
        words["target"] = next((item for key, item in values.items() if isinstance(item, str) and key in base), "target")
        return "{project}/{target}/{role}/{member}"
    kind = type_.removeprefix("google_").split("_")
    plural = kind[-1] + "s"
    key = f"{kind[-1]}_id"
    words["name"] = (
        text(values.get("name"))
        or words.get(key)
        or next(
            (item for name, item in sorted(values.items()) if name.endswith("_id") and isinstance(item, str)), words["hex"][:10]
        )
    )
    words["name"] = leaf(words["name"])
    if kind[0] == "compute":
        place = "zones/{zone}" if values.get("zone") else "regions/{region}" if values.get("region") else "global"
        return f"projects/{{project}}/{place}/{plural}/{{name}}"
    place = "locations/{location}/" if values.get("location") else ""
    return f"projects/{{project}}/{place}{plural}/{{name}}"


def link_of(type_: str, id_: str) -> str:
    """Give an object's self link."""
    if type_.startswith("google_container_"):
        return CONTAINER + id_
    if type_ == "google_storage_bucket":
        return f"https://www.googleapis.com/storage/v1/b/{id_}"
    return COMPUTE + id_
