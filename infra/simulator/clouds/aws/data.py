"""AWS data sources: the ones modules build on answered truthfully, the others from what exists or made up plausibly."""

import base64
import hashlib
import json
from collections.abc import Callable

from infra.simulator.clouds.aws.makers import zone_id_of
from infra.simulator.clouds.aws.names import arn_of
from infra.simulator.clouds.aws.policy import render
from infra.simulator.clouds.base import Scope
from infra.simulator.clouds.lookup import matching
from infra.simulator.errors import CloudError
from infra.simulator.store import Row, Store
from infra.simulator.values import ObjectValue, as_objects, text

Answer = Callable[[ObjectValue, Scope, Store], ObjectValue]


def _region(config: ObjectValue, scope: Scope) -> str:
    return text(config.get("region")) or scope.region


def _zones(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    where = _region(config, scope)
    excluded = config.get("exclude_names") or []
    names = [where + letter for letter in "abc" if where + letter not in excluded]  # type: ignore[operator]
    return {"id": where, "names": names, "zone_ids": [zone_id_of(name) for name in names], "group_names": [where]}


def _caller(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    return {
        "id": scope.account,
        "account_id": scope.account,
        "arn": f"arn:aws:iam::{scope.account}:user/simulated",
        "user_id": "AIDASIMULATED0000000",
    }


def _partition(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    return {"id": "aws", "partition": "aws", "dns_suffix": "amazonaws.com", "reverse_dns_prefix": "com.amazonaws"}


def _this_region(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    where = _region(config, scope)
    return {
        "id": where,
        "name": where,
        "region": where,
        "endpoint": f"ec2.{where}.amazonaws.com",
        "description": f"{where} (simulated)",
    }


def _document(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    rendered = render(config)
    compact = json.dumps(json.loads(rendered), separators=(",", ":"))
    return {"id": str(int(hashlib.sha256(rendered.encode()).hexdigest()[:8], 16)), "json": rendered, "minified_json": compact}


def _token(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    secret = base64.urlsafe_b64encode(f"simulated:{text(config.get('name'))}".encode()).decode().rstrip("=")
    return {"id": config.get("name"), "token": f"k8s-aws-v1.{secret}"}


def _parameter(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    found = matching(store, ["aws_ssm_parameter"], config, ["name"])
    if found:
        return {**found[-1].attributes}
    name = text(config.get("name"))
    value = "ami-0" + hashlib.sha256(name.encode()).hexdigest()[:16] if "ami" in name or "image" in name else "simulated"
    if "release_version" in name:
        value = "1.34.2-20251120"
    return {"id": name, "value": value, "insecure_value": value, "type": "String", "version": 1}


def _image(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    digest = hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()
    return {
        "id": f"ami-0{digest[:16]}",
        "image_id": f"ami-0{digest[:16]}",
        "architecture": "x86_64",
        "name": "al2023-ami-simulated",
        "root_device_name": "/dev/xvda",
        "root_device_type": "ebs",
        "virtualization_type": "hvm",
        "owner_id": "137112412989",
        "state": "available",
    }


def _endpoint_service(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    where = _region(config, scope)
    service = text(config.get("service"))
    name = text(config.get("service_name")) or f"com.amazonaws.{where}.{service}"
    kind = text(config.get("service_type")) or ("Gateway" if name.endswith((".s3", ".dynamodb")) else "Interface")
    return {
        "id": name,
        "service_name": name,
        "service_type": kind,
        "owner": "amazon",
        "availability_zones": [where + letter for letter in "abc"],
        "private_dns_name": f"{service}.{where}.amazonaws.com",
        "supported_ip_address_types": ["ipv4"],
    }


def _session(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    arn = text(config.get("arn"))
    return {"id": arn, "issuer_arn": arn, "issuer_id": "AROASIMULATED", "issuer_name": arn.rsplit("/", 1)[-1]}


def _policy(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    found = matching(store, ["aws_iam_policy"], config, ["arn", "name"])
    if found:
        return {**found[-1].attributes}
    arn = text(config.get("arn")) or f"arn:aws:iam::aws:policy/{text(config.get('name'))}"
    return {
        "id": arn,
        "arn": arn,
        "name": arn.rsplit("/", 1)[-1],
        "policy": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    }


def _addon_version(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    latest = bool(config.get("most_recent"))
    return {"id": config.get("addon_name"), "version": "v1.20.4-eksbuild.2" if latest else "v1.19.0-eksbuild.1"}


def _service_principal(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    name = f"{text(config.get('service_name'))}.amazonaws.com"
    return {"id": name, "name": name, "suffix": "amazonaws.com", "region": _region(config, scope)}


def _prefix_list(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    name = text(config.get("name")) or f"com.amazonaws.{scope.region}.s3"
    return {"id": f"pl-{hashlib.sha256(name.encode()).hexdigest()[:8]}", "name": name, "cidr_blocks": ["52.216.0.0/15"]}


def _instance_types(config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    return {"id": scope.region, "instance_types": ["t3.medium", "t3.large", "m5.large"]}


SPECIAL: dict[str, Answer] = {
    "aws_availability_zones": _zones,
    "aws_caller_identity": _caller,
    "aws_partition": _partition,
    "aws_region": _this_region,
    "aws_iam_policy_document": _document,
    "aws_eks_cluster_auth": _token,
    "aws_ssm_parameter": _parameter,
    "aws_ami": _image,
    "aws_vpc_endpoint_service": _endpoint_service,
    "aws_iam_session_context": _session,
    "aws_iam_policy": _policy,
    "aws_eks_addon_version": _addon_version,
    "aws_service_principal": _service_principal,
    "aws_prefix_list": _prefix_list,
    "aws_ec2_managed_prefix_list": _prefix_list,
    "aws_ec2_instance_types": _instance_types,
    "aws_ec2_instance_type_offerings": _instance_types,
    "aws_default_tags": lambda config, scope, store: {"id": "simulated", "tags": dict(scope.default_tags)},
    "aws_regions": lambda config, scope, store: {"id": "aws", "names": ["eu-west-1", "us-east-1", "us-west-2"]},
    "aws_elb_service_account": lambda config, scope, store: {"id": "127311923021", "arn": "arn:aws:iam::127311923021:root"},
}
LISTS = {
    "aws_subnets": ("aws_subnet", "ids"),
    "aws_vpcs": ("aws_vpc", "ids"),
    "aws_security_groups": ("aws_security_group", "ids"),
    "aws_route_tables": ("aws_route_table", "ids"),
    "aws_eks_clusters": ("aws_eks_cluster", "names"),
    "aws_nat_gateways": ("aws_nat_gateway", "ids"),
}
KEYS = (
    "id",
    "name",
    "arn",
    "vpc_id",
    "bucket",
    "cidr_block",
    "availability_zone",
    "cluster_name",
    "node_group_name",
    "function_name",
    "key_name",
    "tags",
    "route_table_id",
    "subnet_id",
    "key_id",
    "zone_id",
    "url",
    "identifier",
)
MUST_EXIST = ("aws_vpc", "aws_subnet", "aws_security_group", "aws_eks_cluster", "aws_iam_role", "aws_eks_node_group")


def answer(type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue | None:
    """Answer a data source."""
    special = SPECIAL.get(type_)
    if special is not None:
        return special(config, scope, store)
    if type_ in LISTS:
        held, key = LISTS[type_]
        rows = [row for row in matching(store, [held], config, ["tags", "vpc_id"]) if _filtered(row, config)]
        return {"id": scope.region, key: [row.id for row in rows]}
    found = [row for row in matching(store, _types(type_), config, KEYS) if _filtered(row, config)]
    if found:
        return {**found[-1].attributes}
    return _made_up(type_, config, scope)


def _types(type_: str) -> list[str]:
    return [type_, f"aws_default_{type_.removeprefix('aws_')}"]


def _filtered(row: Row, config: ObjectValue) -> bool:
    """Apply `filter` blocks: tag:Key, vpc-id and the like."""
    for block in as_objects(config.get("filter")):
        name, values = text(block.get("name")), block.get("values") or []
        key = name.replace("-", "_")
        held = row.tags.get(name[4:]) if name.startswith("tag:") else row.attributes.get(key)
        if held is None and name not in ("state", "owner-id"):
            held = row.id if key.endswith("_id") and row.type.endswith(key.removesuffix("_id")) else None
        if held not in values and values != ["*"]:  # type: ignore[operator]
            return False
    return True


def _made_up(type_: str, config: ObjectValue, scope: Scope) -> ObjectValue:
    wanted = text(config.get("name")) or text(config.get("id")) or text(config.get("bucket"))
    if type_ in MUST_EXIST and (wanted or config.get("filter") or config.get("tags")):
        label = type_.removeprefix("aws_").replace("_", " ").upper()
        raise CloudError(f"no matching {label} found", f"The simulated cloud holds no such {type_}: {wanted or 'no match'}.")
    given = {key: value for key, value in config.items() if value is not None}
    name = wanted or "simulated"
    made: ObjectValue = {"id": text(config.get("id")) or name, **given}
    made["arn"] = text(config.get("arn")) or arn_of(type_, {**made, "name": name}, scope)
    return made
