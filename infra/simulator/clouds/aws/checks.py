"""What AWS refuses, in the words of its API."""

import re

from infra.simulator.clouds.base import uuid
from infra.simulator.errors import CloudError
from infra.simulator.store import Row, Store, references_in
from infra.simulator.validation import network_of
from infra.simulator.values import ObjectValue, text

ID = re.compile(r"^(vpc|subnet|sg|rtb|igw|eigw|nat|eipalloc|acl|vpce|lt|tgw|pcx|vgw)-[0-9a-f]{8,17}$")
MISSING = {
    "vpc": ("InvalidVpcID.NotFound", "The vpc ID '{id}' does not exist"),
    "subnet": ("InvalidSubnetID.NotFound", "The subnet ID '{id}' does not exist"),
    "sg": ("InvalidGroup.NotFound", "The security group '{id}' does not exist"),
    "rtb": ("InvalidRouteTableID.NotFound", "The routeTable ID '{id}' does not exist"),
    "igw": ("InvalidInternetGatewayID.NotFound", "The internetGateway ID '{id}' does not exist"),
    "nat": ("NatGatewayNotFound", "The Nat Gateway {id} was not found"),
    "eipalloc": ("InvalidAllocationID.NotFound", "The allocation ID '{id}' does not exist"),
    "acl": ("InvalidNetworkAclID.NotFound", "The networkAcl ID '{id}' does not exist"),
    "lt": ("InvalidLaunchTemplateId.NotFound", "The specified launch template, with template ID {id}, does not exist."),
}
SERVICES = {"eks": "EKS", "iam": "IAM", "kms": "KMS", "s3": "S3", "cloudwatch": "CloudWatch Logs", "sqs": "SQS", "lb": "ELBv2"}

BLOCKING = {
    "aws_vpc": ("vpc_id",),
    "aws_subnet": ("subnet_id", "subnet_ids", "vpc_config.subnet_ids", "vpc_zone_identifier", "subnets"),
    "aws_security_group": (
        "security_group_ids",
        "vpc_config.security_group_ids",
        "vpc_security_group_ids",
        "referenced_security_group_id",
        "source_security_group_id",
        "network_interfaces.security_groups",
        "security_groups",
        "ingress.security_groups",
        "egress.security_groups",
    ),
    "aws_route_table": ("route_table_id",),
    "aws_internet_gateway": (),
    "aws_eip": ("allocation_id",),
    "aws_launch_template": (),
}
"""The paths at which another object that names this one keeps it from being deleted."""

FREE = {
    "aws_vpc": re.compile(r"^aws_(default_|flow_log|vpc_dhcp_options_association|route53_|eks_cluster|lb_target_group)"),
    "aws_route_table": re.compile(r"^aws_(route|vpc_endpoint_route_table_association|vpn_gateway_route_propagation)$"),
    "aws_subnet": re.compile(r"^aws_(route_table_association|network_acl|default_network_acl|launch_template|flow_log)$"),
    "aws_security_group": re.compile(r"^aws_launch_template$"),
}
"""Types that name an object without keeping it from being deleted."""

UNIQUE = {
    "aws_eks_cluster": (
        "name",
        "EKS Cluster ({name})",
        "EKS: CreateCluster",
        409,
        "ResourceInUseException",
        "Cluster already exists with name: {name}",
    ),
    "aws_iam_role": (
        "name",
        "IAM Role ({name})",
        "IAM: CreateRole",
        409,
        "EntityAlreadyExists",
        "Role with name {name} already exists.",
    ),
    "aws_iam_policy": (
        "name",
        "IAM Policy ({name})",
        "IAM: CreatePolicy",
        409,
        "EntityAlreadyExists",
        "A policy called {name} already exists. Duplicate names are not allowed.",
    ),
    "aws_cloudwatch_log_group": (
        "name",
        "CloudWatch Logs Log Group ({name})",
        "CloudWatch Logs: CreateLogGroup",
        400,
        "ResourceAlreadyExistsException",
        "The specified log group already exists",
    ),
    "aws_kms_alias": (
        "name",
        "KMS Alias ({name})",
        "KMS: CreateAlias",
        400,
        "AlreadyExistsException",
        "An alias with the name {name} already exists",
    ),
    "aws_s3_bucket": (
        "bucket",
        "S3 Bucket ({name})",
        "S3: CreateBucket",
        409,
        "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it.",
    ),
    "aws_launch_template": (
        "name",
        "EC2 Launch Template ({name})",
        "EC2: CreateLaunchTemplate",
        400,
        "InvalidLaunchTemplateName.AlreadyExistsException",
        "Launch template name already in use.",
    ),
    "aws_iam_instance_profile": (
        "name",
        "IAM Instance Profile ({name})",
        "IAM: CreateInstanceProfile",
        409,
        "EntityAlreadyExists",
        "Instance Profile {name} already exists.",
    ),
}


