"""What the AWS provider says without asking AWS: mapping, refusals, error texts, prices, rights."""

from __future__ import annotations

import fnmatch
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra import providers
from infra.classify import classify
from infra.errors import (
    AlreadyExists,
    AuthDenied,
    CapacityUnavailable,
    CloudUnavailable,
    ConfigRejected,
    DeletionProtected,
    DependencyViolation,
    HeraError,
    NotFound,
    QuotaExceeded,
    SpecInvalid,
    StateLocked,
    StepFailed,
    Throttled,
    TimedOut,
    Unsupported,
    UsageError,
)
from infra.plans.cost import HOURS, estimate
from infra.providers.aws.inventory import Arn
from infra.providers.aws.state import S3Store
from infra.providers.base import OWNER_TAG, StateLocation
from infra.spec.load import parse_cluster
from infra.spec.model import Cluster

AWS = providers.get("aws")
ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "infra" / "simulator" / "schemas" / "aws.json.gz"


def cluster(environment: str = "prod", **parts: Any) -> Cluster:
    spec = {"cloud": "aws", "region": "eu-west-1", "environment": environment, **parts}
    document = {"apiVersion": "hera.dev/v1alpha1", "kind": "Cluster", "metadata": {"name": "orchard"}, "spec": spec}
    return parse_cluster(json.dumps(document))


# --- mapping ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "control", "days"), [("dev", "off", 7), ("staging", "off", 7), ("prod", "monitor", 30)], ids=str
)
def test_what_environments_differ_in_on_aws(environment: str, control: str, days: int) -> None:
    variables = AWS.cloud_variables("network", cluster(environment))
    assert (variables["encryption_control"], variables["key_deletion_days"]) == (control, days)


def test_options_win_over_the_environment() -> None:
    spec = cluster(cloudOptions={"encryptionControl": "enforce", "keyDeletionDays": 14, "interfaceEndpoints": ["sts", "ec2"]})
    variables = AWS.cloud_variables("network", spec)
    assert variables["encryption_control"] == "enforce"
    assert variables["key_deletion_days"] == 14
    assert variables["interface_endpoints"] == ["ec2", "sts"]


def test_workload_roles_are_in_the_modules_words() -> None:
    arn = "arn:aws:iam::aws:policy/SecretsManagerReadWrite"
    role = {"namespace": "hera", "serviceAccount": "operator", "policyArns": [arn]}
    variables = AWS.cloud_variables("cluster", cluster(cloudOptions={"workloadRoles": {"secrets": role}}))
    assert variables["workload_roles"] == {"secrets": {"namespace": "hera", "service_account": "operator", "policy_arns": [arn]}}


def test_a_stage_without_a_module_is_refused() -> None:
    with pytest.raises(Unsupported):
        AWS.cloud_variables("storage", cluster())
    with pytest.raises(Unsupported):
        AWS.module("storage")


def test_the_account_may_not_be_left() -> None:
    options = {"accountId": "111122223333", "roleArn": "arn:aws:iam::111122223333:role/hera"}
    block = AWS.provider_blocks(cluster(cloudOptions=options))["aws"]
    assert block["allowed_account_ids"] == ["111122223333"]
    assert block["assume_role"][0]["role_arn"] == options["roleArn"]
    assert AWS.provider_blocks(cluster())["aws"] == {"region": "eu-west-1"}


