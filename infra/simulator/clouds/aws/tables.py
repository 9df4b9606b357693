"""What AWS schemas do not tell: provider defaults, blocks AWS fills in, changes that replace.

The generic rule covers types not listed; a listed path always replaces, a kept path never does.
"""

import re

GENERIC = re.compile(
    r"^(name|name_prefix|region|cidr_block|availability_zone|availability_zone_id|vpc_id|subnet_id|cluster_name"
    r"|bucket|bucket_prefix|key_name|function_name|identifier|db_name|engine|role|policy_arn|principal_arn"
    r"|.*_name_prefix|path|allocation_id|route_table_id|security_group_id|vpc_endpoint_type|service_name)$"
)

DEFAULTS: dict[str, dict[str, object]] = {
    "aws_vpc": {"instance_tenancy": "default", "enable_dns_support": True},
    "aws_subnet": {
        "map_public_ip_on_launch": False,
        "assign_ipv6_address_on_creation": False,
        "enable_dns64": False,
        "enable_resource_name_dns_a_record_on_launch": False,
        "enable_resource_name_dns_aaaa_record_on_launch": False,
        "ipv6_native": False,
    },
    "aws_security_group": {"description": "Managed by Terraform", "revoke_rules_on_delete": False},
    "aws_nat_gateway": {"connectivity_type": "public"},
    "aws_flow_log": {"max_aggregation_interval": 600, "log_destination_type": "cloud-watch-logs"},
    "aws_eks_cluster": {"bootstrap_self_managed_addons": True},
    "aws_iam_role": {"path": "/", "max_session_duration": 3600, "force_detach_policies": False},
    "aws_iam_policy": {"path": "/"},
    "aws_iam_instance_profile": {"path": "/"},
    "aws_kms_key": {
        "customer_master_key_spec": "SYMMETRIC_DEFAULT",
        "key_usage": "ENCRYPT_DECRYPT",
        "is_enabled": True,
        "enable_key_rotation": False,
        "bypass_policy_lockout_safety_check": False,
    },
    "aws_cloudwatch_log_group": {"retention_in_days": 0, "skip_destroy": False},
    "aws_s3_bucket": {"force_destroy": False},
    "aws_vpc_endpoint": {"vpc_endpoint_type": "Gateway"},
    "aws_cloudwatch_event_rule": {"event_bus_name": "default"},
    "aws_cloudwatch_event_target": {"event_bus_name": "default"},
    "aws_launch_template": {},
    "aws_secretsmanager_secret": {"recovery_window_in_days": 30, "force_overwrite_replica_secret": False},
}

