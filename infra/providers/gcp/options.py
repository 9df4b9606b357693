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

    start: Rfc3339
    end: Rfc3339
    scope: Literal["NO_UPGRADES", "NO_MINOR_UPGRADES", "NO_MINOR_OR_NODE_UPGRADES"] = "NO_UPGRADES"


class Options(Model):
    """What only Google Cloud has; the modules' `cloud` variable says what each means. `projectId` is required."""

    project_id: str = ""
    project_number: str | None = Field(default=None, pattern=r"^\d+$")
    mtu: int = Field(default=1460, ge=1300, le=8896)
    flow_sampling: float = Field(default=0.5, gt=0, le=1)
    nat_max_ports_per_vm: Ports = 4096
    private_service_connect: bool = False
    iap_ssh: bool = False
    egress_allowed_cidrs: list[Cidr] = ["0.0.0.0/0"]
    log_kms_key_id: KmsKey | None = None
    release_channel: Literal["RAPID", "REGULAR", "STABLE", "EXTENDED"] = "REGULAR"
    rbac_security_group: str | None = Field(default=None, pattern=r"^gke-security-groups@.+$")
    dns_endpoint: bool = False
    kms_protection_level: Literal["SOFTWARE", "HSM"] = "SOFTWARE"
    kms_key_id: KmsKey | None = None
    disk_encryption: bool = False
    disk_type: str = Field(default="pd-balanced", pattern=r"^[a-z][a-z0-9-]+$")
    image_type: Literal["COS_CONTAINERD", "UBUNTU_CONTAINERD"] = "COS_CONTAINERD"
    max_pods_per_node: int = Field(default=110, ge=8, le=256)
    max_surge: int = Field(default=1, ge=0, le=20)
    max_unavailable: int = Field(default=0, ge=0, le=20)
    workload_logs: bool = True
    managed_prometheus: bool = True
    binary_authorization: bool = True
    backup_agent: bool = False
    vulnerability_scanning: bool = False
    registry_projects: list[str] = []
    maintenance_exclusions: dict[str, MaintenanceExclusion] = {}


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
    return {name: value for name, value in said.items() if name not in _NETWORK}