def test_no_secret_in_a_kubeconfig() -> None:
    outputs = {"endpoint": "https://e", "ca_certificate": "Y2E=", "cluster_name": "orchard"}
    config = AWS.kubeconfig(cluster(), outputs)
    command = config["users"][0]["user"]["exec"]
    assert [command["command"], *command["args"][:4]] == ["aws", "--region", "eu-west-1", "eks", "get-token"]
    assert config["clusters"][0]["cluster"] == {"server": "https://e", "certificate-authority-data": "Y2E="}
    assert config["current-context"] == "orchard"


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        pytest.param("spec.network.zones", {"network": {"zones": ["eu-west-1a"]}}, id="one zone"),
        pytest.param("spec.network.cidr", {"network": {"cidr": "10.0.0.0/12"}}, id="a network larger than a VPC can be"),
        pytest.param("spec.network.cidr", {"network": {"cidr": "10.0.0.0/25"}}, id="a network too small for subnets"),
        pytest.param(
            "spec.network.cidr",
            {"network": {"cidr": "10.0.0.0/22"}, "nodePools": [{"name": "a", "max": 60}]},
            id="a network too small for the pools",
        ),
        pytest.param(
            "spec.network.serviceCidr", {"network": {"serviceCidr": "100.64.0.0/16"}}, id="services outside private ranges"
        ),
        pytest.param(
            "spec.network.flowLogs.retentionDays", {"network": {"flowLogs": {"retentionDays": 100}}}, id="odd retention"
        ),
        pytest.param(
            "spec.kubernetes.controlPlaneLogs.retentionDays",
            {"kubernetes": {"controlPlaneLogs": {"retentionDays": 2}}},
            id="odd retention of control-plane logs",
        ),
        pytest.param("spec.kubernetes.adminGroups[0]", {"kubernetes": {"adminGroups": ["platform"]}}, id="a group by name"),
        pytest.param(
            "spec.nodePools[0].machineType", {"nodePools": [{"name": "a", "machineType": "e2-standard-4"}]}, id="GCP machine"
        ),
        pytest.param(
            "spec.nodePools[0].machineType", {"nodePools": [{"name": "a", "machineType": "t3.nano"}]}, id="too small a machine"
        ),
        pytest.param("spec.tags.aws:owner", {"tags": {"aws:owner": "me"}}, id="a tag of AWS's own"),
        pytest.param("spec.tags.a", {"tags": {"a": "b;c"}}, id="a character that tags do not take"),
        pytest.param(
            "spec.cloudOptions.addonVersions.istio", {"cloudOptions": {"addonVersions": {"istio": "v1"}}}, id="unknown add-on"
        ),
        pytest.param(
            "spec.cloudOptions.apiClientCidrs", {"cloudOptions": {"apiClientCidrs": ["0.0.0.0/0"]}}, id="the API for everyone"
        ),
        pytest.param("spec.cloudOptions", {"cloudOptions": {"zoneCapacity": 7}}, id="too many zones to come"),
        pytest.param("spec.cloudOptions", {"cloudOptions": {"nodeOS": "al2"}}, id="unknown option"),
    ],
)
def test_refused_with_what_is_accepted(path: str, parts: dict[str, Any]) -> None:
    with pytest.raises(SpecInvalid) as caught:
        cluster(**parts)
    found = [problem for problem in caught.value.problems if problem.path.startswith(path)]
    assert found, caught.value.message
    assert all(problem.accepted for problem in found)


@pytest.mark.parametrize(
    "machine", ["m7i.large", "m7i-flex.xlarge", "c7gn.16xlarge", "u-6tb1.112xlarge", "m7i.metal-24xl", "a1.metal", "t4g.small"]
)
def test_machine_types_that_exist_are_accepted(machine: str) -> None:
    assert cluster(nodePools=[{"name": "a", "machineType": machine}]).spec.node_pools[0].machine_type == machine


def test_the_retention_that_is_offered_is_the_next_longer_one() -> None:
    with pytest.raises(SpecInvalid) as caught:
        cluster(network={"flowLogs": {"retentionDays": 100}})
    assert caught.value.problems[0].accepted.startswith("120, or another of 1, 3, 5")


# --- error texts ------------------------------------------------------------------------------------------------------

