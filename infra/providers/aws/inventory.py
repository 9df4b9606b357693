"""What AWS still holds for a cluster, so that a delete can prove that nothing is left.

AWS's index of tags answers most of it, but it lags: it names what was deleted minutes ago, and IAM roles are not in it. So every
answer is looked at once more, and roles, log groups and stray interfaces are asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.providers.aws.facts import read
from infra.providers.aws.session import client_for, code, translated
from infra.providers.base import OWNER_TAG, CloudObject

ROLE_PATH = "/hera/"
"""IAM path of every role that the modules make."""
_GONE_CODES = ("NotFound", "NotFoundException", "ResourceNotFoundException", "NoSuchEntity")


@dataclass(frozen=True)
class Arn:
    """The parts of an ARN that say what it is."""

    text: str
    service: str
    kind: str
    id: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Read `arn:aws:ec2:eu-west-1:1:vpc/vpc-1` and `arn:aws:logs:eu-west-1:1:log-group:/a/b`."""
        service, resource = text.split(":")[2], text.split(":", 5)[5]
        cut = min((at for at in (resource.find("/"), resource.find(":")) if at >= 0), default=len(resource))
        return cls(text, service, resource[:cut], resource[cut + 1 :])

    def object(self, name: str = "") -> CloudObject:
        """Return the object in Terraform's words: its type, and the id by which terraform imports it."""
        kind = f"{self.service}:{self.kind}"
        return CloudObject(read("facts.json")["types"].get(kind, kind), self._import_id(), name)

    def _import_id(self) -> str:
        if self.service in ("ec2", "kms", "logs"):
            return self.id
        if self.service == "eks":
            return ":".join(self.id.split("/")[:2])
        return self.text


@dataclass(frozen=True)
class _Look:
    """How to see whether an EC2 object is really there."""

    call: str
    argument: str
    answer: str
    gone: tuple[str, ...] = ()


_LOOKS = {
    "instance": _Look("describe_instances", "InstanceIds", "Reservations", ("terminated",)),
    "natgateway": _Look("describe_nat_gateways", "NatGatewayIds", "NatGateways", ("deleted",)),
    "vpc-endpoint": _Look("describe_vpc_endpoints", "VpcEndpointIds", "VpcEndpoints", ("deleted",)),
    "volume": _Look("describe_volumes", "VolumeIds", "Volumes", ("deleted",)),
    "network-interface": _Look("describe_network_interfaces", "NetworkInterfaceIds", "NetworkInterfaces"),
    "security-group": _Look("describe_security_groups", "GroupIds", "SecurityGroups"),
    "security-group-rule": _Look("describe_security_group_rules", "SecurityGroupRuleIds", "SecurityGroupRules"),
    "elastic-ip": _Look("describe_addresses", "AllocationIds", "Addresses"),
    "vpc": _Look("describe_vpcs", "VpcIds", "Vpcs"),
    "subnet": _Look("describe_subnets", "SubnetIds", "Subnets"),
    "route-table": _Look("describe_route_tables", "RouteTableIds", "RouteTables"),
    "internet-gateway": _Look("describe_internet_gateways", "InternetGatewayIds", "InternetGateways"),
    "launch-template": _Look("describe_launch_templates", "LaunchTemplateIds", "LaunchTemplates"),
    "vpc-flow-log": _Look("describe_flow_logs", "FlowLogIds", "FlowLogs"),
}


def inventory(name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
    """Return everything that carries the cluster's tags, or that AWS or Kubernetes made for it without them."""
    with translated():
        finder = _Finder(name, region, options)
        found = {
            (item.type, item.id): item for item in (*finder.tagged(), *finder.roles(), *finder.log_groups(), *finder.interfaces())
        }
    return sorted(found.values(), key=lambda item: (item.type, item.id))


class _Finder:
    def __init__(self, name: str, region: str, options: Mapping[str, Any]) -> None:
        self.name, self.region, self.options = name, region, options

    def _client(self, service: str) -> Any:
        return client_for(service, self.region, self.options)

    def tagged(self) -> Iterator[CloudObject]:
        """Yield what the index of tags knows and is really there."""
        marks = {OWNER_TAG: self.name, f"kubernetes.io/cluster/{self.name}": "owned", "elbv2.k8s.aws/cluster": self.name}
        pages = self._client("resourcegroupstaggingapi").get_paginator("get_resources")
        seen: set[str] = set()
        for key, value in marks.items():
            for page in pages.paginate(TagFilters=[{"Key": key, "Values": [value]}]):
                for item in page["ResourceTagMappingList"]:
                    arn = Arn.parse(item["ResourceARN"])
                    if arn.text not in seen and self._is_there(arn):
                        yield arn.object(_name(item))
                    seen.add(arn.text)

    def _is_there(self, arn: Arn) -> bool:
        try:
            return self._look(arn)
        except self._client("sts").exceptions.ClientError as error:
            if code(error).endswith(_GONE_CODES):
                return False
            raise

    def _look(self, arn: Arn) -> bool:
        if arn.service == "ec2" and arn.kind in _LOOKS:
            look = _LOOKS[arn.kind]
            items = getattr(self._client("ec2"), look.call)(**{look.argument: [arn.id]})[look.answer]
            return any(_state(item) not in look.gone for item in items)
        if arn.service == "kms":
            return str(self._client("kms").describe_key(KeyId=arn.text)["KeyMetadata"]["KeyState"]) != "PendingDeletion"
        if arn.service == "eks":
            # Node groups, add-ons and access entries go with their cluster.
            return bool(self._client("eks").describe_cluster(name=arn.id.split("/")[0]))
        if arn.service == "iam" and arn.kind == "oidc-provider":
            return bool(self._client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn.text))
        return arn.kind != "log-group"

    def roles(self) -> Iterator[CloudObject]:
        """Yield the cluster's IAM roles, which no index of tags holds."""
        for page in self._client("iam").get_paginator("list_roles").paginate(PathPrefix=ROLE_PATH):
            for role in page["Roles"]:
                if role["RoleName"].startswith(f"{self.name}-{self.region}-"):
                    yield CloudObject("aws_iam_role", role["RoleName"], role["RoleName"])

    def log_groups(self) -> Iterator[CloudObject]:
        """Yield the cluster's log groups, those that a service made again without tags included."""
        for prefix in (f"/aws/eks/{self.name}/", f"/hera/{self.name}/"):
            for page in self._client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
                for group in page["logGroups"]:
                    yield CloudObject("aws_cloudwatch_log_group", group["logGroupName"], group["logGroupName"])

    def interfaces(self) -> Iterator[CloudObject]:
        """Yield network interfaces that the CNI of a node that is gone left behind."""
        answer = self._client("ec2").describe_network_interfaces(
            Filters=[{"Name": "tag:cluster.k8s.amazonaws.com/name", "Values": [self.name]}]
        )
        for item in answer["NetworkInterfaces"]:
            yield CloudObject("aws_network_interface", item["NetworkInterfaceId"], item.get("Description", ""))


def _state(item: Mapping[str, Any]) -> str:
    """Return an EC2 object's state; a reservation's is that of its only instance."""
    if "Instances" in item:
        return str(item["Instances"][0]["State"]["Name"])
    return str(item.get("State", ""))


def _name(item: Mapping[str, Any]) -> str:
    return next((str(tag["Value"]) for tag in item.get("Tags", ()) if tag["Key"] == "Name"), "")
