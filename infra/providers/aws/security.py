"""Changes that a reviewer looks at first: who gets in, who may what, and what is no longer kept or encrypted."""

from __future__ import annotations

from infra.providers.base import SecurityRule

SECURITY_RULES: tuple[SecurityRule, ...] = (
    SecurityRule(
        "aws_eks_cluster", "the Kubernetes API gets an address on the internet", "vpc_config.endpoint_public_access", ("true",)
    ),
    SecurityRule(
        "aws_eks_cluster", "the Kubernetes API is open to the whole internet", "vpc_config.public_access_cidrs", ("0.0.0.0/0",)
    ),
    SecurityRule("aws_eks_cluster", "who may reach the public address changes", "vpc_config.public_access_cidrs"),
    SecurityRule("aws_eks_cluster", "Secrets are encrypted under another key, or none", "encryption_config"),
    SecurityRule("aws_eks_cluster", "control-plane logs change", "enabled_cluster_log_types"),
    SecurityRule("aws_eks_cluster", "the cluster loses its protection from deletion", "deletion_protection", ("false",)),
    SecurityRule("aws_eks_cluster", "how the API knows its users changes", "access_config"),
    SecurityRule("aws_eks_access_*", "who administers the cluster changes"),
    SecurityRule("aws_iam_*", "rights change"),
    SecurityRule("aws_kms_key", "who may use a key changes, or the key goes"),
    SecurityRule("aws_*security_group*", "what may talk to what changes"),
    SecurityRule("aws_subnet", "machines get public addresses by themselves", "map_public_ip_on_launch", ("true",)),
    SecurityRule("aws_route", "where traffic goes changes"),
    SecurityRule("aws_flow_log", "records of traffic change or end"),
    SecurityRule("aws_cloudwatch_log_group", "logs are kept for another time", "retention_in_days"),
    SecurityRule("aws_cloudwatch_log_group", "logs are encrypted under another key, or none", "kms_key_id"),
    SecurityRule("aws_vpc_endpoint", "who may use an endpoint changes", "policy"),
    SecurityRule("aws_vpc_encryption_control", "encryption inside the network is watched or enforced otherwise"),
    SecurityRule("aws_vpc_block_public_access_exclusion", "the network is excluded from the account's block of public access"),
    SecurityRule(
        "aws_launch_template", "pods may reach the machine's credentials", "metadata_options.http_tokens", ("optional",)
    ),
    SecurityRule(
        "aws_launch_template", "nodes get public addresses", "network_interfaces.associate_public_ip_address", ("true",)
    ),
    SecurityRule("aws_launch_template", "nodes' disks are not encrypted", "block_device_mappings.ebs.encrypted", ("false",)),
)
