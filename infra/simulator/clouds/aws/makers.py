"""Values AWS makes up, by resource type and attribute; `*` is any type."""

import base64
import json
import re
import secrets
from collections.abc import Mapping

from infra.simulator.clouds.aws.names import arn_of
from infra.simulator.clouds.base import Maker, Want, hexid, now
from infra.simulator.values import Value, text

ZONE = re.compile(r"([a-z]{2})-([a-z-]+)-(\d)([a-h])")
DIRECTION = re.compile("gov|north|south|east|west|central")
OIDC_THUMBPRINT = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"


def always(value: object) -> Maker:
    """Make the same value each time."""
    return lambda want: value


def new(prefix: str) -> Maker:
    """Make an id with a prefix."""
    return lambda want: f"{prefix}-{hexid()}"


def region(want: Want) -> str:
    """Give the object's region."""
    return text(want.root.get("region")) or want.scope.region


def _stable(want: Want, length: int = 32) -> str:
    import hashlib

    return hashlib.sha256(f"{text(want.root.get('id'))}{want.type}".encode()).hexdigest()[:length].upper()


def oidc_issuer(cluster: str, where: str) -> str:
    """Give a cluster's OIDC issuer, the same each time it is asked for."""
    import hashlib

    digest = hashlib.sha256(f"{where}/{cluster}".encode()).hexdigest()[:32].upper()
    return f"https://oidc.eks.{where}.amazonaws.com/id/{digest}"


def _identity(want: Want) -> Value:
    return [{"oidc": [{"issuer": oidc_issuer(text(want.root.get("name")), region(want))}]}]


def _authority(want: Want) -> Value:
    from infra.simulator.certificates import authority_base64

    return [{"data": authority_base64()}]


def _zone(want: Want) -> str:
    zone_id = text(want.root.get("availability_zone_id"))
    numbered = zone_id[-1:] in tuple("123456")
    return region(want) + ("abcdef"[int(zone_id[-1]) - 1] if numbered else "a")


def _zone_id(want: Want) -> str:
    return zone_id_of(text(want.root.get("availability_zone")) or region(want) + "a")


def zone_id_of(zone: str) -> str:
    """Give the id of a zone: us-east-1a is use1-az1, ap-southeast-2b is apse2-az2."""
    found = ZONE.fullmatch(zone)
    if found is None:
        return f"{zone}-az1"
    area, direction, number, letter = found.groups()
    short = "".join(word[0] for word in DIRECTION.findall(direction))
    return f"{area}{short}{number}-az{'abcdefgh'.index(letter) + 1}"


def _address(want: Want) -> str:
    return f"52.{secrets.randbelow(200) + 10}.{secrets.randbelow(250)}.{secrets.randbelow(250) + 1}"


def _private_address(want: Want) -> str:
    return f"10.0.{secrets.randbelow(250)}.{secrets.randbelow(250) + 1}"


def _next_version(want: Want) -> int:
    held = want.before.get("latest_version") or 0
    return int(held) + 1 if isinstance(held, int) else 1


def _default_version(want: Want) -> int:
    if want.root.get("update_default_version"):
        return _next_version(want) if want.before else 1
    held = want.before.get("default_version")
    return held if isinstance(held, int) else 1


def _unique(prefix: str) -> Maker:
    return lambda want: prefix + base64.b32encode(secrets.token_bytes(11)).decode()[:17]


def _scaling_group(want: Want) -> Value:
    name = f"eks-{text(want.root.get('node_group_name'))}-{secrets.token_hex(4)}"
    return [{"autoscaling_groups": [{"name": name}], "remote_access_security_group_id": ""}]


def _policy_of_key(want: Want) -> str:
    root = f"arn:aws:iam::{want.scope.account}:root"
    statement = {"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": {"AWS": root}}
    return json.dumps(
        {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [{**statement, "Action": "kms:*", "Resource": "*"}]}
    )


def _dns_entries(want: Want) -> Value:
    if text(want.root.get("vpc_endpoint_type")) == "Gateway":
        return []
    service = text(want.root.get("service_name")).split(".")[-1]
    where = region(want)
    return [{"dns_name": f"{text(want.root.get('id'))}.{service}.{where}.vpce.amazonaws.com", "hosted_zone_id": "Z7HUB22UULQXV"}]


def _load_balancer_dns(want: Want) -> str:
    return f"{text(want.root.get('name'))}-{secrets.token_hex(8)}.elb.{region(want)}.amazonaws.com"


def _rule_id(want: Want) -> str:
    return text(want.root.get("id"))


def _named(key: str, prefix_key: str) -> Maker:
    def make(want: Want) -> str:
        from datetime import UTC, datetime

        prefix = text(want.root.get(prefix_key)) or "terraform-"
        return prefix + datetime.now(UTC).strftime("%Y%m%d%H%M%S") + secrets.token_hex(5)

    return make


