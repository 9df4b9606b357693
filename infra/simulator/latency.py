"""How long real clouds take, in seconds, so that a scaled simulation has the critical path of a real run.

Orders of magnitude from the providers' documentation and public issue threads, not measurements of ours.
"""

SECONDS: dict[str, dict[str, float]] = {
    "aws_eks_cluster": {"create": 540, "update": 300, "delete": 150},
    "aws_eks_node_group": {"create": 120, "update": 180, "delete": 180},
    "aws_eks_fargate_profile": {"create": 120, "delete": 180},
    "aws_eks_addon": {"create": 30, "update": 30, "delete": 10},
    "aws_eks_access_policy_association": {"create": 2, "delete": 2},
    "aws_nat_gateway": {"create": 100, "delete": 60},
    "aws_vpc": {"create": 3, "delete": 2},
    "aws_vpc_endpoint": {"create": 45, "delete": 60},
    "aws_internet_gateway": {"create": 1, "delete": 20},
    "aws_db_instance": {"create": 420, "update": 120, "delete": 240},
    "aws_lb": {"create": 150, "delete": 30},
    "aws_kms_key": {"create": 12, "delete": 2},
    "aws_iam_role": {"create": 1, "delete": 1},
    "azurerm_kubernetes_cluster": {"create": 300, "update": 180, "delete": 240},
    "azurerm_kubernetes_cluster_node_pool": {"create": 180, "update": 120, "delete": 150},
    "azurerm_virtual_network": {"create": 6, "delete": 12},
    "azurerm_subnet": {"create": 6, "delete": 12},
    "azurerm_nat_gateway": {"create": 12, "delete": 12},
    "azurerm_public_ip": {"create": 4, "delete": 12},
    "azurerm_key_vault": {"create": 150, "delete": 20},
    "azurerm_private_endpoint": {"create": 45, "delete": 30},
    "azurerm_private_dns_zone": {"create": 35, "delete": 12},
    "azurerm_private_dns_zone_virtual_network_link": {"create": 35, "delete": 35},
    "azurerm_log_analytics_workspace": {"create": 40, "delete": 30},
    "azurerm_resource_group": {"create": 12, "delete": 75},
    "azurerm_role_assignment": {"create": 25, "delete": 5},
    "google_container_cluster": {"create": 300, "update": 120, "delete": 240},
    "google_container_node_pool": {"create": 100, "update": 120, "delete": 150},
    "google_compute_network": {"create": 12, "delete": 32},
    "google_compute_subnetwork": {"create": 15, "delete": 15},
    "google_compute_router": {"create": 12, "delete": 12},
    "google_compute_router_nat": {"create": 15, "delete": 15},
    "google_compute_firewall": {"create": 12, "delete": 12},
    "google_sql_database_instance": {"create": 480, "delete": 60},
    "google_project_service": {"create": 20, "delete": 1},
    "google_project_iam_member": {"create": 9, "delete": 9},
    "google_service_networking_connection": {"create": 60, "delete": 30},
}
USUAL = {"create": 2.0, "update": 2.0, "delete": 1.0, "read": 0.0, "data": 0.0, "import": 0.0}


def seconds_for(type_: str, operation: str) -> float:
    """Give the seconds a call takes on the real cloud."""
    return SECONDS.get(type_, {}).get(operation, USUAL[operation])