ERRORS: list[tuple[type[HeraError], str]] = [
    (
        QuotaExceeded,
        "Error: creating EC2 VPC: operation error EC2: CreateVpc, https response error StatusCode: 400, RequestID: 1f, "
        "api error VpcLimitExceeded: The maximum number of VPCs has been reached.",
    ),
    (
        QuotaExceeded,
        "Error: creating EC2 EIP: operation error EC2: AllocateAddress, https response error StatusCode: 400, "
        "RequestID: 6d, api error AddressLimitExceeded: The maximum number of addresses has been reached.",
    ),
    (
        QuotaExceeded,
        "Error: creating EC2 NAT Gateway: operation error EC2: CreateNatGateway, https response error StatusCode: 400, "
        "RequestID: aa, api error NatGatewayLimitExceeded: The maximum number of NAT Gateways has been reached.",
    ),
    (
        QuotaExceeded,
        "Error: waiting for EKS Node Group (orchard:general) create: unexpected state 'CREATE_FAILED', wanted target "
        "'ACTIVE'. last error: general: AsgInstanceLaunchFailures: Could not launch On-Demand Instances. "
        "VcpuLimitExceeded - You have requested more vCPU capacity than your current vCPU limit of 32 allows for the "
        "instance bucket that the specified instance type belongs to. Launching EC2 instance failed.",
    ),
    (
        QuotaExceeded,
        "Error: creating IAM Role (orchard): operation error IAM: CreateRole, https response error StatusCode: 409, "
        "RequestID: c, LimitExceeded: Cannot exceed quota for RolesPerAccount: 1000",
    ),
    (
        QuotaExceeded,
        "Error: creating EKS Cluster (orchard): operation error EKS: CreateCluster, https response error StatusCode: "
        "400, RequestID: 0b, ResourceLimitExceededException: You've reached the maximum number of clusters",
    ),
    (
        QuotaExceeded,
        "Error: creating EC2 VPC Endpoint (com.amazonaws.eu-west-1.s3): operation error EC2: CreateVpcEndpoint, https "
        "response error StatusCode: 400, RequestID: 1, api error VpcEndpointLimitExceeded: The maximum number of VPC "
        "endpoints has been reached.",
    ),
    (
        QuotaExceeded,
        "InsufficientFreeAddressesInSubnet: There are not enough free addresses in subnet 'subnet-1' to satisfy the request",
    ),
    (
        CapacityUnavailable,
        "Error: waiting for EKS Node Group (orchard:a) create: unexpected state 'CREATE_FAILED', wanted target "
        "'ACTIVE'. last error: a: AsgInstanceLaunchFailures: Could not launch On-Demand Instances. "
        "InsufficientInstanceCapacity - We currently do not have sufficient m7i.large capacity in the Availability "
        "Zone you requested (eu-west-1a).",
    ),
    (
        CapacityUnavailable,
        "AsgInstanceLaunchFailures: Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill "
        "capacity due to your request configuration. Please adjust your request and try again.",
    ),
    (
        CapacityUnavailable,
        "Error: creating EKS Cluster (orchard): operation error EKS: CreateCluster, https response error StatusCode: "
        "400, RequestID: 5, UnsupportedAvailabilityZoneException: Cannot create cluster 'orchard' because us-east-1e, "
        "the targeted availability zone, does not currently have sufficient capacity to support the cluster.",
    ),
    (
        AuthDenied,
        'Error: No valid credential sources found\n\n  with provider["registry.terraform.io/hashicorp/aws"],\n\nError: '
        "failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, exceeded "
        "maximum number of attempts",
    ),
    (
        AuthDenied,
        "Error: Retrieving AWS account details: validating provider credentials: retrieving caller identity from STS: "
        "operation error STS: GetCallerIdentity, https response error StatusCode: 403, RequestID: 4, api error "
        "ExpiredToken: The security token included in the request is expired",
    ),
    (
        AuthDenied,
        "operation error STS: GetCallerIdentity, api error InvalidClientTokenId: The security token included in the "
        "request is invalid.",
    ),
    (
        AuthDenied,
        'Unable to locate credentials. You can configure credentials by running "aws login". (NoCredentialsError)',
    ),
    (
        AuthDenied,
        "Error: AWS account ID not allowed: 123456789012",
    ),
    (
        AuthDenied,
        "Error: creating EC2 VPC: operation error EC2: CreateVpc, https response error StatusCode: 403, RequestID: 8, "
        "api error UnauthorizedOperation: You are not authorized to perform this operation. User: "
        "arn:aws:iam::1:user/u is not authorized to perform: ec2:CreateVpc on resource: arn:aws:ec2:eu-west-1:1:vpc/* "
        "because no identity-based policy allows the action",
    ),
    (
        AuthDenied,
        "Error: creating EKS Cluster (orchard): operation error EKS: CreateCluster, https response error StatusCode: "
        "403, RequestID: 9, api error AccessDeniedException: User: arn:aws:sts::1:assumed-role/ci/x is not authorized "
        "to perform: eks:CreateCluster",
    ),
    (
        AuthDenied,
        "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied (ClientError)",
    ),
    (
        Throttled,
        "Error: reading EC2 Subnet (subnet-1): operation error EC2: DescribeSubnets, exceeded maximum number of "
        "attempts, 25, https response error StatusCode: 503, RequestID: 5, api error RequestLimitExceeded: Request "
        "limit exceeded.",
    ),
    (
        Throttled,
        "An error occurred (ThrottlingException) when calling the DescribeCluster operation: Rate exceeded (ThrottlingException)",
    ),
    (
        DependencyViolation,
        "Error: deleting EC2 VPC (vpc-0a): operation error EC2: DeleteVpc, https response error StatusCode: 400, "
        "RequestID: 2, api error DependencyViolation: The vpc 'vpc-0a' has dependencies and cannot be deleted.",
    ),
    (
        DependencyViolation,
        "Error: deleting EC2 Internet Gateway (igw-0a): detaching EC2 Internet Gateway (igw-0a) from VPC (vpc-0a): "
        "operation error EC2: DetachInternetGateway, https response error StatusCode: 400, RequestID: 1, api error "
        "DependencyViolation: Network vpc-0a has some mapped public address(es). Please unmap those public address(es) "
        "before detaching the gateway.",
    ),
    (
        DependencyViolation,
        "Error: deleting EKS Cluster (orchard): operation error EKS: DeleteCluster, https response error StatusCode: "
        "409, RequestID: 3, ResourceInUseException: Cluster has nodegroups attached",
    ),
    (
        DependencyViolation,
        "Error: waiting for EKS Node Group (orchard:a) version update (1): unexpected state 'Failed', wanted target "
        "'Successful'. last error: ip-10-0-0-1: PodEvictionFailure: Reached max retries while trying to evict pods "
        "from nodes in node group a",
    ),
    (
        DependencyViolation,
        "operation error EKS: UpdateClusterConfig, https response error StatusCode: 409, RequestID: 3, "
        "ResourceInUseException: Cannot UpdateClusterConfig because cluster orchard currently has update 1 in progress",
    ),
    (
        AlreadyExists,
        "Error: creating EKS Cluster (orchard): operation error EKS: CreateCluster, https response error StatusCode: "
        "409, RequestID: 1, ResourceInUseException: Cluster already exists with name: orchard",
    ),
    (
        AlreadyExists,
        "Error: creating CloudWatch Logs Log Group (/aws/eks/orchard/cluster): operation error CloudWatch Logs: "
        "CreateLogGroup, https response error StatusCode: 400, RequestID: 1, ResourceAlreadyExistsException: The "
        "specified log group already exists",
    ),
    (
        AlreadyExists,
        "Error: creating IAM Role (orchard-eu-west-1-node): operation error IAM: CreateRole, https response error "
        "StatusCode: 409, RequestID: 1, EntityAlreadyExists: Role with name orchard-eu-west-1-node already exists.",
    ),
    (
        AlreadyExists,
        "Error: creating KMS Alias (alias/hera/orchard/logs): operation error KMS: CreateAlias, https response error "
        "StatusCode: 400, RequestID: 1, AlreadyExistsException: An alias with the name "
        "arn:aws:kms:eu-west-1:1:alias/hera/orchard/logs already exists",
    ),
    (
        AlreadyExists,
        "Error: creating EC2 VPC Endpoint: operation error EC2: CreateVpcEndpoint, https response error StatusCode: "
        "400, RequestID: 1, api error InvalidParameter: private-dns-enabled cannot be set because there is already a "
        "conflicting DNS domain for x",
    ),
    (
        DeletionProtected,
        "Error: deleting EKS Cluster (orchard): operation error EKS: DeleteCluster, https response error StatusCode: "
        "400, RequestID: 1, InvalidRequestException: Cannot delete cluster orchard because it has deletion protection "
        "enabled",
    ),
    (
        ConfigRejected,
        "Error: updating EKS Cluster (orchard) version: operation error EKS: UpdateClusterVersion, https response "
        "error StatusCode: 400, RequestID: 1, InvalidParameterException: Unsupported Kubernetes minor version update "
        "from 1.32 to 1.34",
    ),
    (
        ConfigRejected,
        "Error: updating EKS Node Group (orchard:a) config: operation error EKS: UpdateNodegroupConfig, https response "
        "error StatusCode: 400, RequestID: 1, InvalidParameterException: Minimum capacity 3 can't be greater than "
        "desired size 2",
    ),
    (
        ConfigRejected,
        "AsgInstanceLaunchFailures: Your requested instance type (m8g.large) is not supported in your requested "
        "Availability Zone (eu-west-1c). Please retry your request by not specifying an Availability Zone",
    ),
    (
        ConfigRejected,
        "Error: creating EC2 Subnet: operation error EC2: CreateSubnet, https response error StatusCode: 400, "
        "RequestID: 1, api error InvalidSubnet.Conflict: The CIDR '10.0.0.0/18' conflicts with another subnet",
    ),
    (
        StepFailed,
        "Error: waiting for EKS Node Group (orchard:a) create: unexpected state 'CREATE_FAILED', wanted target "
        "'ACTIVE'. last error: i-0a: NodeCreationFailure: Instances failed to join the kubernetes cluster",
    ),
    (
        TimedOut,
        "Error: waiting for EC2 NAT Gateway (nat-0a) create: timeout while waiting for state to become 'available' "
        "(last state: 'pending', timeout: 10m0s)",
    ),
    (
        CloudUnavailable,
        "Error: creating EKS Cluster (orchard): operation error EKS: CreateCluster, https response error StatusCode: "
        "500, RequestID: 1, ServerException: Internal server error",
    ),
    (
        CloudUnavailable,
        'Could not connect to the endpoint URL: "https://sts.eu-west-1.amazonaws.com/" (EndpointConnectionError)',
    ),
    (
        CloudUnavailable,
        "Error: reading EKS Cluster: operation error EKS: DescribeCluster, https response error StatusCode: 0, "
        'RequestID: , request send failed, Get "https://eks.eu-west-1.amazonaws.com/clusters/orchard": dial tcp: '
        "lookup eks.eu-west-1.amazonaws.com: no such host",
    ),
    (
        StateLocked,
        "Error: Error acquiring the state lock\n\nError message: operation error S3: PutObject, https response error "
        "StatusCode: 412, RequestID: 1, HostID: , api error PreconditionFailed: At least one of the pre-conditions you "
        "specified did not hold\nLock Info:\n  ID:        e1\n  Path:      my-state/hera/network.tfstate\n",
    ),
    (
        NotFound,
        'Error: Failed to get existing workspaces: S3 bucket "my-state" does not exist.',
    ),
]