def _prefix_of_nothing(want: Want) -> str:
    return ""


def _s3_domain(want: Want) -> str:
    return f"{text(want.root.get('bucket'))}.s3.amazonaws.com"


def _s3_regional(want: Want) -> str:
    return f"{text(want.root.get('bucket'))}.s3.{region(want)}.amazonaws.com"


def _arn(want: Want) -> str:
    return arn_of(want.type, want.root, want.scope)


def _validation(want: Want) -> list[object]:
    """Give the DNS records that would prove each domain of a certificate."""
    others = want.root.get("subject_alternative_names")
    names = [text(want.root.get("domain_name")), *(others if isinstance(others, list) else [])]
    return [
        {
            "domain_name": name,
            "resource_record_name": f"_simulated.{name.removeprefix('*.')}.",
            "resource_record_type": "CNAME",
            "resource_record_value": "_simulated.acm-validations.aws.",
        }
        for name in dict.fromkeys(names)
    ]


ANY: dict[str, Maker] = {
    "volume_id": new("vol"),
    "vpc_id": new("vpc"),
    "zone_id": always("Z215JYRZR1TBD5"),
    "association_id": new("eipassoc"),
    "arn": _arn,
    "owner_id": lambda want: want.scope.account,
    "account_id": lambda want: want.scope.account,
    "region": lambda want: want.scope.region,
    "name_prefix": _prefix_of_nothing,
    "availability_zone": _zone,
    "availability_zone_id": _zone_id,
    "partition": always("aws"),
    "status": always("ACTIVE"),
    "state": always("available"),
    "create_date": lambda want: now(),
    "hosted_zone_id": always("Z215JYRZR1TBD5"),
    "private_ip": _private_address,
    "private_dns": lambda want: f"ip-10-0-0-{secrets.randbelow(250)}.ec2.internal",
    "public_ip": _address,
    "dns_name": _load_balancer_dns,
    "network_interface_id": new("eni"),
    "primary_network_interface_id": new("eni"),
    "version_id": lambda want: secrets.token_hex(16),
    "fingerprint": lambda want: ":".join(secrets.token_hex(1) for _ in range(20)),
}