def api_error(doing: str, operation: str, status: int, code: str, message: str) -> CloudError:
    """Word an error as the AWS SDK does."""
    return CloudError(
        f"{doing}: operation error {operation}, https response error StatusCode: {status}, RequestID: {uuid()},"
        f" api error {code}: {message}"
    )


def _label(type_: str) -> tuple[str, str]:
    """Give a type's service and readable name: aws_nat_gateway is EC2 and NAT Gateway."""
    kind = type_.removeprefix("aws_")
    head = kind.split("_")[0]
    service = SERVICES.get(head, "EC2")
    rest = kind.removeprefix(f"{head}_") if head in SERVICES else kind
    words = {"vpc": "VPC", "nat": "NAT", "eip": "EIP"}
    return service, " ".join(words.get(word, word.capitalize()) for word in rest.split("_"))


def check_create(type_: str, values: ObjectValue, place: str, store: Store) -> None:
    """Refuse an object with a name in use, a reference to nothing, or an impossible address range."""
    _check_unique(type_, values, place, store)
    _check_references(type_, values, store)
    if type_ == "aws_subnet":
        _check_subnet(values, store)
    if type_ == "aws_vpc":
        _check_vpc(values)
    if type_.startswith("aws_eks_") and "cluster_name" in values:
        _check_cluster(type_, text(values.get("cluster_name")), store)


def _check_unique(type_: str, values: ObjectValue, place: str, store: Store) -> None:
    rule = UNIQUE.get(type_)
    if rule is None:
        return
    key, subject, operation, status, code, message = rule
    name = text(values.get(key))
    if name and any(row.attributes.get(key) == name for row in store.find("type=? AND scope=? AND name=?", (type_, place, name))):
        raise api_error(f"creating {subject.format(name=name)}", operation, status, code, message.format(name=name))


def _check_references(type_: str, values: ObjectValue, store: Store) -> None:
    for path, target in references_in(values):
        if not ID.match(target) or path.split(".")[0] in ("description",) or store.exists(target):
            continue
        prefix = target.split("-")[0]
        code, message = MISSING.get(prefix, ("InvalidParameterValue", "The ID '{id}' does not exist"))
        service, label = _label(type_)
        operation = "".join(word.capitalize() for word in type_.removeprefix("aws_").split("_"))
        raise api_error(f"creating {service} {label}", f"{service}: Create{operation}", 400, code, message.format(id=target))


def _check_vpc(values: ObjectValue) -> None:
    block = text(values.get("cidr_block"))
    if block and not 16 <= network_of(block).prefixlen <= 28:
        raise api_error("creating EC2 VPC", "EC2: CreateVpc", 400, "InvalidVpc.Range", f"The CIDR '{block}' is invalid.")


def _check_subnet(values: ObjectValue, store: Store) -> None:
    block, vpc_id = text(values.get("cidr_block")), text(values.get("vpc_id"))
    vpc = store.get("aws_vpc", vpc_id)
    if not block or vpc is None:
        return
    network = network_of(block)
    ranges = [text(vpc.attributes.get("cidr_block"))]
    ranges += [
        text(row.attributes.get("cidr_block"))
        for row in store.find("type='aws_vpc_ipv4_cidr_block_association'", ())
        if row.attributes.get("vpc_id") == vpc_id
    ]
    inside = any(network.subnet_of(network_of(item)) for item in ranges if item)  # type: ignore[arg-type]
    if not inside or not 16 <= network.prefixlen <= 28:
        raise api_error("creating EC2 Subnet", "EC2: CreateSubnet", 400, "InvalidSubnet.Range", f"The CIDR '{block}' is invalid.")
    for row in store.find("type='aws_subnet'", ()):
        other = text(row.attributes.get("cidr_block"))
        if row.attributes.get("vpc_id") == vpc_id and other and network.overlaps(network_of(other)):
            raise api_error(
                "creating EC2 Subnet",
                "EC2: CreateSubnet",
                400,
                "InvalidSubnet.Conflict",
                f"The CIDR '{block}' conflicts with another subnet",
            )


def _check_cluster(type_: str, cluster: str, store: Store) -> None:
    if cluster and store.get("aws_eks_cluster", cluster) is None:
        _, label = _label(type_)
        raise api_error(
            f"creating EKS {label}",
            f"EKS: Create{label.replace(' ', '')}",
            404,
            "ResourceNotFoundException",
            f"No cluster found for name: {cluster}.",
        )