@pytest.mark.parametrize(("kind", "text"), ERRORS, ids=[f"{index}-{kind.code}" for index, (kind, _) in enumerate(ERRORS)])
def test_real_error_texts_are_understood(kind: type[HeraError], text: str) -> None:
    error = classify(text, AWS.error_patterns)
    assert type(error) is kind, error.detail
    assert error.detail == text[-4000:]


def test_a_refusal_says_what_to_do_next() -> None:
    refused = [classify(text, AWS.error_patterns) for kind, text in ERRORS if not kind.retryable and kind is not StepFailed]
    assert all(error.next_step for error in refused)


# --- state ------------------------------------------------------------------------------------------------------------


def test_the_backend_locks_beside_the_state() -> None:
    location = StateLocation.parse("s3://my-state/hera?region=eu-west-1&kms_key_id=alias/x")
    kind, arguments = AWS.backend(location, location.key("clusters/orchard/network.tfstate"))
    assert kind == "s3"
    assert arguments == {
        "bucket": "my-state",
        "key": "hera/clusters/orchard/network.tfstate",
        "region": "eu-west-1",
        "kms_key_id": "alias/x",
        "encrypt": True,
        "use_lockfile": True,
    }


def test_a_store_that_only_speaks_s3() -> None:
    location = StateLocation.parse("s3://b?endpoint=https://s3.example.com&path_style=true&region=x")
    _, arguments = AWS.backend(location, "k")
    assert arguments["endpoints"] == {"s3": "https://s3.example.com"}
    assert arguments["use_path_style"]
    assert arguments["skip_credentials_validation"]


