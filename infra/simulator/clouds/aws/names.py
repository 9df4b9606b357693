"""Ids and ARNs of AWS objects."""

import re
import secrets
import zlib

from infra.simulator.clouds.base import Scope, hexid, uuid
from infra.simulator.values import ObjectValue, text

PREFIXES = {
    "aws_vpc": "vpc",
    "aws_default_vpc": "vpc",
    "aws_subnet": "subnet",
    "aws_default_subnet": "subnet",
    "aws_security_group": "sg",
    "aws_default_security_group": "sg",
    "aws_internet_gateway": "igw",
    "aws_egress_only_internet_gateway": "eigw",
    "aws_nat_gateway": "nat",
    "aws_eip": "eipalloc",
    "aws_eip_association": "eipassoc",
    "aws_route_table": "rtb",
    "aws_default_route_table": "rtb",
    "aws_route_table_association": "rtbassoc",
    "aws_main_route_table_association": "rtbassoc",
    "aws_network_acl": "acl",
    "aws_default_network_acl": "acl",
    "aws_network_acl_rule": "nacl",
    "aws_network_acl_association": "aclassoc",
    "aws_vpc_endpoint": "vpce",
    "aws_vpc_endpoint_service": "vpce-svc",
    "aws_flow_log": "fl",
    "aws_launch_template": "lt",
    "aws_instance": "i",
    "aws_spot_instance_request": "sir",
    "aws_ebs_volume": "vol",
    "aws_ebs_snapshot": "snap",
    "aws_ami": "ami",
    "aws_network_interface": "eni",
    "aws_vpc_dhcp_options": "dopt",
    "aws_vpc_dhcp_options_association": "dopt-assoc",
    "aws_vpc_ipv4_cidr_block_association": "vpc-cidr-assoc",
    "aws_vpc_ipv6_cidr_block_association": "vpc-cidr-assoc",
    "aws_vpc_peering_connection": "pcx",
    "aws_vpc_ipam": "ipam",
    "aws_vpc_ipam_pool": "ipam-pool",
    "aws_ec2_managed_prefix_list": "pl",
    "aws_ec2_transit_gateway": "tgw",
    "aws_ec2_transit_gateway_vpc_attachment": "tgw-attach",
    "aws_ec2_transit_gateway_route_table": "tgw-rtb",
    "aws_vpn_gateway": "vgw",
    "aws_customer_gateway": "cgw",
    "aws_vpn_connection": "vpn",
    "aws_security_group_rule": "sgrule",
    "aws_vpc_security_group_ingress_rule": "sgr",
    "aws_vpc_security_group_egress_rule": "sgr",
    "aws_efs_file_system": "fs",
    "aws_efs_mount_target": "fsmt",
    "aws_efs_access_point": "fsap",
    "aws_eks_pod_identity_association": "a",
}
"""Types whose id is a prefix and hexadecimal digits."""

