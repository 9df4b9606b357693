"""What a spec's `cloudOptions` may say on Google Cloud, and which module takes which of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from infra.spec.model import Cidr, Model

Rfc3339 = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
KmsKey = Annotated[str, Field(pattern=r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$")]
Ports = Literal[64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]


class MaintenanceExclusion(Model):
    """A time without upgrades."""

    start: Rfc3339 = Field(description="Beginning, such as 2026-12-20T00:00:00Z.")
    end: Rfc3339 = Field(description="End, in the same form.")
    scope: Literal["NO_UPGRADES", "NO_MINOR_UPGRADES", "NO_MINOR_OR_NODE_UPGRADES"] = Field(
        default="NO_UPGRADES", description="What does not happen meanwhile."
    )


class Options(Model):
    """What only Google Cloud has; the modules' `cloud` variables are filled from it."""

    project_id: str = Field(default="", description="Project that holds everything; required.")
    project_number: str | None = Field(
        default=None, pattern=r"^\d+$", description="The project's number; saves a read of the project while planning."
    )
    mtu: int = Field(default=1460, ge=1300, le=8896, description="Largest packet of the network.")
    flow_sampling: float = Field(default=0.5, gt=0, le=1, description="Share of the flows that flow logs record.")
    nat_max_ports_per_vm: Ports = Field(default=4096, description="Ports that NAT gives one node at most, on demand.")
    private_service_connect: bool = Field(
        default=False, description="Private endpoints get an address in the network instead of restricted.googleapis.com."
    )
    iap_ssh: bool = Field(default=False, description="Identity-Aware Proxy may reach the nodes' SSH port.")
    egress_allowed_cidrs: list[Cidr] = Field(
        default=["0.0.0.0/0"], description="Where nodes and pods may connect to outside the network and Google's APIs."
    )
    log_kms_key_id: KmsKey | None = Field(
        default=None, description="Key for the log buckets, already granted to Cloud Logging's service account."
    )
    release_channel: Literal["RAPID", "REGULAR", "STABLE", "EXTENDED"] = Field(
        default="REGULAR", description="How early GKE's versions arrive."
    )
    rbac_security_group: str | None = Field(
        default=None,
        pattern=r"^gke-security-groups@.+$",
        description="Parent of the groups that RBAC knows; by default taken from the domain of the first admin group.",
    )
    dns_endpoint: bool = Field(default=False, description="The API is also reached by DNS name, guarded by IAM alone.")
    kms_protection_level: Literal["SOFTWARE", "HSM"] = Field(default="SOFTWARE", description="Where keys made here live.")
    kms_key_id: KmsKey | None = Field(default=None, description="An existing key for Secrets instead of one made here.")
    disk_encryption: bool = Field(default=False, description="Boot disks under a key made here instead of Google's.")
    disk_type: str = Field(default="pd-balanced", pattern=r"^[a-z][a-z0-9-]+$", description="Type of the boot disks.")
    image_type: Literal["COS_CONTAINERD", "UBUNTU_CONTAINERD"] = Field(
        default="COS_CONTAINERD", description="The nodes' operating system."
    )
    max_pods_per_node: int = Field(default=110, ge=8, le=256, description="Pods a node takes; decides its address block.")
    max_surge: int = Field(default=1, ge=0, le=20, description="Nodes a pool may have too many while it is upgraded.")
    max_unavailable: int = Field(default=0, ge=0, le=20, description="Nodes a pool may lack while it is upgraded.")
    workload_logs: bool = Field(default=True, description="Container logs go to Cloud Logging.")
    managed_prometheus: bool = Field(default=True, description="Google collects Prometheus metrics.")
    binary_authorization: bool = Field(default=True, description="The project's Binary Authorization policy holds.")
    backup_agent: bool = Field(default=False, description="Backup for GKE's agent runs.")
    vulnerability_scanning: bool = Field(default=False, description="Images are scanned for known holes (billed).")
    registry_projects: list[str] = Field(default=[], description="Further projects whose Artifact Registry the nodes read.")
    maintenance_exclusions: dict[str, MaintenanceExclusion] = Field(default={}, description="Times without upgrades, by name.")


_BOTH = ("project_id", "log_kms_key_id")
_NETWORK = (
    "mtu",
    "flow_sampling",
    "nat_max_ports_per_vm",
    "private_service_connect",
    "iap_ssh",
    "egress_allowed_cidrs",
)


def options_of(options: Mapping[str, Any]) -> Options:
    """Read `cloudOptions`."""
    return Options.model_validate(dict(options))


def cloud_variables(stage: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `cloud` variable of a stage's module; what was not said is left to the module's default."""
    said = options_of(options).model_dump(mode="json", exclude_none=True)
    if stage == "network":
        return {name: said[name] for name in (*_BOTH, *_NETWORK) if name in said}
    if stage == "platform":
        return {"project_id": said["project_id"]}
    return {name: value for name, value in said.items() if name not in _NETWORK}
