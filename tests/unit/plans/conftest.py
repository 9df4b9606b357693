from __future__ import annotations

import pytest

from infra.plans.cost import Cost, CostLine
from infra.plans.summary import AttributeChange, Change, PlanSummary, StagePlan

HOSTILE = "<script>alert(1)</script>\"'&\x1b[2J\u202egnp.exe"


@pytest.fixture(scope="session")
def hostile() -> str:
    return HOSTILE


@pytest.fixture(scope="session")
def sample() -> PlanSummary:
    """A plan with a bit of everything: what is lost, what touches security, many equal creations, drift, cost."""
    zones = ("eu-west-1a", "eu-west-1b", "eu-west-1c")
    subnets = tuple(
        Change(f'module.network.aws_subnet.{kind}["{zone}"]', "aws_subnet", "create")
        for kind in ("private", "public")
        for zone in zones
    )
    endpoint = Change(
        "module.cluster.aws_eks_cluster.this",
        "aws_eks_cluster",
        "update",
        (
            AttributeChange("vpc_config", '[{"endpoint_public_access": false}]', '[{"endpoint_public_access": true}]'),
            AttributeChange("version", "1.33", "1.34"),
            AttributeChange("platform_version", "eks.9", "(known after apply)"),
        ),
        ("the Kubernetes API becomes reachable from the internet",),
    )
    pool = Change(
        'module.cluster.aws_eks_node_group.pool["general/eu-west-1a"]',
        "aws_eks_node_group",
        "replace",
        (
            AttributeChange("instance_types", '["m6i.large"]', '["m7i.large"]', forces_replacement=True),
            AttributeChange("arn", "arn:aws:eks:eu-west-1:1:nodegroup/x", "(known after apply)"),
        ),
    )
    rules = tuple(
        Change(f"module.network.aws_security_group_rule.node[{i}]", "aws_security_group_rule", "create", (), ("opens a port",))
        for i in range(4)
    )
    gone = Change("module.network.aws_eip.nat[2]", "aws_eip", "delete")
    drifted = Change(
        "module.network.aws_vpc.this",
        "aws_vpc",
        "update",
        (AttributeChange("tags", '{"owner": "platform"}', '{"owner": "mallory"}'),),
    )
    lost = Change("module.network.aws_flow_log.this[0]", "aws_flow_log", "delete")
    cost = Cost(
        "USD",
        "2026-11-01",
        "public list prices, on demand",
        (
            CostLine("module.cluster.aws_eks_cluster.this", "control plane", 1, 73.0),
            *(CostLine(f"module.network.aws_nat_gateway.this[{i}]", "NAT gateway", 1, 35.04) for i in range(3)),
            CostLine("module.cluster.aws_eks_node_group.pool", "nodes", 6, 483.84),
        ),
        ("module.cluster.aws_kms_key.this (x)",),
        ("data transfer", "load balancers", "taxes"),
    )
    return PlanSummary(
        "shop-prod",
        "aws",
        "eu-west-1",
        True,
        "2026-11-24T22:01:00Z",
        (
            StagePlan("network", (*subnets, *rules, gone), (drifted, lost), "3f9ab2c4d5e6f7"),
            StagePlan("cluster", (endpoint, pool), (), "77aa88bb99cc"),
        ),
        cost,
        ("The cluster's plan takes the network as it is now.",),
    )
