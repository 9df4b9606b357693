import json
from typing import Any

import pytest

from infra.simulator.clouds.aws.makers import zone_id_of
from infra.simulator.clouds.aws.names import arn_of
from infra.simulator.clouds.aws.names import id_of as aws_id
from infra.simulator.clouds.aws.policy import render
from infra.simulator.clouds.azurerm.names import id_of as azure_id
from infra.simulator.clouds.base import Scope
from infra.simulator.clouds.chance import draw_text
from infra.simulator.clouds.clock import duration
from infra.simulator.clouds.google.names import id_of as google_id
from infra.simulator.errors import CloudError
from infra.simulator.functions import FUNCTIONS
from infra.simulator.validation import check_computed, check_conflicts, check_enums, network_of

AWS = Scope("123456789012", "eu-west-1")
AZURE = Scope("sub")
GOOGLE = Scope("p", "europe-west1", "europe-west1-b")


def test_policy_document() -> None:
    document = {
        "source_policy_documents": ['{"Statement":[{"Sid":"Kept"},{"Sid":"Replaced"}]}'],
        "override_policy_documents": ['{"Statement":{"Sid":"Replaced","Effect":"Deny"}}'],
        "statement": [
            {
                "actions": ["b:Get", "a:Get"],
                "resources": ["*"],
                "principals": [{"type": "AWS", "identifiers": ["x"]}],
                "condition": [{"test": "StringEquals", "variable": "k", "values": ["v"]}],
            }
        ],
    }
    assert json.loads(render(document)) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Kept"},
            {
                "Effect": "Allow",
                "Action": ["b:Get", "a:Get"],
                "Resource": "*",
                "Principal": {"AWS": "x"},
                "Condition": {"StringEquals": {"k": "v"}},
            },
            {"Sid": "Replaced", "Effect": "Deny"},
        ],
    }


@pytest.mark.parametrize(
    ("type_", "values", "expected"),
    [
        pytest.param("aws_eks_cluster", {"name": "c"}, "arn:aws:eks:eu-west-1:123456789012:cluster/c", id="eks"),
        pytest.param("aws_vpc", {"id": "vpc-1"}, "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1", id="ec2"),
        pytest.param("aws_iam_role", {"name": "r", "path": "/a/"}, "arn:aws:iam::123456789012:role/a/r", id="iam"),
        pytest.param("aws_vpc", {"id": "v", "region": "us-east-1"}, "arn:aws:ec2:us-east-1:123456789012:vpc/v", id="own-region"),
        pytest.param("aws_glue_job", {"name": "j"}, "arn:aws:glue:eu-west-1:123456789012:job/j", id="unknown-type"),
    ],
)
def test_arns(type_: str, values: dict[str, Any], expected: str) -> None:
    assert arn_of(type_, values, AWS) == expected


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(aws_id("aws_subnet", {}, AWS)[:8], "subnet-0", id="aws"),
        pytest.param(aws_id("aws_eks_addon", {"cluster_name": "c", "addon_name": "a"}, AWS), "c:a", id="aws-composed"),
        pytest.param(
            azure_id("azurerm_virtual_network", {"resource_group_name": "g", "name": "v"}, AZURE),
            "/subscriptions/sub/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v",
            id="azure",
        ),
        pytest.param(
            azure_id("azurerm_redis_cache", {"resource_group_name": "g", "name": "r"}, AZURE),
            "/subscriptions/sub/resourceGroups/g/providers/Microsoft.Redis/redisCaches/r",
            id="azure-unknown-type",
        ),
        pytest.param(
            google_id("google_compute_subnetwork", {"name": "s"}, GOOGLE),
            "projects/p/regions/europe-west1/subnetworks/s",
            id="google",
        ),
        pytest.param(
            google_id("google_compute_disk", {"name": "d", "zone": "z"}, GOOGLE),
            "projects/p/zones/z/disks/d",
            id="google-unknown-type",
        ),
    ],
)
def test_ids(made: str, expected: str) -> None:
    assert made == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [("us-east-1a", "use1-az1"), ("ap-southeast-2b", "apse2-az2"), ("eu-central-1c", "euc1-az3"), ("odd", "odd-az1")],
)
def test_zone_ids(zone: str, expected: str) -> None:
    assert zone_id_of(zone) == expected


def test_random_text_has_the_asked_classes() -> None:
    drawn = draw_text({"length": 30, "min_numeric": 4, "upper": False, "special": False})
    assert len(drawn) == 30 and sum(char.isdigit() for char in drawn) >= 4
    assert drawn.isalnum() and drawn == drawn.lower()


@pytest.mark.parametrize(("written", "seconds"), [("30s", 30), ("1h10m", 4200), ("1.5s", 1.5), ("500ms", 0.5)])
def test_durations(written: str, seconds: float) -> None:
    assert duration(written) == seconds


def test_functions() -> None:
    parsed = FUNCTIONS["aws"]["arn_parse"].call("arn:aws:iam::1:role/a:b")
    assert parsed == {"partition": "aws", "service": "iam", "region": "", "account_id": "1", "resource": "role/a:b"}
    with pytest.raises(CloudError, match="is not an ARN"):
        FUNCTIONS["aws"]["arn_parse"].call("x")


def test_checks_say_what_is_wrong() -> None:
    with pytest.raises(CloudError, match="Conflicting"):
        check_conflicts([("a", "b.c")], {"a": "x", "b": [{"c": 1}]})
    check_conflicts([("a", "b")], {"a": "x", "b": None})
    with pytest.raises(CloudError, match=r'expected a.b to be one of \["x"\], got y'):
        check_enums({"a.b": ("x",)}, {"a": [{"b": "x"}, {"b": "y"}]})
    with pytest.raises(CloudError, match="not a valid CIDR block"):
        network_of("10.0.0.0/99")


def test_computed_values_cannot_be_configured() -> None:
    from infra.simulator.schema import RESOURCE, block_of

    block = block_of("null", RESOURCE, "null_resource")
    check_computed(block, {"triggers": {"a": "b"}})
    with pytest.raises(CloudError, match="unconfigurable"):
        check_computed(block, {"id": "1"})