def check_delete(row: Row, store: Store) -> None:
    """Refuse to delete what others still use."""
    if row.type == "aws_eks_cluster":
        _check_cluster_delete(row, store)
    elif row.type == "aws_iam_role":
        _check_role_delete(row, store)
    elif row.type == "aws_iam_policy":
        _check_policy_delete(row, store)
    elif row.type == "aws_internet_gateway":
        _check_gateway_delete(row, store)
    elif row.type == "aws_s3_bucket":
        _check_bucket_delete(row, store)
    holder = _blocking(row, store)
    if holder is not None:
        kind = {"aws_vpc": "vpc", "aws_subnet": "subnet", "aws_route_table": "routeTable"}.get(row.type)
        service, label = _label(row.type)
        operation = "Delete" + label.replace(" ", "").replace("VPC", "Vpc").replace("EIP", "Address")
        subject = f"The {kind} '{row.id}'" if kind else f"resource {row.id}"
        message = f"{subject} has dependencies and cannot be deleted." if kind else f"{subject} has a dependent object"
        raise api_error(f"deleting {service} {label} ({row.id})", f"EC2: {operation}", 400, "DependencyViolation", message)


def _blocking(row: Row, store: Store) -> Row | None:
    paths = BLOCKING.get(row.type)
    if not paths:
        return None
    free = FREE.get(row.type)
    for holder, path in store.holders(row.id):
        if path not in paths or (free and free.match(holder.type)) or holder.uid == row.uid:
            continue
        if row.type == "aws_security_group" and holder.type.endswith("_rule") and path == "security_group_id":
            continue
        if holder.attributes.get("eks_cluster"):
            continue
        if row.type == "aws_route_table" and not holder.attributes.get("subnet_id"):
            continue
        return holder
    return None


def _check_cluster_delete(row: Row, store: Store) -> None:
    if row.attributes.get("deletion_protection") is True:
        raise api_error(
            f"deleting EKS Cluster ({row.name})",
            "EKS: DeleteCluster",
            400,
            "InvalidRequestException",
            f"Cluster {row.name} has deletion protection enabled. Disable deletion protection before deleting the cluster.",
        )
    for kind, words in (("aws_eks_node_group", "nodegroups"), ("aws_eks_fargate_profile", "Fargate profiles")):
        if any(item.attributes.get("cluster_name") == row.name for item in store.find("type=?", (kind,))):
            raise api_error(
                f"deleting EKS Cluster ({row.name})",
                "EKS: DeleteCluster",
                409,
                "ResourceInUseException",
                f"Cluster has {words} attached",
            )


def _check_role_delete(row: Row, store: Store) -> None:
    if row.attributes.get("force_detach_policies"):
        return
    for holder, path in store.holders(row.name):
        if path in ("role", "roles"):
            words = {
                "aws_iam_role_policy_attachment": "must detach all policies first.",
                "aws_iam_role_policy": "must delete policies first.",
                "aws_iam_instance_profile": "must remove roles from instance profile first.",
            }.get(holder.type)
            if words:
                raise api_error(
                    f"deleting IAM Role ({row.name})",
                    "IAM: DeleteRole",
                    409,
                    "DeleteConflict",
                    f"Cannot delete entity, {words}",
                )


def _check_policy_delete(row: Row, store: Store) -> None:
    if any(path == "policy_arn" for _, path in store.holders(row.id)):
        raise api_error(
            f"deleting IAM Policy ({row.id})",
            "IAM: DeletePolicy",
            409,
            "DeleteConflict",
            "Cannot delete a policy attached to entities.",
        )


def _check_gateway_delete(row: Row, store: Store) -> None:
    vpc = row.attributes.get("vpc_id")
    subnets = {item.id for item in store.find("type='aws_subnet'", ()) if item.attributes.get("vpc_id") == vpc}
    for item in store.find("type='aws_nat_gateway'", ()):
        if item.attributes.get("subnet_id") in subnets and item.attributes.get("connectivity_type") != "private":
            raise api_error(
                f"deleting EC2 Internet Gateway ({row.id}): detaching EC2 Internet Gateway ({row.id}) from VPC ({vpc})",
                "EC2: DetachInternetGateway",
                400,
                "DependencyViolation",
                f"Network {vpc} has some mapped public address(es). Please unmap those public address(es) before"
                " detaching the gateway.",
            )


def _check_bucket_delete(row: Row, store: Store) -> None:
    full = any(item.attributes.get("bucket") == row.name for item in store.find("type='aws_s3_object'", ()))
    if full and not row.attributes.get("force_destroy"):
        raise api_error(
            f"deleting S3 Bucket ({row.name})",
            "S3: DeleteBucket",
            409,
            "BucketNotEmpty",
            "The bucket you tried to delete is not empty",
        )
