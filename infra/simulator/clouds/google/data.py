"""Google Cloud data sources: from what exists, else made up plausibly."""

from infra.simulator.clouds.base import Scope
from infra.simulator.clouds.google.names import id_of, leaf, link_of
from infra.simulator.clouds.lookup import matching
from infra.simulator.errors import CloudError
from infra.simulator.store import Store
from infra.simulator.values import ObjectValue, text

NUMBER = "123456789012"
VERSIONS = ["1.33.5-gke.1162000", "1.33.4-gke.1350000", "1.32.9-gke.1207000", "1.31.13-gke.1023000"]
MUST_EXIST = (
    "google_compute_network",
    "google_compute_subnetwork",
    "google_container_cluster",
    "google_kms_key_ring",
    "google_kms_crypto_key",
    "google_storage_bucket",
    "google_service_account",
)
KEYS = ("name", "account_id", "project", "region", "location", "key_ring", "cluster", "secret", "repository_id", "router")


def answer(type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue | None:
    """Answer a data source."""
    project = text(config.get("project")) or scope.account
    region = text(config.get("region")) or scope.region
    special: dict[str, ObjectValue] = {
        "google_client_config": {
            "id": f'projects/"{scope.account}"/regions/"{scope.region}"/zones/"{scope.zone}"',
            "project": scope.account,
            "region": scope.region,
            "zone": scope.zone,
            "access_token": "ya29.simulated",
        },
        "google_client_openid_userinfo": {"id": "simulated@example.com", "email": "simulated@example.com"},
        "google_compute_zones": {
            "id": f"projects/{project}/regions/{region}",
            "names": [f"{region}-{letter}" for letter in "abc"],
            "project": project,
            "region": region,
        },
        "google_compute_regions": {"id": f"projects/{project}", "names": ["europe-west1", "us-central1", "us-east1"]},
        "google_container_engine_versions": _versions(config, scope),
        "google_compute_image": {
            "name": "cos-simulated",
            "self_link": "https://www.googleapis.com/compute/v1/projects/cos-cloud/global/images/cos-simulated",
        },
        "google_netblock_ip_ranges": {
            "id": "netblock-ip-ranges-simulated",
            "cidr_blocks": ["35.191.0.0/16", "130.211.0.0/22"],
            "cidr_blocks_ipv4": ["35.191.0.0/16", "130.211.0.0/22"],
        },
        "google_storage_project_service_account": {
            "id": f"service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com",
            "email_address": f"service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com",
            "member": f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com",
        },
        "google_compute_default_service_account": {
            "id": f"projects/{project}/serviceAccounts/{NUMBER}-compute@developer.gserviceaccount.com",
            "email": f"{NUMBER}-compute@developer.gserviceaccount.com",
            "member": f"serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com",
        },
    }
    if type_ == "google_project":
        return _project(text(config.get("project_id")) or scope.account)
    if type_ == "google_iam_policy":
        return _policy(config)
    if type_ in special:
        return special[type_]
    return _existing(type_, config, scope, store)


def _versions(config: ObjectValue, scope: Scope) -> ObjectValue:
    prefix = text(config.get("version_prefix"))
    chosen = [version for version in VERSIONS if version.startswith(prefix)]
    latest = chosen[0] if chosen else ""
    return {
        "id": scope.region,
        "valid_master_versions": chosen,
        "valid_node_versions": chosen,
        "latest_master_version": latest,
        "latest_node_version": latest,
        "default_cluster_version": latest,
        "release_channel_default_version": dict.fromkeys(("RAPID", "REGULAR", "STABLE", "EXTENDED"), VERSIONS[0]),
        "release_channel_latest_version": dict.fromkeys(("RAPID", "REGULAR", "STABLE", "EXTENDED"), VERSIONS[0]),
    }


def _project(project: str) -> ObjectValue:
    return {
        "id": f"projects/{project}",
        "project_id": project,
        "number": NUMBER,
        "name": project,
        "labels": {},
        "effective_labels": {},
        "terraform_labels": {},
        "auto_create_network": False,
    }


def _policy(config: ObjectValue) -> ObjectValue:
    import json

    from infra.simulator.values import as_objects

    bindings = [
        {"members": sorted(block.get("members") or []), "role": block.get("role")}  # type: ignore[call-overload]
        for block in as_objects(config.get("binding"))
    ]
    return {"id": "simulated", "policy_data": json.dumps({"bindings": bindings})}


def _existing(type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    wanted = {key: leaf(config.get(key)) if key in ("region",) else config.get(key) for key in KEYS}
    wanted["name"] = wanted.get("name") or leaf(config.get("self_link")) or None
    found = matching(store, [type_], wanted, KEYS)
    if not found and text(config.get("account_id")):
        account = text(config["account_id"]).split("@")[0]
        found = matching(store, [type_], {"account_id": account}, ["account_id"])
    if found:
        return {**found[-1].attributes}
    name = text(wanted.get("name")) or text(config.get("account_id"))
    if type_ in MUST_EXIST and name not in ("", "default"):
        id_ = id_of(type_, {**config, "name": name}, scope)
        raise CloudError(f"Error reading {type_}: googleapi: Error 404: The resource '{id_}' was not found, notFound")
    made: ObjectValue = {key: value for key, value in config.items() if value is not None}
    made["id"] = id_of(type_, made, scope)
    made["self_link"] = link_of(type_, text(made["id"]))
    return made