def test_an_unknown_option_of_a_location_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown option 'regio'"):
        AWS.backend(StateLocation.parse("s3://b?regio=x"), "k")


def test_a_store_is_made_without_asking_anybody() -> None:
    assert isinstance(AWS.object_store(StateLocation.parse("s3://b?region=x")), S3Store)


# --- prices -----------------------------------------------------------------------------------------------------------


def test_a_plan_is_priced() -> None:
    group = {
        "scaling_config": [{"min_size": 2}],
        "instance_types": ["m7i.large"],
        "capacity_type": "ON_DEMAND",
        "tags": {"hera-disk-gib": "100"},
    }
    spot = {**group, "capacity_type": "SPOT"}
    resources = [
        ("cluster", "aws_eks_cluster", {}),
        ("nat", "aws_nat_gateway", {}),
        ("address", "aws_eip", {}),
        ("sts", "aws_vpc_endpoint", {"tags": {"hera-zones": "3"}}),
        ("s3", "aws_vpc_endpoint", {"tags": {"hera-zones": "0"}}),
        ("key", "aws_kms_key", {}),
        ("nodes", "aws_eks_node_group", group),
        ("spot", "aws_eks_node_group", spot),
    ]
    cost = estimate(resources, AWS.prices(), "us-east-1")
    hourly = 0.10 + 0.045 + 0.005 + 3 * 0.01 + 2 * 0.1008 * 1.35
    assert cost.monthly == pytest.approx(hourly * HOURS + 1 + 2 * 2 * 8)
    assert cost.not_priced == ()
    assert estimate(resources, AWS.prices(), "eu-west-1").monthly > cost.monthly