COMPUTED_BLOCKS: dict[str, dict[str, object]] = {
    "aws_eks_cluster": {
        "access_config": {
            "authentication_mode": "CONFIG_MAP",
            "bootstrap_cluster_creator_admin_permissions": True,
        },
        "kubernetes_network_config": {"ip_family": "ipv4", "elastic_load_balancing": {"enabled": False}},
        "kubernetes_network_config.elastic_load_balancing": {"enabled": False},
        "upgrade_policy": {"support_type": "EXTENDED"},
    },
    "aws_eks_node_group": {"update_config": {"max_unavailable": 1}},
    "aws_launch_template": {},
    "aws_s3_bucket": {
        "versioning": {"enabled": False, "mfa_delete": False},
        "server_side_encryption_configuration": {
            "rule": {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
        },
    },
    "aws_vpc_endpoint": {"dns_options": {"dns_record_ip_type": "ipv4"}},
    "aws_instance": {
        "root_block_device": {"delete_on_termination": True, "volume_size": 8, "volume_type": "gp3"},
        "metadata_options": {"http_endpoint": "enabled", "http_tokens": "required"},
    },
}

REPLACES: dict[str, tuple[str, ...]] = {
    "aws_vpc": ("cidr_block", "ipv4_ipam_pool_id", "ipv4_netmask_length"),
    "aws_subnet": ("vpc_id", "cidr_block", "availability_zone", "availability_zone_id", "ipv6_native", "outpost_arn"),
    "aws_security_group": ("name", "name_prefix", "description", "vpc_id"),
    "aws_security_group_rule": (
        "type",
        "from_port",
        "to_port",
        "protocol",
        "cidr_blocks",
        "ipv6_cidr_blocks",
        "prefix_list_ids",
        "security_group_id",
        "self",
        "source_security_group_id",
    ),
    "aws_nat_gateway": ("allocation_id", "connectivity_type", "private_ip", "subnet_id"),
    "aws_eip": ("domain", "public_ipv4_pool", "network_border_group", "customer_owned_ipv4_pool"),
    "aws_egress_only_internet_gateway": ("vpc_id",),
    "aws_route": ("route_table_id", "destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"),
    "aws_route_table": ("vpc_id",),
    "aws_route_table_association": ("subnet_id", "gateway_id"),
    "aws_default_security_group": ("vpc_id",),
    "aws_default_network_acl": ("default_network_acl_id",),
    "aws_default_route_table": ("default_route_table_id",),
    "aws_network_acl": ("vpc_id",),
    "aws_network_acl_rule": ("*",),
    "aws_vpc_endpoint": ("vpc_id", "service_name", "vpc_endpoint_type", "service_region"),
    "aws_flow_log": ("*",),
    "aws_eks_cluster": (
        "name",
        "role_arn",
        "bootstrap_self_managed_addons",
        "encryption_config",
        "outpost_config",
        "access_config.bootstrap_cluster_creator_admin_permissions",
        "kubernetes_network_config.ip_family",
        "kubernetes_network_config.service_ipv4_cidr",
    ),
    "aws_eks_node_group": (
        "cluster_name",
        "node_group_name",
        "node_group_name_prefix",
        "node_role_arn",
        "subnet_ids",
        "ami_type",
        "capacity_type",
        "disk_size",
        "instance_types",
        "remote_access",
        "launch_template.id",
        "launch_template.name",
    ),
    "aws_eks_fargate_profile": ("*",),
    "aws_eks_addon": ("cluster_name", "addon_name"),
    "aws_eks_access_entry": ("cluster_name", "principal_arn", "type"),
    "aws_eks_access_policy_association": ("*",),
    "aws_eks_pod_identity_association": ("cluster_name", "namespace", "service_account"),
    "aws_iam_role": ("name", "name_prefix", "path"),
    "aws_iam_policy": ("name", "name_prefix", "path", "description"),
    "aws_iam_role_policy_attachment": ("role", "policy_arn"),
    "aws_iam_role_policy": ("role", "name", "name_prefix"),
    "aws_iam_openid_connect_provider": ("url",),
    "aws_kms_key": ("customer_master_key_spec", "key_usage", "multi_region", "custom_key_store_id"),
    "aws_kms_alias": ("name", "name_prefix"),
    "aws_cloudwatch_log_group": ("name", "name_prefix", "log_group_class"),
    "aws_launch_template": ("name", "name_prefix"),
    "aws_s3_bucket": ("bucket", "bucket_prefix", "object_lock_enabled"),
    "aws_sqs_queue": ("name", "name_prefix", "fifo_queue"),
    "aws_instance": ("ami", "subnet_id", "availability_zone", "key_name", "instance_market_options"),
}

KEEPS: dict[str, tuple[str, ...]] = {
    "aws_eks_cluster": ("vpc_config.vpc_id",),
    "aws_flow_log": ("tags", "tags_all", "arn"),
    "aws_eks_fargate_profile": ("tags", "tags_all", "arn", "timeouts"),
    "aws_internet_gateway": ("vpc_id",),
    "aws_route_table_association": ("route_table_id",),
    "aws_iam_instance_profile": ("role",),
    "aws_autoscaling_group": ("service_linked_role_arn",),
    "aws_eip": ("instance", "network_interface"),
    "aws_cloudwatch_event_target": ("role_arn",),
}

RECOMPUTED: dict[str, dict[str, tuple[str, ...]]] = {
    "aws_launch_template": {"latest_version": ("*",), "default_version": ("*",)},
    "aws_eks_cluster": {"platform_version": ("version",)},
    "aws_eks_node_group": {"release_version": ("version",)},
    "aws_s3_object": {"etag": ("content", "source", "source_hash"), "version_id": ("content", "source", "source_hash")},
    "aws_lambda_function": {"version": ("*",), "last_modified": ("*",)},
    "aws_secretsmanager_secret_version": {"version_id": ("*",)},
    "aws_ssm_parameter": {"version": ("*",)},
    "aws_ecs_task_definition": {"revision": ("*",)},
}

IMPORTS: dict[str, str] = {
    "aws_route": "{route_table_id}_{destination_cidr_block}",
    "aws_route_table_association": "{subnet_id}/{route_table_id}",
    "aws_iam_role_policy_attachment": "{role}/{policy_arn}",
    "aws_iam_user_policy_attachment": "{user}/{policy_arn}",
    "aws_vpc_endpoint_route_table_association": "{vpc_endpoint_id}/{route_table_id}",
}
