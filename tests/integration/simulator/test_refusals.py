"""What the clouds refuse, and that they say it in their own words."""

from collections.abc import Callable

import pytest

from tests.integration.simulator.conftest import Terraform

AWS = 'provider "aws" {\n  region = "eu-west-1"\n}\n'
AZURE = 'provider "azurerm" {\n  features {}\n}\n'
GOOGLE = 'provider "google" {\n  project = "p"\n  region  = "europe-west1"\n}\n'
VPC = 'resource "aws_vpc" "v" {\n  cidr_block = "10.0.0.0/16"\n}\n'
GROUP = 'resource "azurerm_resource_group" "g" {\n  name     = "g"\n  location = "westeurope"\n}\n'
NETWORK = """
resource "azurerm_virtual_network" "v" {
  name                = "v"
  location            = "westeurope"
  resource_group_name = azurerm_resource_group.g.name
  address_space       = ["10.0.0.0/16"]
}
"""
SUBNET = """
resource "azurerm_subnet" "%s" {
  name                 = "%s"
  resource_group_name  = azurerm_resource_group.g.name
  virtual_network_name = azurerm_virtual_network.v.name
  address_prefixes     = ["%s"]
}
"""
GNETWORK = 'resource "google_compute_network" "n" {\n  name                    = "n"\n  auto_create_subnetworks = false\n}\n'
GSUBNET = """
resource "google_compute_subnetwork" "%s" {
  name          = "%s"
  network       = google_compute_network.n.id
  ip_cidr_range = "%s"
}
"""


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        pytest.param(
            AWS + 'resource "aws_subnet" "s" {\n  vpc_id = "vpc-0123456789abcdef0"\n  cidr_block = "10.0.0.0/24"\n}\n',
            "api error InvalidVpcID.NotFound: The vpc ID 'vpc-0123456789abcdef0' does not exist",
            id="aws-no-such-vpc",
        ),
        pytest.param(
            AWS + VPC + 'resource "aws_subnet" "s" {\n  vpc_id = aws_vpc.v.id\n  cidr_block = "10.1.0.0/24"\n}\n',
            "InvalidSubnet.Range: The CIDR '10.1.0.0/24' is invalid.",
            id="aws-subnet-outside",
        ),
        pytest.param(
            AWS
            + VPC
            + 'resource "aws_subnet" "s" {\n  count = 2\n  vpc_id = aws_vpc.v.id\n'
            + '  cidr_block = "10.0.0.0/${23 - count.index}"\n}\n',
            "InvalidSubnet.Conflict",
            id="aws-subnets-overlap",
        ),
        pytest.param(
            AWS + 'resource "aws_iam_role" "r" {\n  count = 2\n  name = "r"\n  assume_role_policy = "{}"\n}\n',
            "EntityAlreadyExists: Role with name r already exists.",
            id="aws-name-taken",
        ),
        pytest.param(
            AZURE + NETWORK.replace("azurerm_resource_group.g.name", '"gone"'), "ResourceGroupNotFound", id="azure-no-group"
        ),
        pytest.param(
            AZURE + GROUP + NETWORK + SUBNET % ("a", "a", "10.0.0.0/20") + SUBNET % ("b", "b", "10.0.8.0/24"),
            "NetcfgSubnetRangesOverlap",
            id="azure-subnets-overlap",
        ),
        pytest.param(
            AZURE + GROUP + NETWORK + NETWORK.replace('"v" {', '"w" {'),
            "to be managed via Terraform this resource needs to be",
            id="azure-name-taken",
        ),
        pytest.param(
            GOOGLE + GNETWORK + GSUBNET % ("a", "a", "10.0.0.0/20") + GSUBNET % ("b", "b", "10.0.8.0/24"),
            "conflicts with existing subnetwork",
            id="google-subnets-overlap",
        ),
        pytest.param(
            GOOGLE + GNETWORK + GNETWORK.replace('"n" {', '"m" {'),
            "googleapi: Error 409: The resource 'projects/p/global/networks/n' already exists",
            id="google-name-taken",
        ),
        pytest.param(
            GOOGLE + GSUBNET.replace("google_compute_network.n.id", '"gone"') % ("a", "a", "10.0.0.0/20"),
            "The resource 'projects/p/global/networks/gone' was not found",
            id="google-no-network",
        ),
    ],
)
def test_refused_at_apply(terraform: Callable[[str], Terraform], configuration: str, words: str) -> None:
    output = terraform(configuration).apply("-parallelism=1", code=1)
    assert " ".join(words.split()) in " ".join(output.split())


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        pytest.param(
            AWS + 'resource "aws_vpc" "v" {\n  cidr = "10.0.0.0/16"\n}\n', "Unsupported argument", id="unknown-attribute"
        ),
        pytest.param(
            AWS + 'resource "aws_eks_cluster" "c" {\n  name = "c"\n  role_arn = "r"\n}\n',
            "Insufficient vpc_config",
            id="missing-block",
        ),
        pytest.param(AWS + VPC.replace("0.0/16", "1.0/16"), 'did you mean "10.0.0.0/16"?', id="host-bits"),
        pytest.param(
            AWS + 'resource "aws_vpc" "v" {\n  arn = "x"\n}\n', "Value for unconfigurable attribute", id="computed-only"
        ),
        pytest.param(
            AWS + 'resource "aws_iam_role" "r" {\n  name = "a"\n  name_prefix = "b"\n  assume_role_policy = "{}"\n}\n',
            "conflicts with",
            id="conflict",
        ),
        pytest.param(
            AWS + 'resource "aws_nat_gateway" "n" {\n  connectivity_type = "open"\n}\n',
            "expected connectivity_type to be one of",
            id="enum",
        ),
        pytest.param(
            GOOGLE + 'resource "google_compute_network" "n" {\n  name = "Upper_Case"\n}\n',
            "doesn't match regexp",
            id="google-name",
        ),
    ],
)
def test_refused_at_validation(terraform: Callable[[str], Terraform], configuration: str, words: str) -> None:
    assert words in terraform(configuration).run("validate", "-no-color", code=1)


