"""From a spec to the modules' `cloud` objects: the part of the inputs that only AWS has."""

from __future__ import annotations

from typing import Any

from infra.errors import Unsupported
from infra.providers.aws.options import AwsOptions
from infra.spec.model import Cluster


def options_of(cluster: Cluster) -> AwsOptions:
    """Return the spec's `cloudOptions` as typed data."""
    return AwsOptions.model_validate(cluster.spec.cloud_options)


def cloud_variables(stage: str, cluster: Cluster) -> dict[str, Any]:
    """Return the `cloud` object of a stage's module; raises `Unsupported` for a stage that has none."""
    options, environment = options_of(cluster), cluster.spec.environment
    if stage == "network":
        return {**_common(options, environment), **_network(options, environment)}
    if stage == "cluster":
        return {**_common(options, environment), **_cluster(options)}
    if stage == "platform":
        return _common(options, environment)
    raise Unsupported(f"stage {stage!r} has no module on AWS")


def _common(options: AwsOptions, environment: str) -> dict[str, Any]:
    return {
        "permissions_boundary": options.permissions_boundary or "",
        "key_deletion_days": options.key_deletion_days or (30 if environment == "prod" else 7),
    }


def _network(options: AwsOptions, environment: str) -> dict[str, Any]:
    endpoints = options.interface_endpoints
    return {
        "zone_capacity": options.zone_capacity,
        "interface_endpoints": None if endpoints is None else sorted(set(endpoints)),
        "encryption_control": options.encryption_control or ("monitor" if environment == "prod" else "off"),
        "public_access_exclusion": options.public_access_exclusion,
    }


def _cluster(options: AwsOptions) -> dict[str, Any]:
    return {
        "node_os": options.node_os,
        "max_pods": options.max_pods,
        "node_disk_kms_key_arn": options.node_disk_kms_key_arn or "",
        "node_session_manager": options.node_session_manager,
        "node_repair": options.node_repair,
        "max_unavailable_percentage": options.max_unavailable_percentage,
        "addon_versions": dict(options.addon_versions),
        "support_type": options.support_type,
        "zonal_shift": options.zonal_shift,
        "api_client_cidrs": list(options.api_client_cidrs),
        "workload_roles": {name: role.model_dump() for name, role in options.workload_roles.items()},
    }


def provider_blocks(cluster: Cluster) -> dict[str, Any]:
    """Return terraform's `provider "aws"` block: the region, and the account it may not leave."""
    options = options_of(cluster)
    block: dict[str, Any] = {"region": cluster.spec.region}
    if options.account_id:
        block["allowed_account_ids"] = [options.account_id]
    if options.role_arn:
        block["assume_role"] = [{"role_arn": options.role_arn, "session_name": "hera"}]
    return {"aws": block}
