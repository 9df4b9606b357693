"""The words of a cluster spec as types, so that nothing else in Hera reads raw YAML.

Field names in YAML are camelCase. Ranges and names are checked here as far as one field tells; what two fields tell, and what
needs a cloud's facts (zones, versions, names, sizes), is checked in `infra.spec.checks`. Types are strict: a quoted number is not
a number. Defaults here are the cautious ones; `infra.spec.defaults` holds what each environment has instead.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

API_VERSION = "hera.dev/v1alpha1"
KIND = "Cluster"
STAGES = ("network", "cluster")
"""Stages of every cluster in the order they are made; deletion goes backwards."""
PLATFORM = "platform"
"""The stage after them, where a spec asks for it."""

Environment = Literal["dev", "staging", "prod"]
PrivateEndpoint = Literal["storage", "registry", "secrets", "logs"]
ControlPlaneLog = Literal["api", "audit", "authenticator", "controller-manager", "scheduler"]
Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

NAME = r"^[a-z]([a-z0-9-]*[a-z0-9])?$"
POOL_NAME = r"^[a-z][a-z0-9]*$"
VERSION = r"^[0-9]+\.[0-9]+$"
CIDR = r"^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}/[0-9]{1,2}$"
LABEL_VALUE = r"^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$"
LABEL_KEY = r"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"
TAG_KEY = r"^[A-Za-z0-9]([A-Za-z0-9 _.:/=+@-]*[A-Za-z0-9_.:/=+@-])?$"
_RANGE_WORDS = "an IPv4 range such as 10.20.0.0/16"
PATTERN_WORDS = {
    NAME: "2 to 40 lower-case letters, digits and hyphens; the first a letter, the last no hyphen",
    POOL_NAME: "up to 12 lower-case letters and digits, the first a letter",
    VERSION: 'a version of two numbers in quotes, such as "1.34"',
    CIDR: _RANGE_WORDS,
    LABEL_VALUE: "up to 63 letters, digits, '-', '_' and '.'; the first and last a letter or digit",
    TAG_KEY: "up to 128 letters, digits, spaces and any of _ . : / = + @ -, the first a letter or digit",
    LABEL_KEY: "a Kubernetes label key such as team or example.com/team",
}
"""What a pattern accepts, in words, for refusals and documentation."""


def _cidr(value: str) -> str:
    """Accept only a network address, as the clouds do: host bits are a typing error more often than not."""
    try:
        IPv4Network(value)
    except ValueError:
        raise ValueError(_meant(value)) from None
    return value


def _meant(value: str) -> str:
    try:
        return f"{_RANGE_WORDS}; did you mean {IPv4Network(value, strict=False)}?"
    except ValueError:
        return _RANGE_WORDS


Cidr = Annotated[str, Field(pattern=CIDR, examples=["10.20.0.0/16"]), AfterValidator(_cidr)]
Label = Annotated[str, Field(pattern=LABEL_VALUE, max_length=63)]
LabelKey = Annotated[str, Field(pattern=LABEL_KEY)]
Zone = Annotated[str, Field(min_length=1)]
TagKey = Annotated[str, Field(pattern=TAG_KEY, max_length=128)]
TagValue = Annotated[str, Field(max_length=256)]


class Model(BaseModel):
    """Base of every part: unknown fields are refused, types are strict, names are camelCase in YAML."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, frozen=True, strict=True, validate_default=False)


class Metadata(Model):
    """The cluster's name; its cloud objects and its ownership tag are named after it."""

    name: str = Field(pattern=NAME, min_length=2, max_length=40, description="Name of the cluster, unique in the account.")


class FlowLogs(Model):
    """Records of accepted and refused traffic in the network."""

    enabled: bool = Field(default=True, description="Whether traffic is recorded.")
    retention_days: int = Field(default=365, ge=1, le=3653, description="Days until records are deleted.")


class Network(Model):
    """Address ranges, zones and ways out."""

    cidr: Cidr = Field(default="10.0.0.0/16", description="The network's range; subnets are cut from it.")
    pod_cidr: Cidr = Field(default="10.128.0.0/14", description="The pods' range, where pods have one of their own.")
    service_cidr: Cidr = Field(default="172.20.0.0/16", description="The Services' range, inside the cluster only.")
    zones: list[Zone] = Field(min_length=1, max_length=6, description="Zones to use, in order.")
    nat: Literal["single", "zone"] = Field(
        default="zone", description="Ways out to the internet: one for all zones (cheaper), or one a zone (survives a zone)."
    )
    private_endpoints: list[PrivateEndpoint] = Field(
        default=["storage", "registry", "secrets", "logs"],
        description="Services of the cloud that are reached without leaving its network.",
    )
    flow_logs: FlowLogs = Field(default=FlowLogs(), description="Records of traffic.")


class Endpoint(Model):
    """Who reaches the Kubernetes API. The private endpoint is always on."""

    public: bool = Field(default=False, description="Whether the API also has an address on the internet.")
    allowed_cidrs: list[Cidr] = Field(default=[], description="Ranges that may reach the public address; needed when public.")