VALUES: Mapping[str, Mapping[str, Maker]] = {
    "*": ANY,
    "aws_vpc": {
        "default_security_group_id": new("sg"),
        "default_route_table_id": new("rtb"),
        "main_route_table_id": lambda want: want.root.get("default_route_table_id"),
        "default_network_acl_id": new("acl"),
        "dhcp_options_id": always("dopt-0simulated"),
        "cidr_block": always("10.0.0.0/16"),
        "enable_dns_hostnames": always(False),
        "ipv6_cidr_block": lambda want: (
            f"2600:1f18:{secrets.token_hex(2)}:{secrets.token_hex(1)}00::/56"
            if want.root.get("assign_generated_ipv6_cidr_block")
            else ""
        ),
        "ipv6_association_id": lambda want: (
            f"vpc-cidr-assoc-{hexid()}" if want.root.get("assign_generated_ipv6_cidr_block") else ""
        ),
    },
    "aws_subnet": {"private_dns_hostname_type_on_launch": always("ip-name"), "ipv6_cidr_block_association_id": always("")},
    "aws_security_group": {"vpc_id": always(None), "name": _named("name", "name_prefix"), "ingress": always([])},
    "aws_eip": {
        "allocation_id": lambda want: text(want.root.get("id")),
        "domain": always("vpc"),
        "public_ip": _address,
        "public_ipv4_pool": always("amazon"),
        "network_border_group": region,
        "public_dns": lambda want: f"ec2-52-0-0-{secrets.randbelow(250)}.compute-1.amazonaws.com",
    },
    "aws_nat_gateway": {"public_ip": _address, "association_id": new("eipassoc")},
    "aws_route": {"origin": always("CreateRoute"), "state": always("active"), "instance_id": always("")},
    "aws_vpc_endpoint": {
        "prefix_list_id": lambda want: (
            f"pl-{secrets.token_hex(4)}" if text(want.root.get("vpc_endpoint_type")) == "Gateway" else ""
        ),
        "dns_entry": _dns_entries,
        "ip_address_type": always("ipv4"),
        "policy": always('{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}'),
        "cidr_blocks": lambda want: ["52.216.0.0/15"] if text(want.root.get("vpc_endpoint_type")) == "Gateway" else [],
    },
    "aws_iam_role": {"unique_id": _unique("AROA"), "create_date": lambda want: now(), "name": _named("name", "name_prefix")},
    "aws_iam_policy": {"policy_id": _unique("ANPA"), "attachment_count": always(0), "name": _named("name", "name_prefix")},
    "aws_iam_instance_profile": {"unique_id": _unique("AIPA"), "name": _named("name", "name_prefix")},
    "aws_iam_openid_connect_provider": {"thumbprint_list": always([OIDC_THUMBPRINT])},
    "aws_eks_cluster": {
        "endpoint": lambda want: f"https://{_stable(want)}.gr7.{region(want)}.eks.amazonaws.com",
        "identity": _identity,
        "certificate_authority": _authority,
        "platform_version": always("eks.12"),
        "version": always("1.34"),
        "deletion_protection": always(False),
        "cluster_id": always(""),
        "kubernetes_network_config.service_ipv4_cidr": always("172.20.0.0/16"),
        "kubernetes_network_config.service_ipv6_cidr": lambda want: (
            "fd12:3456:789a::/108" if want.parent.get("ip_family") == "ipv6" else ""
        ),
        "kubernetes_network_config.ip_family": always("ipv4"),
        "access_config.authentication_mode": always("API_AND_CONFIG_MAP"),
        "vpc_config.cluster_security_group_id": new("sg"),
        "vpc_config.vpc_id": lambda want: "",
        "vpc_config.public_access_cidrs": always(["0.0.0.0/0"]),
        "upgrade_policy.support_type": always("EXTENDED"),
    },
    "aws_eks_node_group": {
        "status": always("ACTIVE"),
        "ami_type": always("AL2023_x86_64_STANDARD"),
        "capacity_type": always("ON_DEMAND"),
        "disk_size": lambda want: 0 if want.root.get("launch_template") else 20,
        "instance_types": always(["t3.medium"]),
        "release_version": lambda want: f"{text(want.root.get('version')) or '1.34'}.2-20251120",
        "version": always("1.34"),
        "node_group_name": _named("node_group_name", "node_group_name_prefix"),
        "node_group_name_prefix": _prefix_of_nothing,
        "resources": _scaling_group,
        "launch_template.name": lambda want: "lt-by-id",
        "launch_template.id": new("lt"),
    },
    "aws_eks_addon": {"addon_version": always("v1.19.0-eksbuild.1"), "configuration_values": always("")},
    "aws_eks_access_entry": {
        "user_name": lambda want: text(want.root.get("principal_arn")),
        "kubernetes_groups": always([]),
        "type": always("STANDARD"),
    },
    "aws_eks_access_policy_association": {"associated_at": lambda want: now(), "modified_at": lambda want: now()},
    "aws_eks_pod_identity_association": {"association_id": _rule_id, "external_id": lambda want: secrets.token_hex(12)},
    "aws_kms_key": {
        "key_id": lambda want: text(want.root.get("id")),
        "policy": _policy_of_key,
        "rotation_period_in_days": lambda want: 365 if want.root.get("enable_key_rotation") else 0,
        "multi_region": always(False),
        "description": always(""),
    },
    "aws_kms_alias": {
        "target_key_arn": lambda want: text(want.root.get("target_key_id")),
        "name": _named("name", "name_prefix"),
    },
    "aws_launch_template": {
        "latest_version": _next_version,
        "default_version": _default_version,
        "name": _named("name", "name_prefix"),
    },
    "aws_cloudwatch_log_group": {
        "name": _named("name", "name_prefix"),
        "log_group_class": always("STANDARD"),
        "deletion_protection_enabled": always(False),
    },
    "aws_vpc_security_group_ingress_rule": {"security_group_rule_id": _rule_id},
    "aws_vpc_security_group_egress_rule": {"security_group_rule_id": _rule_id},
    "aws_security_group_rule": {
        "security_group_rule_id": new("sgr"),
        "source_security_group_id": always(""),
    },
    "aws_s3_bucket": {
        "bucket": _named("bucket", "bucket_prefix"),
        "bucket_prefix": _prefix_of_nothing,
        "bucket_domain_name": _s3_domain,
        "bucket_regional_domain_name": _s3_regional,
        "bucket_region": region,
        "hosted_zone_id": always("Z3AQBSTGFYJSTF"),
        "request_payer": always("BucketOwner"),
        "object_lock_enabled": always(False),
    },
    "aws_sqs_queue": {
        "url": lambda want: text(want.root.get("id")),
        "name": _named("name", "name_prefix"),
        "policy": always(""),
    },
    "aws_autoscaling_group": {"name": _named("name", "name_prefix")},
    "aws_route53_zone": {
        "zone_id": lambda want: text(want.root.get("id")),
        "name_servers": always([f"ns-{n}.awsdns-{n:02}.{d}" for n, d in ((1, "com"), (2, "net"), (3, "org"), (4, "co.uk"))]),
        "primary_name_server": always("ns-1.awsdns-01.com"),
    },
    "aws_acm_certificate": {"domain_validation_options": _validation, "status": always("PENDING_VALIDATION")},
    "aws_ecr_repository": {
        "registry_id": lambda want: want.scope.account,
        "repository_url": lambda want: f"{want.scope.account}.dkr.ecr.{region(want)}.amazonaws.com/{text(want.root.get('name'))}",
    },
}
