"""The words of a cluster spec as types, so that nothing else in Hera reads raw YAML.

Field names in YAML are camelCase. Ranges and names are checked here as far as one field tells; what needs a cloud's facts
(zones, versions, names, sizes) is asked from its provider in `infra.spec.load`.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

API_VERSION = "hera.dev/v1alpha1"
KIND = "Cluster"
STAGES = ("network", "cluster")
"""Stages in the order they are made; deletion goes backwards."""

Environment = Literal["dev", "staging", "prod"]
PrivateEndpoint = Literal["storage", "registry", "secrets", "logs"]
ControlPlaneLog = Literal["api", "audit", "authenticator", "controller-manager", "scheduler"]
Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def _cidr(value: str) -> str:
    """Accept only a network address, as the clouds do: host bits are a typing error more often than not."""
    IPv4Network(value)
    return value


Cidr = Annotated[str, AfterValidator(_cidr), Field(examples=["10.20.0.0/16"])]
Label = Annotated[str, Field(max_length=63)]


class Model(BaseModel):
    """Base of every part: unknown fields are refused, names are camelCase in YAML."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, frozen=True, validate_default=False)


class Metadata(Model):
    """The cluster's name; its cloud objects and its ownership tag are named after it."""

    name: str = Field(pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$", min_length=2, max_length=40)


class FlowLogs(Model):
    """Records of accepted and refused traffic in the network."""

    enabled: bool = True
    retention_days: int = Field(default=90, ge=1, le=3653)


class Network(Model):
    """Address ranges, zones and ways out."""

    cidr: Cidr = "10.0.0.0/16"
    pod_cidr: Cidr = "10.128.0.0/14"
    service_cidr: Cidr = "172.20.0.0/16"
    zones: list[str] = Field(min_length=1, max_length=6)
    nat: Literal["single", "zone"] = "zone"
    private_endpoints: list[PrivateEndpoint] = ["storage", "registry", "secrets", "logs"]
    flow_logs: FlowLogs = FlowLogs()


class Endpoint(Model):
    """Who reaches the Kubernetes API. The private endpoint is always on."""

    public: bool = False
    allowed_cidrs: list[Cidr] = []


class ControlPlaneLogs(Model):
    """Which control-plane logs go to the cloud's log service, and for how long."""

    types: list[ControlPlaneLog] = ["api", "audit", "authenticator", "controller-manager", "scheduler"]
    retention_days: int = Field(default=90, ge=1, le=3653)


class MaintenanceWindow(Model):
    """When the cloud may restart things, in UTC."""

    day: Weekday = "Sunday"
    start_hour: int = Field(default=3, ge=0, le=23)
    duration_hours: int = Field(default=4, ge=4, le=24)


class Kubernetes(Model):
    """The control plane."""

    version: str = Field(pattern=r"^\d+\.\d+$")
    endpoint: Endpoint = Endpoint()
    control_plane_logs: ControlPlaneLogs = ControlPlaneLogs()
    secrets_encryption: bool = True
    autoscaler_profile: Literal["aggressive", "conservative"] = "conservative"
    maintenance_window: MaintenanceWindow = MaintenanceWindow()
    deletion_protection: bool = True
    admin_groups: list[str] = []


class Taint(Model):
    """Keeps pods without a matching toleration away."""

    key: Label
    value: Label = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


class NodePool(Model):
    """Nodes of one kind. `min` and `max` count the whole pool; its zones share them as evenly as can be."""

    name: str = Field(pattern=r"^[a-z][a-z0-9]*$", max_length=12)
    machine_type: str
    min: int = Field(default=3, ge=0, le=1000)
    max: int = Field(default=9, ge=1, le=1000)
    spot: bool = False
    disk_gib: int = Field(default=100, ge=30, le=16384, alias="diskGiB")
    labels: dict[str, Label] = {}
    taints: list[Taint] = []
    zones: list[str] = Field(min_length=1)


class Platform(Model):
    """Which base components the platform stage installs."""

    metrics_server: bool = True
    cluster_autoscaler: bool = True
    argocd: bool = True


class Spec(Model):
    """What the cluster should be."""

    cloud: str
    region: str
    environment: Environment
    network: Network
    kubernetes: Kubernetes
    node_pools: list[NodePool] = Field(min_length=1, max_length=20)
    platform: Platform = Platform()
    tags: dict[str, str] = {}
    cloud_options: dict[str, Any] = {}


class Cluster(Model):
    """A whole cluster spec with every default filled in."""

    api_version: Literal["hera.dev/v1alpha1"] = "hera.dev/v1alpha1"
    kind: Literal["Cluster"] = "Cluster"
    metadata: Metadata
    spec: Spec

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.metadata.name

    def dump(self) -> dict[str, Any]:
        """Return the spec as plain data in the words of YAML, with every default written out."""
        return self.model_dump(mode="json", by_alias=True)
