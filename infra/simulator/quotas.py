"""Limits on how many objects of a type a region or project holds, refused in the cloud's own words.

None are set at first; `SimulatedCloud.set_quota` sets them. REAL holds the clouds' own first limits, for reference.
"""

from infra.simulator.clouds.base import Scope
from infra.simulator.errors import CloudError
from infra.simulator.store import Store

REAL = {
    "aws_vpc": 5,
    "aws_eip": 5,
    "aws_internet_gateway": 5,
    "aws_nat_gateway": 5,
    "aws_eks_cluster": 100,
    "aws_eks_node_group": 30,
    "google_compute_network": 15,
    "google_compute_router": 20,
    "google_container_cluster": 100,
    "azurerm_public_ip": 1000,
    "azurerm_virtual_network": 1000,
}
AWS = {
    "aws_vpc": "creating EC2 VPC: operation error EC2: CreateVpc, https response error StatusCode: 400, RequestID: {request},"
    " api error VpcLimitExceeded: The maximum number of VPCs has been reached.",
    "aws_eip": "creating EC2 EIP: operation error EC2: AllocateAddress, https response error StatusCode: 400, RequestID:"
    " {request}, api error AddressLimitExceeded: The maximum number of addresses has been reached.",
    "aws_internet_gateway": "creating EC2 Internet Gateway: operation error EC2: CreateInternetGateway, https response error"
    " StatusCode: 400, RequestID: {request}, api error InternetGatewayLimitExceeded: The maximum number of internet"
    " gateways has been reached.",
    "aws_nat_gateway": "creating EC2 NAT Gateway: operation error EC2: CreateNatGateway, https response error StatusCode:"
    " 400, RequestID: {request}, api error NatGatewayLimitExceeded: The maximum number of NAT Gateways has been reached.",
    "aws_eks_cluster": "creating EKS Cluster: operation error EKS: CreateCluster, https response error StatusCode: 400,"
    " RequestID: {request}, ResourceLimitExceededException: Cluster limit exceeded",
}
METRICS = {
    "google_compute_network": "NETWORKS",
    "google_compute_subnetwork": "SUBNETWORKS",
    "google_compute_router": "ROUTERS",
    "google_compute_address": "STATIC_ADDRESSES",
    "google_compute_instance": "CPUS",
    "google_compute_firewall": "FIREWALLS",
}


def check_quota(store: Store, provider: str, type_: str, place: str, scope: Scope) -> None:
    """Refuse an object beyond its type's limit."""
    limit = store.quota(type_)
    if limit is None or store.count(type_, place) < limit:
        return
    raise CloudError(_message(provider, type_, limit, scope))


def _message(provider: str, type_: str, limit: int, scope: Scope) -> str:
    if provider == "aws":
        service = type_.removeprefix("aws_").split("_")[0].upper()
        generic = f"creating {service}: api error LimitExceededException: limit of {limit} {type_} has been reached"
        return AWS.get(type_, generic).format(request="simulated")
    if provider == "azurerm":
        return (
            f"creating {type_}: unexpected status 409 (409 Conflict) with error: QuotaExceeded: Operation could not be"
            f" completed as it results in exceeding approved quota. Location: {scope.region}, Current Limit: {limit},"
            f" Current Usage: {limit}, Additional Required: 1, (Minimum) New Limit Required: {limit + 1}."
        )
    metric = METRICS.get(type_, type_.split("_", 2)[-1].upper())
    return (
        f"Error creating {type_}: googleapi: Error 403: QUOTA_EXCEEDED - Quota '{metric}' exceeded."
        f" Limit: {limit}.0 globally., quotaExceeded"
    )
