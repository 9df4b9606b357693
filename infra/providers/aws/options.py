"""The spec's `cloudOptions` for AWS, so that a wrong one is refused by name before anything runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Arn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}|aws)?:.+$")]
Service = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*$")]
Range = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$")]


class _Options(BaseModel):
    """Unknown fields are refused; names are camelCase in YAML."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, frozen=True, strict=True, validate_by_name=True)


class WorkloadRole(_Options):
    """An IAM role that one service account may take."""

    namespace: str = Field(min_length=1, description="Namespace of the service account.")
    service_account: str = Field(min_length=1, description="Name of the service account.")
    policy_arns: list[Arn] = Field(min_length=1, description="Policies that the role has.")


class AwsOptions(_Options):
    """What only AWS has. Every field has a default."""

    account_id: str = Field(default="", pattern=r"^([0-9]{12})?$", description="Refuse to run in any other account.")
    role_arn: Arn | None = Field(default=None, description="Role to take for every call, such as one of another account.")
    permissions_boundary: Arn | None = Field(default=None, description="Boundary of every IAM role that is made.")
    key_deletion_days: int | None = Field(
        default=None, ge=7, le=30, description="Days until a deleted key is gone: 30 in prod, else 7."
    )

    zone_capacity: int = Field(default=0, ge=0, le=6, description="Cut subnets for so many zones, to add zones later.")
    interface_endpoints: list[Service] | None = Field(
        default=None, description="Interface endpoints beside privateEndpoints: ec2 and sts."
    )
    encryption_control: Literal["off", "monitor", "enforce"] | None = Field(
        default=None, description="VPC encryption control: monitor in prod, else off."
    )
    public_access_exclusion: Literal["", "allow-egress", "allow-bidirectional"] = Field(
        default="", description="For accounts where VPC block public access is on."
    )

    node_os: Literal["al2023", "bottlerocket"] = Field(default="al2023", description="Operating system of the nodes.")
    max_pods: int = Field(default=110, ge=8, le=250, description="Pods that a node takes.")
    node_disk_kms_key_arn: Arn | None = Field(
        default=None, description="Key of the nodes' disks; the account's EBS key by default."
    )
    node_session_manager: bool = Field(default=False, description="Shell access to nodes through Systems Manager.")
    node_repair: bool = Field(default=True, description="EKS replaces nodes that stay unhealthy.")
    max_unavailable_percentage: int = Field(
        default=25, ge=1, le=100, description="Share of a node group that an upgrade takes at once."
    )
    addon_versions: dict[str, str] = Field(default={}, description="Add-on to version; EKS's default for the others.")
    support_type: Literal["STANDARD", "EXTENDED"] = Field(default="STANDARD", description="What happens at the end of support.")
    zonal_shift: bool = Field(default=True, description="EKS moves traffic away from an impaired zone.")
    api_client_cidrs: list[Range] = Field(
        default=[], description="Ranges that may reach the private endpoint from outside the nodes."
    )
    workload_roles: dict[str, WorkloadRole] = Field(default={}, description="Further roles for service accounts, by short name.")
