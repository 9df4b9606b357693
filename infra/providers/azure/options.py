"""What a spec may say of Azure alone, in `cloudOptions`: the modules' `cloud` objects, in the words of YAML.

A field that is left out is not passed on: then the environment (environments.json) decides, and else the module.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from infra.spec.model import Cidr, Model

UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
RESOURCE_ID = r"^/subscriptions/[^/]+/.+"
MACHINE_TYPE = r"^Standard_[A-Za-z0-9_-]+$"
SURGE = r"^([1-9][0-9]*|[1-9][0-9]?%|100%)$"

Uuid = Annotated[str, Field(pattern=UUID)]
ResourceId = Annotated[str, Field(pattern=RESOURCE_ID)]


class _Options(Model):
    """Built on first use: importing a provider stays cheap."""

    model_config = ConfigDict(defer_build=True)


class PrivateLink(_Options):
    """Private Link for a resource of the user's."""

    service: Literal["storage", "registry", "secrets"] = Field(description="What kind of resource it is.")
    resource_id: ResourceId = Field(description="The resource's id.")


class NetworkOptions(_Options):
    """The network module's `cloud` object."""

    encryption: bool | None = Field(default=None, description="Encrypt traffic between machines of the VNet.")
    dns_servers: list[str] | None = Field(default=None, description="Resolvers instead of Azure's.")
    nat_idle_minutes: int | None = Field(default=None, ge=4, le=120, description="Idle timeout of NAT flows.")
    public_ingress_ports: list[int] | None = Field(default=None, description="Ports that public load balancers may receive on.")
    public_ingress_cidrs: list[Cidr] | None = Field(default=None, description="Who may reach those ports.")
    private_links: dict[str, PrivateLink] | None = Field(default=None, description="Private Link for resources of yours.")
    ddos_protection_plan: ResourceId | None = Field(default=None, description="Plan that protects public addresses.")
    network_watcher: str | None = Field(default=None, description="The region's network watcher.")
    network_watcher_group: str | None = Field(default=None, description="The watcher's resource group.")
    flow_log_replication: Literal["LRS", "ZRS"] | None = Field(default=None, description="Copies of flow records.")
    analytics_minutes: Literal[10, 60] | None = Field(default=None, description="How often traffic is analysed.")
    private_dns_resolution: Literal["NxDomainRedirect", "Default"] | None = Field(
        default=None, description="What happens to names that a private zone does not hold."
    )


class SystemPool(_Options):
    """Nodes for AKS's own pods."""

    machine_type: str | None = Field(default=None, pattern=MACHINE_TYPE, description="VM size.")
    min_size: int | None = Field(default=None, alias="min", ge=1, le=1000, description="Fewest nodes, over all zones.")
    max_size: int | None = Field(default=None, alias="max", ge=1, le=1000, description="Most nodes, over all zones.")
    disk_gb: int | None = Field(default=None, alias="diskGiB", ge=30, le=2048, description="OS disk.")


class ClusterOptions(_Options):
    """The cluster module's `cloud` object."""

    sku_tier: Literal["Free", "Standard", "Premium"] | None = Field(default=None, description="Tier of the control plane.")
    long_term_support: bool | None = Field(default=None, description="Two years of support; needs Premium.")
    api_server_vnet_integration: bool | None = Field(default=None, description="API server in a subnet of the VNet.")
    system_pool: SystemPool | None = Field(default=None, description="Nodes for AKS's own pods.")
    upgrade_channel: Literal["patch", "none"] | None = Field(default=None, description="Automatic Kubernetes upgrades.")
    node_os_channel: Literal["NodeImage", "SecurityPatch", "Unmanaged", "None"] | None = Field(
        default=None, description="Automatic node image upgrades."
    )
    max_surge: str | None = Field(default=None, pattern=SURGE, description="Extra nodes during upgrades.")
    drain_minutes: int | None = Field(default=None, ge=1, le=1440, description="How long a node's pods may take to leave.")
    os_sku: Literal["AzureLinux", "Ubuntu"] | None = Field(default=None, description="The nodes' Linux.")
    os_disk_type: Literal["Managed", "Ephemeral"] | None = Field(default=None, description="Where the OS disk is.")
    host_encryption: bool | None = Field(default=None, description="Encrypt temp disks and caches.")
    fips: bool | None = Field(default=None, description="FIPS modules on nodes.")
    max_pods: int | None = Field(default=None, ge=30, le=250, description="Most pods on a node.")
    spot_max_price: float | None = Field(default=None, description="Most to pay an hour for a spot node; -1: on-demand price.")
    spot_eviction_policy: Literal["Delete", "Deallocate"] | None = Field(default=None, description="Fate of evicted nodes.")
    disk_encryption: bool | None = Field(default=None, description="Disks under a key of the cluster's own.")
    key_vault_sku: Literal["standard", "premium"] | None = Field(default=None, description="premium keeps keys in an HSM.")
    key_retention_days: int | None = Field(default=None, ge=7, le=90, description="How long deleted keys can be restored.")
    operator_ids: list[Uuid] | None = Field(default=None, description="Object ids of those who run Terraform.")
    operator_cidrs: list[Cidr] | None = Field(default=None, description="Public ranges that Terraform runs from.")
    registry_ids: dict[str, ResourceId] | None = Field(default=None, description="Registries that nodes pull from.")
    audit_reads: bool | None = Field(default=None, description="Audit get and list calls too.")
    azure_policy: bool | None = Field(default=None, description="Azure Policy add-on.")
    secrets_store: bool | None = Field(default=None, description="Secrets store CSI driver.")
    defender: bool | None = Field(default=None, description="Microsoft Defender sensor.")
    container_insights: bool | None = Field(default=None, description="Container insights agent.")
    advanced_networking: bool | None = Field(default=None, description="Advanced container networking.")
    image_cleaner_hours: int | None = Field(default=None, ge=24, le=2160, description="How often unused images are removed.")
    role_propagation: str | None = Field(default=None, pattern=r"^[0-9]+[sm]$", description="Wait for new roles.")


class AzureOptions(_Options):
    """`cloudOptions` of a cluster on Azure."""

    subscription_id: Uuid | None = Field(default=None, description="Subscription; else ARM_SUBSCRIPTION_ID.")
    network: NetworkOptions = Field(default_factory=NetworkOptions, description="The network's own options.")
    cluster: ClusterOptions = Field(default_factory=ClusterOptions, description="The cluster's own options.")


def said(options: NetworkOptions | ClusterOptions) -> dict[str, Any]:
    """Return what the user said, in the module's words."""
    return options.model_dump(mode="json", exclude_none=True)
