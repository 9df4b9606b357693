"""Removes what Kubernetes made in AWS for a cluster and Terraform knows nothing of: load balancers, volumes, interfaces.

Without it the VPC can't be deleted, and volumes are paid for ever after. Safe to run again, and to run when the cluster is half
gone: what is still in use is left for the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from infra.providers.aws.session import client_for, code, translated
from infra.providers.base import OWNER_TAG, CloudObject

TAGS_A_CALL = 20
"""Load balancers whose tags one call tells."""
WAIT = {"Delay": 5, "MaxAttempts": 36}
"""Three minutes for load balancers to give their addresses back."""


def drain(name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
    """Remove in the order in which things hold each other, and return what was removed."""
    drainer = _Drainer(name, region, options)
    steps: Sequence[Callable[[], Iterable[CloudObject]]] = (
        drainer.load_balancers,
        drainer.classic_load_balancers,
        drainer.target_groups,
        drainer.interfaces,
        drainer.security_groups,
        drainer.volumes,
        drainer.log_groups,
    )
    with translated():
        return [item for step in steps for item in step()]


class _Drainer:
    def __init__(self, name: str, region: str, options: Mapping[str, Any]) -> None:
        self.name, self.region, self.options = name, region, options

    def _client(self, service: str) -> Any:
        return client_for(service, self.region, self.options)

    def _is_ours(self, tags: Iterable[Mapping[str, str]]) -> bool:
        """Tell whether the load balancer controller or the cloud controller of this cluster made something."""
        held = {tag["Key"]: tag.get("Value", "") for tag in tags}
        return held.get("elbv2.k8s.aws/cluster") == self.name or held.get(f"kubernetes.io/cluster/{self.name}") == "owned"

    def load_balancers(self) -> list[CloudObject]:
        """Delete application and network load balancers, and wait until they let go of their subnets."""
        elb = self._client("elbv2")
        arns = list(self._ours(elb, "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"))
        for arn in arns:
            elb.modify_load_balancer_attributes(
                LoadBalancerArn=arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}]
            )
            elb.delete_load_balancer(LoadBalancerArn=arn)
        if arns:
            elb.get_waiter("load_balancers_deleted").wait(LoadBalancerArns=arns, WaiterConfig=WAIT)
        return [CloudObject("aws_lb", arn) for arn in arns]

    def target_groups(self) -> list[CloudObject]:
        """Delete the groups behind them."""
        elb = self._client("elbv2")
        arns = list(self._ours(elb, "describe_target_groups", "TargetGroups", "TargetGroupArn"))
        for arn in arns:
            elb.delete_target_group(TargetGroupArn=arn)
        return [CloudObject("aws_lb_target_group", arn) for arn in arns]

    def _ours(self, elb: Any, call: str, answer: str, id_field: str) -> Iterator[str]:
        pages = elb.get_paginator(call).paginate()
        ids = [item[id_field] for page in pages for item in page[answer]]
        for chunk in _chunks(ids):
            for item in elb.describe_tags(ResourceArns=chunk)["TagDescriptions"]:
                if self._is_ours(item["Tags"]):
                    yield item["ResourceArn"]

    def classic_load_balancers(self) -> list[CloudObject]:
        """Delete those of the cloud controller."""
        elb = self._client("elb")
        pages = elb.get_paginator("describe_load_balancers").paginate()
        names = [item["LoadBalancerName"] for page in pages for item in page["LoadBalancerDescriptions"]]
        ours = [
            item["LoadBalancerName"]
            for chunk in _chunks(names)
            for item in elb.describe_tags(LoadBalancerNames=chunk)["TagDescriptions"]
            if self._is_ours(item["Tags"])
        ]
        for name in ours:
            elb.delete_load_balancer(LoadBalancerName=name)
        return [CloudObject("aws_elb", name, name) for name in ours]

    def interfaces(self) -> list[CloudObject]:
        """Delete interfaces that the CNI left when its node went away; they hold subnets and security groups."""
        ec2 = self._client("ec2")
        wanted = _filters({"tag:cluster.k8s.amazonaws.com/name": self.name, "status": "available"})
        ids = [item["NetworkInterfaceId"] for item in ec2.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]]
        for interface in ids:
            ec2.delete_network_interface(NetworkInterfaceId=interface)
        return [CloudObject("aws_network_interface", interface) for interface in ids]

    def security_groups(self) -> list[CloudObject]:
        """Delete the load balancers' groups, and first the rules of other groups that name them."""
        ec2 = self._client("ec2")
        by_controller = _filters({"tag:elbv2.k8s.aws/cluster": self.name})
        by_cloud = _filters({f"tag:kubernetes.io/cluster/{self.name}": "owned", "group-name": "k8s-elb-*"})
        groups = {
            item["GroupId"]: item["GroupName"]
            for wanted in (by_controller, by_cloud)
            for item in ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
        }
        for group in groups:
            _forget_group(ec2, group)
        for group in groups:
            ec2.delete_security_group(GroupId=group)
        return [CloudObject("aws_security_group", group, title) for group, title in groups.items()]

    def volumes(self) -> list[CloudObject]:
        """Delete volumes of claims that nothing uses any more."""
        ec2 = self._client("ec2")
        claimed = {"tag-key": "kubernetes.io/created-for/pvc/name", "status": "available"}
        found = {
            item["VolumeId"]
            for mark in ({f"tag:{OWNER_TAG}": self.name}, {f"tag:kubernetes.io/cluster/{self.name}": "owned"})
            for page in ec2.get_paginator("describe_volumes").paginate(Filters=_filters({**claimed, **mark}))
            for item in page["Volumes"]
        }
        for volume in sorted(found):
            ec2.delete_volume(VolumeId=volume)
        return [CloudObject("aws_ebs_volume", volume) for volume in sorted(found)]

    def log_groups(self) -> list[CloudObject]:
        """Delete the control plane's log group if EKS made it again after the cluster was gone."""
        if self._cluster_exists():
            return []
        logs, name = self._client("logs"), f"/aws/eks/{self.name}/cluster"
        found = [
            group for group in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"] if group["logGroupName"] == name
        ]
        for group in found:
            logs.delete_log_group(logGroupName=group["logGroupName"])
        return [CloudObject("aws_cloudwatch_log_group", group["logGroupName"]) for group in found]

    def _cluster_exists(self) -> bool:
        eks = self._client("eks")
        try:
            eks.describe_cluster(name=self.name)
            return True
        except eks.exceptions.ClientError as error:
            if code(error) == "ResourceNotFoundException":
                return False
            raise


def _forget_group(ec2: Any, group: str) -> None:
    """Take a group out of the rules of others."""
    for other in ec2.describe_security_groups(Filters=_filters({"ip-permission.group-id": group}))["SecurityGroups"]:
        naming = [
            {**rule, "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": pairs}
            for rule in other["IpPermissions"]
            if (pairs := [pair for pair in rule["UserIdGroupPairs"] if pair.get("GroupId") == group])
        ]
        if naming:
            ec2.revoke_security_group_ingress(GroupId=other["GroupId"], IpPermissions=naming)


def _filters(wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": [value]} for name, value in wanted.items()]


def _chunks(items: Sequence[str]) -> Iterator[Sequence[str]]:
    return (items[start : start + TAGS_A_CALL] for start in range(0, len(items), TAGS_A_CALL))
