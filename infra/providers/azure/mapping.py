"""From a spec to the modules' `cloud` objects and terraform's provider block: the part of the inputs that only Azure has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.errors import Unsupported
from infra.providers.azure.facts import read
from infra.providers.azure.options import AzureOptions, said
from infra.spec.model import Cluster

REQUIRED_PROVIDERS = {
    "azurerm": {"source": "hashicorp/azurerm", "version": ">= 4.55, < 5.0"},
    "time": {"source": "hashicorp/time", "version": ">= 0.12, < 1.0"},
}

FEATURES: Mapping[str, Mapping[str, bool]] = {
    # The group is the cluster's own, and Azure puts things into it that Terraform did not make: they go with the group.
    "resource_group": {"prevent_deletion_if_contains_resources": False},
    # No workspace that lingers for two weeks and holds its name.
    "log_analytics_workspace": {"permanently_delete_on_destroy": True},
    # Vaults are protected from purging: a cluster of the same name gets its vault and keys back.
    "key_vault": {
        "purge_soft_delete_on_destroy": False,
        "purge_soft_deleted_keys_on_destroy": False,
        "recover_soft_deleted_key_vaults": True,
        "recover_soft_deleted_keys": True,
    },
    # The flow logs' account is closed to the machine that runs Terraform.
    "storage": {"data_plane_available": False},
}
"""azurerm's `features`, as in envs/*/azure/versions.tf."""


def options_of(cluster: Cluster) -> AzureOptions:
    """Return the spec's `cloudOptions` as typed data."""
    return AzureOptions.model_validate(cluster.spec.cloud_options)


def cloud_variables(stage: str, cluster: Cluster) -> dict[str, Any]:
    """Return the `cloud` object of a stage's module: the environment's values, and the user's above them."""
    options = options_of(cluster)
    below = read("environments")[cluster.spec.environment]
    if stage == "network":
        return _overlay(below["network"], said(options.network))
    if stage == "cluster":
        return _overlay(below["cluster"], said(options.cluster))
    if stage == "platform":
        return {}
    raise Unsupported(f"stage {stage!r} has no module on Azure")


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return `above` with what it does not say taken from `below`; only the system pool is a mapping in both."""
    pools = [part["system_pool"] for part in (below, above) if "system_pool" in part]
    pool = {key: value for part in pools for key, value in part.items()}
    return {**below, **above, **({"system_pool": pool} if pool else {})}


def provider_blocks(cluster: Cluster) -> dict[str, Any]:
    """Return terraform's `provider "azurerm"` block; without a subscription it takes ARM_SUBSCRIPTION_ID."""
    block: dict[str, Any] = {"storage_use_azuread": True, "features": {name: dict(part) for name, part in FEATURES.items()}}
    subscription = options_of(cluster).subscription_id
    return {"azurerm": {**block, "subscription_id": subscription} if subscription else block}