def test_a_machine_without_a_price_is_said_to_have_none() -> None:
    group = {"scaling_config": [{"min_size": 1}], "instance_types": ["z9.large"], "tags": {"hera-disk-gib": "33"}}
    cost = estimate([("nodes", "aws_eks_node_group", group)], AWS.prices(), "us-east-1")
    assert cost.not_priced == ("nodes (z9.large)", "nodes (33)")


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_default_machines_have_a_price(environment: str) -> None:
    rates = next(item["hourly"] for item in AWS.prices()["items"] if item["label"] == "nodes")
    assert AWS.machine_type(environment) in rates


def test_every_region_has_a_price() -> None:
    assert set(AWS.prices()["regions"]) == set(AWS.regions())


# --- facts and tables -------------------------------------------------------------------------------------------------


def _schema(type_: str) -> Any:
    return _schemas()[type_]["block"]


def _schemas() -> dict[str, Any]:
    return next(iter(json.loads(gzip.decompress(SCHEMAS.read_bytes()))["provider_schemas"].values()))["resource_schemas"]


def test_tables_name_types_and_attributes_that_exist() -> None:
    schemas = _schemas()
    for rule in AWS.security_rules:
        types = fnmatch.filter(schemas, rule.type)
        assert types, rule.type
        block = schemas[types[0]]["block"]
        for step in [step for step in rule.attribute.split(".") if step]:
            inner = block.get("block_types", {}).get(step)
            assert inner or step in block.get("attributes", {}), rule
            block = inner["block"] if inner else {}
    assert {item["type"] for item in AWS.prices()["items"]} <= set(schemas)
    assert set(AWS.imports()) <= set(schemas)