IDS = {
    "aws_iam_role": "{name}",
    "aws_iam_user": "{name}",
    "aws_iam_group": "{name}",
    "aws_iam_instance_profile": "{name}",
    "aws_iam_role_policy": "{role}:{name}",
    "aws_iam_role_policy_attachment": "{role}/{policy_arn}",
    "aws_iam_user_policy_attachment": "{user}/{policy_arn}",
    "aws_eks_cluster": "{name}",
    "aws_eks_node_group": "{cluster_name}:{node_group_name}",
    "aws_eks_fargate_profile": "{cluster_name}:{fargate_profile_name}",
    "aws_eks_addon": "{cluster_name}:{addon_name}",
    "aws_eks_access_entry": "{cluster_name}:{principal_arn}",
    "aws_eks_access_policy_association": "{cluster_name}#{principal_arn}#{policy_arn}",
    "aws_cloudwatch_log_group": "{name}",
    "aws_cloudwatch_event_rule": "{name}",
    "aws_cloudwatch_event_target": "{rule}-{target_id}",
    "aws_cloudwatch_metric_alarm": "{alarm_name}",
    "aws_s3_bucket": "{bucket}",
    "aws_sqs_queue": "https://sqs.{region}.amazonaws.com/{account}/{name}",
    "aws_sqs_queue_policy": "{queue_url}",
    "aws_kms_alias": "{name}",
    "aws_key_pair": "{key_name}",
    "aws_autoscaling_group": "{name}",
    "aws_autoscaling_lifecycle_hook": "{name}",
    "aws_autoscaling_group_tag": "{autoscaling_group_name},{tag_key}",
    "aws_placement_group": "{name}",
    "aws_dynamodb_table": "{name}",
    "aws_ecr_repository": "{name}",
    "aws_ecr_lifecycle_policy": "{repository}",
    "aws_ssm_parameter": "{name}",
    "aws_db_subnet_group": "{name}",
    "aws_elasticache_subnet_group": "{name}",
    "aws_lambda_function": "{function_name}",
    "aws_ecs_cluster": "{arn}",
    "aws_backup_vault": "{name}",
    "aws_vpc_endpoint_route_table_association": "a-{vpc_endpoint_id}-{route_table_id}",
    "aws_vpn_gateway_route_propagation": "{vpn_gateway_id}_{route_table_id}",
    "aws_ec2_tag": "{resource_id},{key}",
    "aws_eks_identity_provider_config": "{cluster_name}:simulated",
    "aws_secretsmanager_secret_version": "{secret_id}|{version_id}",
    "aws_vpc_block_public_access_options": "{account}",
}
"""Types whose id is made of their attributes."""

ARN_IDS = frozenset(
    [
        "aws_iam_policy",
        "aws_iam_openid_connect_provider",
        "aws_sns_topic",
        "aws_lb",
        "aws_alb",
        "aws_lb_target_group",
        "aws_lb_listener",
        "aws_lb_listener_rule",
        "aws_acm_certificate",
        "aws_secretsmanager_secret",
        "aws_wafv2_web_acl",
        "aws_sfn_state_machine",
        "aws_sns_topic_subscription",
    ]
)
"""Types whose id is their ARN."""

ARNS = {
    "aws_iam_role": "arn:aws:iam::{account}:role{path}{name}",
    "aws_iam_policy": "arn:aws:iam::{account}:policy{path}{name}",
    "aws_iam_user": "arn:aws:iam::{account}:user{path}{name}",
    "aws_iam_group": "arn:aws:iam::{account}:group{path}{name}",
    "aws_iam_instance_profile": "arn:aws:iam::{account}:instance-profile{path}{name}",
    "aws_iam_openid_connect_provider": "arn:aws:iam::{account}:oidc-provider/{host}",
    "aws_eks_cluster": "arn:aws:eks:{region}:{account}:cluster/{name}",
    "aws_eks_node_group": "arn:aws:eks:{region}:{account}:nodegroup/{cluster_name}/{node_group_name}/{uuid}",
    "aws_eks_fargate_profile": "arn:aws:eks:{region}:{account}:fargateprofile/{cluster_name}/{fargate_profile_name}/{uuid}",
    "aws_eks_addon": "arn:aws:eks:{region}:{account}:addon/{cluster_name}/{addon_name}/{uuid}",
    "aws_eks_access_entry": "arn:aws:eks:{region}:{account}:access-entry/{cluster_name}/role/{account}/{leaf}/{uuid}",
    "aws_kms_key": "arn:aws:kms:{region}:{account}:key/{id}",
    "aws_kms_alias": "arn:aws:kms:{region}:{account}:{name}",
    "aws_cloudwatch_log_group": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws_cloudwatch_event_rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "aws_s3_bucket": "arn:aws:s3:::{bucket}",
    "aws_sqs_queue": "arn:aws:sqs:{region}:{account}:{name}",
    "aws_sns_topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws_dynamodb_table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "aws_ecr_repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "aws_secretsmanager_secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}-{short}",
    "aws_ssm_parameter": "arn:aws:ssm:{region}:{account}:parameter/{name}",
    "aws_autoscaling_group": "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:{uuid}:autoScalingGroupName/{name}",
    "aws_lb": "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/net/{name}/{short}",
    "aws_lb_target_group": "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{short}",
    "aws_acm_certificate": "arn:aws:acm:{region}:{account}:certificate/{uuid}",
    "aws_lambda_function": "arn:aws:lambda:{region}:{account}:function:{function_name}",
    "aws_route53_zone": "arn:aws:route53:::hostedzone/{id}",
    "aws_efs_file_system": "arn:aws:elasticfilesystem:{region}:{account}:file-system/{id}",
    "aws_nat_gateway": "arn:aws:ec2:{region}:{account}:natgateway/{id}",
    "aws_eip": "arn:aws:ec2:{region}:{account}:elastic-ip/{id}",
    "aws_flow_log": "arn:aws:ec2:{region}:{account}:vpc-flow-log/{id}",
    "aws_vpc_security_group_ingress_rule": "arn:aws:ec2:{region}:{account}:security-group-rule/{id}",
    "aws_vpc_security_group_egress_rule": "arn:aws:ec2:{region}:{account}:security-group-rule/{id}",
    "aws_eks_pod_identity_association": "arn:aws:eks:{region}:{account}:podidentityassociation/{cluster_name}/{id}",
    "aws_db_instance": "arn:aws:rds:{region}:{account}:db:{identifier}",
}
EC2 = re.compile(
    r"^aws_(default_)?(vpc|subnet|security_group|internet_gateway|egress_only|route_table|network_|launch_template"
    r"|instance|ebs_|ec2_|key_pair|vpn_|customer_gateway|placement_group)"
)