class ControlPlaneLogs(Model):
    """Which control-plane logs go to the cloud's log service, and for how long."""

    types: list[ControlPlaneLog] = Field(
        default=["api", "audit", "authenticator", "controller-manager", "scheduler"], description="Parts that write logs."
    )
    retention_days: int = Field(default=365, ge=1, le=3653, description="Days until logs are deleted.")


class MaintenanceWindow(Model):
    """When the cloud may restart things, in UTC."""

    day: Weekday = Field(default="Sunday", description="Day of the week.")
    start_hour: int = Field(default=3, ge=0, le=23, description="Hour of the day at which it begins.")
    duration_hours: int = Field(default=4, ge=4, le=24, description="Hours that it lasts.")


class Kubernetes(Model):
    """The control plane."""

    version: str = Field(pattern=VERSION, description='Kubernetes version in quotes, such as "1.34".')
    endpoint: Endpoint = Field(default=Endpoint(), description="Who reaches the API.")
    control_plane_logs: ControlPlaneLogs = Field(default=ControlPlaneLogs(), description="Logs of the control plane.")
    secrets_encryption: bool = Field(default=True, description="Whether Secrets are encrypted under a key of the cluster's own.")
    autoscaler_profile: Literal["aggressive", "conservative"] = Field(
        default="conservative", description="How soon unused nodes go."
    )
    maintenance_window: MaintenanceWindow = Field(default=MaintenanceWindow(), description="When the cloud may restart things.")
    deletion_protection: bool = Field(default=True, description="Whether Hera and the cloud refuse to delete the cluster.")
    admin_groups: list[str] = Field(default=[], description="Who administers: IAM principals, Entra group ids, Google groups.")


class Taint(Model):
    """Keeps pods without a matching toleration away."""

    key: LabelKey = Field(description="Key of the taint.")
    value: Label = Field(default="", description="Value of the taint.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = Field(
        description="What happens to pods that do not tolerate it."
    )


class NodePool(Model):
    """Nodes of one kind. `min` and `max` count the whole pool; its zones share them as evenly as can be."""

    name: str = Field(pattern=POOL_NAME, max_length=12, description="Name of the pool, unique in the cluster.")
    machine_type: str = Field(min_length=1, description="The cloud's name of the machine type.")
    min: int = Field(default=3, ge=0, le=1000, description="Fewest nodes, over all zones.")
    max: int = Field(default=9, ge=1, le=1000, description="Most nodes, over all zones.")
    spot: bool = Field(default=False, description="Whether nodes are cheaper ones that the cloud may take back.")
    disk_gib: int = Field(default=100, ge=30, le=16384, alias="diskGiB", description="Size of each node's disk in GiB.")
    labels: dict[LabelKey, Label] = Field(default={}, description="Labels of each node.")
    taints: list[Taint] = Field(default=[], description="Taints of each node.")
    zones: list[Zone] = Field(min_length=1, description="Zones of the pool; the network's when not written.")


class Backups(Model):
    """Where backups go. They move to cheaper classes by themselves, after 30 and after 90 days where they are kept for longer."""

    retention_days: int = Field(default=365, ge=1, le=3650, description="Days until backups are deleted.")
    lock: bool = Field(
        default=True,
        description="Whether nobody can delete backups before their time; they then outlive the cluster, else go with it.",
    )


class Platform(Model):
    """Whether there is a platform stage, and which base components it installs."""

    enabled: bool = Field(
        default=False, description="Whether identities, stores and manifests are put on the cluster, as a third stage."
    )
    backups: Backups = Field(default=Backups(), description="Where backups go.")
    metrics_server: bool = Field(default=True, description="Resource metrics, which autoscaling of pods needs.")
    cluster_autoscaler: bool = Field(default=True, description="Adds and removes nodes within each pool's bounds.")
    argocd: bool = Field(default=True, description="Delivers applications from Git.")


class Spec(Model):
    """What the cluster should be."""

    cloud: str = Field(description="The cloud, by its provider's name.")
    region: str = Field(description="The cloud's region.")
    environment: Environment = Field(description="The set of defaults; each can be overridden.")
    network: Network = Field(description="Address ranges, zones and ways out.")
    kubernetes: Kubernetes = Field(description="The control plane.")
    node_pools: list[NodePool] = Field(min_length=1, max_length=20, description="The nodes; one pool `general` when not written.")
    platform: Platform = Field(default=Platform(), description="Base components.")
    tags: dict[TagKey, TagValue] = Field(default={}, description="Tags of every cloud object, beside Hera's own.")
    cloud_options: dict[str, Any] = Field(default={}, description="What only this cloud has.")


class Cluster(Model):
    """A whole cluster spec with every default filled in."""

    api_version: Literal["hera.dev/v1alpha1"] = Field(default="hera.dev/v1alpha1", description="Version of this form.")
    kind: Literal["Cluster"] = Field(default="Cluster", description="What the file describes.")
    metadata: Metadata = Field(description="Who the cluster is.")
    spec: Spec = Field(description="What the cluster should be.")

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.metadata.name

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that this spec asks for, in the order they are made."""
        return (*STAGES, PLATFORM) if self.spec.platform.enabled else STAGES

    def dump(self) -> dict[str, Any]:
        """Return the spec as plain data in the words of YAML, with every default written out."""
        return self.model_dump(mode="json", by_alias=True)
