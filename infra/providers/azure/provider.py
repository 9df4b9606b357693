"""The contract's face of Azure: each answer is in the file that its name says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from infra.errors import Problem, Unsupported
from infra.objects import ObjectStore
from infra.providers.azure import facts
from infra.providers.base import CONTRACT, CloudObject, Identity, StateLocation, state_key
from infra.spec.model import Cluster

MODULES = {"network": "network/azure", "cluster": "kubernetes-cluster/azure-aks", "platform": "platform/base/azure"}
T = TypeVar("T")
TERRAFORM = facts.HERE.parents[1] / "terraform" / "modules"


class Lazy(Generic[T]):
    """An attribute made when it is first asked for, so that importing the provider costs next to nothing."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make

    def __get__(self, instance: object, owner: type) -> T:
        return self._make()


def _options() -> type[BaseModel]:
    from infra.providers.azure.options import AzureOptions

    return AzureOptions


class Azure:
    """Azure as an `infra.providers.base.Provider`."""

    contract = CONTRACT
    name = "azure"
    title = "Azure"
    state_schemes: tuple[str, ...] = ("azurerm",)

    options = Lazy(_options)
    error_patterns = Lazy(facts.error_patterns)
    security_rules = Lazy(facts.security_rules)

    def regions(self) -> Mapping[str, tuple[str, ...]]:
        """Return the regions that have zones."""
        return facts.regions()

    def kubernetes_versions(self) -> tuple[str, ...]:
        """Return AKS's versions, newest first."""
        return tuple(facts.read("regions")["kubernetes"])

    def machine_type(self, environment: str) -> str:
        """Return the default VM size of an environment."""
        return str(facts.read("environments")[environment]["machine_type"])

    def check(self, cluster: Cluster) -> list[Problem]:
        """Return what Azure would refuse."""
        from infra.providers.azure import checks

        return checks.problems(cluster)

    def module(self, stage: str) -> Path:
        """Return the folder of a stage's module."""
        if stage not in MODULES:
            raise Unsupported(f"stage {stage!r} has no module on Azure")
        return TERRAFORM / MODULES[stage]

    def required_providers(self) -> Mapping[str, Mapping[str, str]]:
        """Return azurerm, and time for the waits on role assignments."""
        from infra.providers.azure import mapping

        return mapping.REQUIRED_PROVIDERS

    def provider_blocks(self, cluster: Cluster) -> Mapping[str, Any]:
        """Return azurerm's block."""
        from infra.providers.azure import mapping

        return mapping.provider_blocks(cluster)

    def cloud_variables(self, stage: str, cluster: Cluster) -> dict[str, Any]:
        """Return the `cloud` object of a stage's module."""
        from infra.providers.azure import mapping

        return mapping.cloud_variables(stage, cluster)

    def protected_addresses(self) -> tuple[str, ...]:
        """Return nothing: the lock depends on the cluster, so a destroy takes it off before anything that it protects."""
        return ()

    def imports(self, cluster: Cluster | None = None) -> Mapping[str, str]:
        """Return how terraform imports what the modules make, in the cluster's subscription or the environment's."""
        return facts.imports(str(cluster.spec.cloud_options.get("subscriptionId") or "") if cluster else "")

    def backend(self, location: StateLocation, key: str) -> tuple[str, dict[str, Any]]:
        """Return terraform's azurerm backend; it signs in with Entra, or with ARM_ACCESS_KEY where that is set."""
        from infra.providers.azure.blobs import container_of

        container, _ = container_of(location)
        arguments: dict[str, Any] = {
            "storage_account_name": location.bucket,
            "container_name": container,
            "key": key.removeprefix(f"{container}/"),
            "use_azuread_auth": True,
        }
        if "subscription" in location.options:
            arguments["subscription_id"] = location.options["subscription"]
        return "azurerm", arguments

    def state_object(self, location: StateLocation, cluster: str, stage: str) -> str:
        """Return the blob of a state: the one that the backend is given."""
        return state_key(cluster, stage)

    def artifact_repository(self, location: StateLocation, keys: str) -> Mapping[str, Any]:
        """Return Argo's Azure repository."""
        from infra.providers.azure.blobs import container_of, endpoint_of

        container, _ = container_of(location)
        blobs = keys.removeprefix(f"{container}/")
        return {
            "azure": {"endpoint": endpoint_of(location), "container": container, "blobNameFormat": blobs, "useSDKCreds": True}
        }

    def object_store(self, location: StateLocation) -> ObjectStore:
        """Return the store in a container."""
        from infra.providers.azure.blobs import open_store

        return open_store(location)

    def create_state_store(self, location: StateLocation, region: str) -> list[str]:
        """Make or repair the storage account and its container."""
        from infra.providers.azure.state import create

        return create(location, region)

    def credentials(self, cluster: Cluster | None = None) -> Identity:
        """Return subscription and principal."""
        from infra.providers.azure.whoami import identity

        return identity(cluster.spec.cloud_options if cluster else None)

    def kubeconfig(self, cluster: Cluster, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return a kubeconfig that gets its tokens from kubelogin."""
        from infra.providers.azure import kubeconfig

        return kubeconfig.kubeconfig(cluster.name, outputs)

    def inventory(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Return what Azure holds for a cluster."""
        from infra.providers.azure import resources

        return resources.inventory(name, resources.connect(options))

    def drain(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Remove what Kubernetes made for a cluster."""
        from infra.providers.azure import resources

        return resources.drain(name, resources.connect(options))

    def prices(self) -> Mapping[str, Any]:
        """Return the offline price table."""
        prices: Mapping[str, Any] = facts.read("prices")
        return prices

    def permissions(self) -> Path:
        """Return the custom role with the rights that modules and commands need."""
        return facts.HERE / "permissions.json"