class _Lookup(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _words(values: ObjectValue, scope: Scope) -> _Lookup:
    words = _Lookup({key: item for key, item in values.items() if isinstance(item, str)})
    words["account"] = scope.account
    words["region"] = text(values.get("region")) or scope.region
    words["uuid"] = uuid()
    words["short"] = secrets.token_hex(8)
    words["path"] = text(values.get("path")) or "/"
    words["host"] = text(values.get("url")).removeprefix("https://")
    words["leaf"] = text(values.get("principal_arn")).rsplit("/", 1)[-1]
    words["tag_key"] = _first_tag_key(values)
    return words


def _destination(values: ObjectValue) -> str:
    """Give where a route leads: the provider makes the id of its checksum, so a table has one route to each."""
    names = ("destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id")
    return next((text(values.get(name)) for name in names if text(values.get(name))), "")


def _first_tag_key(values: ObjectValue) -> str:
    """Give the key in a nested `tag` block; only one is allowed where there is one."""
    blocks = values.get("tag")
    first = blocks[0] if isinstance(blocks, list) and blocks else {}
    return text(first.get("key")) if isinstance(first, dict) else ""


def arn_of(type_: str, values: ObjectValue, scope: Scope) -> str:
    """Give an object's ARN."""
    template = ARNS.get(type_)
    if template is None:
        kind = type_.removeprefix("aws_")
        service, _, rest = kind.partition("_")
        if EC2.match(type_):
            service, rest = "ec2", kind.removeprefix("ec2_").removeprefix("default_").replace("_", "-")
        template = f"arn:aws:{service}:{{region}}:{{account}}:{rest.replace('_', '-') or service}/{{key}}"
    words = _words(values, scope)
    words["key"] = words["id"] or words["name"] or words["short"]
    return template.format_map(words)


def id_of(type_: str, values: ObjectValue, scope: Scope) -> str:
    """Give a new object's id."""
    if type_ in PREFIXES:
        return f"{PREFIXES[type_]}-{hexid()}"
    if type_ in ARN_IDS:
        return text(values.get("arn")) or arn_of(type_, values, scope)
    if type_ in IDS:
        return IDS[type_].format_map(_words(values, scope))
    if type_ == "aws_route":
        return f"r-{text(values.get('route_table_id'))}{zlib.crc32(_destination(values).encode())}"
    if type_ == "aws_route53_zone":
        return "Z" + secrets.token_hex(10).upper()
    if type_.startswith("aws_s3_bucket_") and text(values.get("bucket")):
        return text(values["bucket"])
    if type_ in ("aws_kms_key", "aws_kms_external_key"):
        return uuid()
    return text(values.get("name")) or f"{type_.removeprefix('aws_').replace('_', '-')}-{hexid(10)}"
