"""What AWS makes and takes along by itself: the default objects of a VPC."""

from infra.simulator.clouds.base import Scope, hexid
from infra.simulator.store import IMPLIED, Row, Store
from infra.simulator.values import ObjectValue, text

ADOPTED = {
    "aws_default_security_group": ("vpc_id", "vpc_id"),
    "aws_default_network_acl": ("default_network_acl_id", "id"),
    "aws_default_route_table": ("default_route_table_id", "id"),
}
"""Types that take over an existing object: the argument that names it, and what it names."""

DEFAULTS = {
    "aws_default_security_group": "default_security_group_id",
    "aws_default_network_acl": "default_network_acl_id",
    "aws_default_route_table": "default_route_table_id",
}


def adopt(type_: str, values: ObjectValue, store: Store) -> Row | None:
    """Find the default object that this resource means."""
    argument, held = ADOPTED[type_]
    wanted = text(values.get(argument))
    for row in store.find("type=?", (type_,)):
        if text(row.attributes.get(held)) == wanted:
            return row
    return None


def after_create(type_: str, values: ObjectValue, scope: Scope, store: Store) -> None:
    """Make what comes along with an object."""
    if type_ == "aws_vpc":
        _vpc_defaults(values, scope, store)
    if type_ == "aws_eks_cluster":
        _cluster_security_group(values, scope, store)


def _vpc_defaults(values: ObjectValue, scope: Scope, store: Store) -> None:
    vpc = text(values.get("id"))
    for kind, attribute in DEFAULTS.items():
        held: ObjectValue = {"id": text(values.get(attribute)), "vpc_id": vpc, "owner_id": scope.account, IMPLIED: True}
        if kind == "aws_default_security_group":
            held |= {"name": "default", "description": "default VPC security group"}
        store.insert("aws", kind, text(held["id"]), "default", scope.account, held)


def _cluster_security_group(values: ObjectValue, scope: Scope, store: Store) -> None:
    configured = values.get("vpc_config")
    if not (isinstance(configured, list) and configured and isinstance(configured[0], dict)):
        return
    block = configured[0]
    subnets = block.get("subnet_ids") or []
    subnet = store.get("aws_subnet", text(subnets[0])) if subnets else None
    block["vpc_id"] = text(subnet.attributes.get("vpc_id")) if subnet else f"vpc-{hexid()}"
    held: ObjectValue = {
        "id": text(block.get("cluster_security_group_id")),
        "vpc_id": block["vpc_id"],
        "name": f"eks-cluster-sg-{text(values.get('name'))}",
        "tags": {f"kubernetes.io/cluster/{text(values.get('name'))}": "owned"},
        IMPLIED: True,
        "eks_cluster": text(values.get("name")),
    }
    store.insert("aws", "aws_security_group", text(held["id"]), text(held["name"]), scope.account, held)
    row = store.get("aws_eks_cluster", text(values.get("id")))
    if row is not None:
        store.update(row.uid, row.id, row.name, {**row.attributes, "vpc_config": configured})


def after_delete(row: Row, store: Store) -> None:
    """Take along what came with an object."""
    if row.type == "aws_vpc":
        for kind in DEFAULTS:
            for held in store.find("type=?", (kind,)):
                if held.attributes.get("vpc_id") == row.id:
                    store.delete(held.uid)
    if row.type == "aws_eks_cluster":
        for held in store.find("type='aws_security_group' AND name=?", (f"eks-cluster-sg-{row.name}",)):
            store.delete(held.uid)