BUCKET_SETTINGS = (
    "lifecycle_configuration", "logging", "object_lock_configuration", "ownership_controls", "policy", "public_access_block",
    "server_side_encryption_configuration", "versioning",
)  # fmt: skip


def test_every_type_that_the_modules_make_can_be_adopted() -> None:
    text = "".join(path.read_text() for stage in ("network", "cluster", "platform") for path in AWS.module(stage).glob("*.tf"))
    made = {line.split('"')[1] for line in text.splitlines() if line.startswith("resource ")}
    overwrite_themselves = {
        "aws_autoscaling_group_tag",
        "aws_default_security_group",
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachment",
        *(f"aws_s3_bucket_{part}" for part in BUCKET_SETTINGS),
    }
    assert made - overwrite_themselves == set(AWS.imports())


@pytest.mark.parametrize(
    ("arn", "type_", "identifier"),
    [
        ("arn:aws:ec2:eu-west-1:1:vpc/vpc-1", "aws_vpc", "vpc-1"),
        ("arn:aws:ec2:eu-west-1:1:natgateway/nat-1", "aws_nat_gateway", "nat-1"),
        ("arn:aws:eks:eu-west-1:1:cluster/orchard", "aws_eks_cluster", "orchard"),
        ("arn:aws:eks:eu-west-1:1:nodegroup/orchard/general-1/a-b", "aws_eks_node_group", "orchard:general-1"),
        ("arn:aws:kms:eu-west-1:1:key/k", "aws_kms_key", "k"),
        ("arn:aws:logs:eu-west-1:1:log-group:/aws/eks/orchard/cluster", "aws_cloudwatch_log_group", "/aws/eks/orchard/cluster"),
        ("arn:aws:iam::1:oidc-provider/o/id/1", "aws_iam_openid_connect_provider", "arn:aws:iam::1:oidc-provider/o/id/1"),
        ("arn:aws:sqs:eu-west-1:1:queue", "sqs:queue", "arn:aws:sqs:eu-west-1:1:queue"),
    ],
    ids=lambda text: text.split(":")[2] if text.startswith("arn:") else "",
)
def test_arns_in_terraforms_words(arn: str, type_: str, identifier: str) -> None:
    found = Arn.parse(arn).object()
    assert (found.type, found.id) == (type_, identifier)


def test_rights_fit_into_one_managed_policy() -> None:
    text = AWS.permissions().read_text()
    policy = json.loads(text)
    assert len("".join(text.split())) <= 6144
    assert all(statement["Effect"] == "Allow" for statement in policy["Statement"])
    everything = [action for statement in policy["Statement"] for action in [statement["Action"]] if action == "*"]
    assert everything == []
    roles = [s for s in policy["Statement"] if "iam:PassRole" in s["Action"]]
    assert [s["Resource"] for s in roles] == ["arn:aws:iam::*:role/hera/*"]


def test_the_owner_tag_is_the_one_rights_and_modules_know() -> None:
    assert f"aws:ResourceTag/{OWNER_TAG}" in AWS.permissions().read_text()
    assert OWNER_TAG in (AWS.module("cluster") / "main.tf").read_text()


def test_no_sdk_comes_in_with_the_package() -> None:
    code = "import infra.providers.aws, sys; print([name for name in ('boto3', 'botocore') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_a_store_of_one_s_own_has_the_bucket_in_the_path_and_encrypts_as_it_can() -> None:
    _, arguments = AWS.backend(StateLocation.parse("s3://b?endpoint=http://minio:9000&region=us-east-1"), "k")
    assert arguments["use_path_style"] and "encrypt" not in arguments and arguments["skip_s3_checksum"]
    repository = AWS.artifact_repository(StateLocation.parse("s3://b/x?endpoint=http://minio:9000"), "x/{{workflow.name}}")
    assert repository == {
        "s3": {"bucket": "b", "endpoint": "minio:9000", "insecure": True, "keyFormat": "x/{{workflow.name}}", "useSDKCreds": True}
    }