def test_deletion_refused_while_in_use(terraform: Callable[[str], Terraform]) -> None:
    work = terraform(AWS + VPC)
    work.apply()
    vpc = work.cloud.objects(type="aws_vpc")[0]
    work.cloud.add("aws_subnet", "subnet-0abc", attributes={"vpc_id": vpc.id})
    output = work.destroy(code=1)
    assert f"api error DependencyViolation: The vpc '{vpc.id}' has dependencies and cannot be deleted." in " ".join(
        output.split()
    )
    work.cloud.remove("subnet-0abc")
    work.destroy()


def test_azure_deletion_refused(terraform: Callable[[str], Terraform]) -> None:
    work = terraform(AZURE + GROUP + NETWORK + SUBNET % ("a", "a", "10.0.0.0/20"))
    work.apply()
    subnet = work.cloud.objects(type="azurerm_subnet")[0].id
    group = work.cloud.objects(type="azurerm_resource_group")[0].id
    work.cloud.add(
        "azurerm_private_endpoint", group + "/providers/Microsoft.Network/privateEndpoints/p", attributes={"subnet_id": subnet}
    )
    assert "InUseSubnetCannotBeDeleted" in work.destroy(code=1)
    work.cloud.remove(group + "/providers/Microsoft.Network/privateEndpoints/p")
    work.cloud.add("azurerm_management_lock", group + "/providers/Microsoft.Authorization/locks/l", attributes={"scope": group})
    assert "ScopeLocked" in work.destroy(code=1)
    work.cloud.remove(group + "/providers/Microsoft.Authorization/locks/l")
    work.destroy()


def test_protected_cluster_stays(terraform: Callable[[str], Terraform]) -> None:
    cluster = (
        'resource "google_container_cluster" "c" {\n  name = "c"\n  location = "europe-west1"\n  initial_node_count = 1\n%s}\n'
    )
    work = terraform(GOOGLE + cluster % "")
    work.apply()
    assert "deletion_protection is set to true" in " ".join(work.destroy(code=1).split())
    work.write(GOOGLE + cluster % "  deletion_protection = false\n").apply()
    work.destroy()


def test_quota(terraform: Callable[[str], Terraform]) -> None:
    work = terraform(AWS + 'resource "aws_eip" "e" {\n  count  = 3\n  domain = "vpc"\n}\n')
    work.cloud.set_quota("aws_eip", 2)
    assert "AddressLimitExceeded: The maximum number of addresses has been reached." in " ".join(work.apply(code=1).split())
    assert len(work.cloud.objects(type="aws_eip")) == 2
    work.cloud.set_quota("aws_eip", None)
    work.apply()
