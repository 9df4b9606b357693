"""Arguments the AWS provider refuses before it calls AWS: conflicts, unknown values, malformed ranges and policies."""

from infra.simulator.errors import CloudError
from infra.simulator.validation import check_conflicts, check_enums, network_of
from infra.simulator.values import ObjectValue, as_objects, is_unknown

CONFLICTS: dict[str, tuple[tuple[str, str], ...]] = {
    "aws_vpc": (("cidr_block", "ipv4_netmask_length"), ("assign_generated_ipv6_cidr_block", "ipv6_ipam_pool_id")),
    "aws_subnet": (("availability_zone", "availability_zone_id"),),
    "aws_security_group": (("name", "name_prefix"),),
    "aws_iam_role": (("name", "name_prefix"),),
    "aws_iam_policy": (("name", "name_prefix"),),
    "aws_launch_template": (("name", "name_prefix"),),
    "aws_cloudwatch_log_group": (("name", "name_prefix"),),
    "aws_eks_node_group": (("node_group_name", "node_group_name_prefix"),),
    "aws_s3_bucket": (("bucket", "bucket_prefix"),),
    "aws_sqs_queue": (("name", "name_prefix"),),
    "aws_kms_alias": (("name", "name_prefix"),),
}
ENUMS: dict[str, dict[str, tuple[str, ...]]] = {
    "aws_eks_cluster": {
        "access_config.authentication_mode": ("API", "API_AND_CONFIG_MAP", "CONFIG_MAP"),
        "kubernetes_network_config.ip_family": ("ipv4", "ipv6"),
        "upgrade_policy.support_type": ("EXTENDED", "STANDARD"),
        "enabled_cluster_log_types": ("api", "audit", "authenticator", "controllerManager", "scheduler"),
    },
    "aws_eks_node_group": {
        "capacity_type": ("ON_DEMAND", "SPOT", "CAPACITY_BLOCK"),
        "taint.effect": ("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"),
        "ami_type": (
            "AL2_x86_64", "AL2_x86_64_GPU", "AL2_ARM_64", "CUSTOM", "BOTTLEROCKET_ARM_64", "BOTTLEROCKET_x86_64",
            "BOTTLEROCKET_ARM_64_FIPS", "BOTTLEROCKET_x86_64_FIPS", "BOTTLEROCKET_ARM_64_NVIDIA",
            "BOTTLEROCKET_x86_64_NVIDIA", "WINDOWS_CORE_2019_x86_64", "WINDOWS_FULL_2019_x86_64",
            "WINDOWS_CORE_2022_x86_64", "WINDOWS_FULL_2022_x86_64", "AL2023_x86_64_STANDARD", "AL2023_ARM_64_STANDARD",
            "AL2023_x86_64_NEURON", "AL2023_x86_64_NVIDIA", "AL2023_ARM_64_NVIDIA",
        ),
    },
    "aws_eks_addon": {
        "resolve_conflicts_on_create": ("NONE", "OVERWRITE"),
        "resolve_conflicts_on_update": ("NONE", "OVERWRITE", "PRESERVE"),
    },
    "aws_eks_access_entry": {"type": ("EC2_LINUX", "EC2_WINDOWS", "EC2", "FARGATE_LINUX", "HYBRID_LINUX", "STANDARD")},
    "aws_eks_access_policy_association": {"access_scope.type": ("cluster", "namespace")},
    "aws_vpc": {"instance_tenancy": ("default", "dedicated")},
    "aws_nat_gateway": {"connectivity_type": ("public", "private")},
    "aws_eip": {"domain": ("vpc", "standard")},
    "aws_vpc_endpoint": {
        "vpc_endpoint_type": ("Interface", "Gateway", "GatewayLoadBalancer", "Resource", "ServiceNetwork"),
        "ip_address_type": ("ipv4", "dualstack", "ipv6"),
    },
    "aws_flow_log": {
        "traffic_type": ("ACCEPT", "REJECT", "ALL"),
        "log_destination_type": ("cloud-watch-logs", "s3", "kinesis-data-firehose"),
    },
    "aws_kms_key": {"key_usage": ("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT")},
    "aws_cloudwatch_log_group": {"log_group_class": ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")},
    "aws_security_group_rule": {"type": ("ingress", "egress")},
}  # fmt: skip
RETENTION = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def refuse_configuration(type_: str, config: ObjectValue) -> None:
    """Refuse conflicting arguments and values the provider does not know."""
    check_conflicts(CONFLICTS.get(type_, ()), config)
    check_enums(ENUMS.get(type_, {}), config)
    block = config.get("cidr_block")
    if type_ in ("aws_vpc", "aws_subnet") and isinstance(block, str) and str(network_of(block)) != block:
        raise CloudError(f'"{block}" is not a valid CIDR block; did you mean "{network_of(block)}"?')
    retention = config.get("retention_in_days")
    if type_ == "aws_cloudwatch_log_group" and isinstance(retention, int) and retention not in RETENTION:
        raise CloudError(f"expected retention_in_days to be one of {list(RETENTION)}, got {retention}")
    for key in ("policy", "assume_role_policy"):
        given = config.get(key)
        if type_.startswith("aws_iam_") and isinstance(given, str) and not given.lstrip().startswith("{"):
            raise CloudError(f'"{key}" contains an invalid JSON policy: not a JSON object')
    if type_ == "aws_eks_node_group":
        _check_scaling(config)


def _check_scaling(config: ObjectValue) -> None:
    for block in as_objects(config.get("scaling_config")):
        sizes = [block.get(key) for key in ("min_size", "desired_size", "max_size")]
        if any(is_unknown(size) or not isinstance(size, int) for size in sizes):
            continue
        low, wanted, high = sizes
        if isinstance(low, int) and isinstance(high, int) and isinstance(wanted, int) and not low <= wanted <= high:
            raise CloudError(
                "creating EKS Node Group: InvalidParameterException: desired capacity"
                f" {wanted} must be between min size {low} and max size {high}"
            )
