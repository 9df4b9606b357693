# Who the cluster is: one identity for the control plane, one for the nodes, each with no more than its work needs. All rights
# exist, and are known everywhere, before the control plane asks for them. An assignment's name follows from what it says, so that
# one that a killed run made is found again.

locals {
  control_plane_roles = merge(
    {
      network = { role = "Network Contributor", scope = var.network.network_id }
      kubelet = { role = "Managed Identity Operator", scope = azurerm_user_assigned_identity.kubelet.id }
    },
    local.private_only ? {
      dns = { role = "Private DNS Zone Contributor", scope = azurerm_private_dns_zone.api_server[0].id }
    } : {},
    var.secrets_encryption ? {
      key = { role = "Key Vault Crypto User", scope = azurerm_key_vault.this[0].id }
    } : {},
    var.secrets_encryption && var.cloud.api_server_vnet_integration ? {
      vault = { role = "Key Vault Contributor", scope = azurerm_key_vault.this[0].id }
    } : {},
  )

  # Without named operators it is whoever runs Terraform; the key stays known at plan time either way.
  operators = toset(length(var.cloud.operator_ids) > 0 ? var.cloud.operator_ids : ["runner"])
  operator_principals = {
    for operator in local.operators : operator => operator == "runner" ? data.azurerm_client_config.current.object_id : operator
  }
}

resource "azurerm_user_assigned_identity" "control_plane" {
  name                = "${var.name}-control-plane"
  resource_group_name = local.resource_group
  location            = var.region
  tags                = local.tags
}

resource "azurerm_user_assigned_identity" "kubelet" {
  name                = "${var.name}-kubelet"
  resource_group_name = local.resource_group
  location            = var.region
  tags                = local.tags
}

resource "azurerm_role_assignment" "control_plane" {
  for_each = local.control_plane_roles

  name                 = uuidv5("url", "${each.value.scope}/${each.value.role}/${azurerm_user_assigned_identity.control_plane.principal_id}")
  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = azurerm_user_assigned_identity.control_plane.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "registry" {
  for_each = var.cloud.registry_ids

  name                 = uuidv5("url", "${each.value}/AcrPull/${azurerm_user_assigned_identity.kubelet.principal_id}")
  scope                = each.value
  role_definition_name = "AcrPull"
  principal_id         = azurerm_user_assigned_identity.kubelet.principal_id
  principal_type       = "ServicePrincipal"
}

# A role assignment that Azure has accepted is not yet known to Key Vault, DNS and AKS.
resource "time_sleep" "roles" {
  create_duration = var.cloud.role_propagation

  depends_on = [
    azurerm_role_assignment.control_plane,
    azurerm_role_assignment.disk_key,
  ]
}

resource "azurerm_role_assignment" "admins" {
  for_each = toset(var.admin_groups)

  name                 = uuidv5("url", "${azurerm_kubernetes_cluster.this.id}/Azure Kubernetes Service Cluster User Role/${each.key}")
  scope                = azurerm_kubernetes_cluster.this.id
  role_definition_name = "Azure Kubernetes Service Cluster User Role"
  principal_id         = each.key
  principal_type       = "Group"
}

# The platform stage installs its components as the one who made the cluster; local accounts are off.
resource "azurerm_role_assignment" "operators" {
  for_each = local.operator_principals

  name                 = uuidv5("url", "${azurerm_kubernetes_cluster.this.id}/Azure Kubernetes Service RBAC Cluster Admin/${each.value}")
  scope                = azurerm_kubernetes_cluster.this.id
  role_definition_name = "Azure Kubernetes Service RBAC Cluster Admin"
  principal_id         = each.value
}
