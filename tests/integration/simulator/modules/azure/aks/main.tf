terraform {
  required_providers {
    azapi = { source = "Azure/azapi" }
  }
}
# In the style of Azure/terraform-azurerm-aks, written from memory.
variable "resource_group_name" { type = string }
variable "location" { type = string }
variable "prefix" { type = string }
variable "vnet_subnet_id" { type = string }
variable "private_cluster_enabled" {
  type    = bool
  default = true
}
variable "kubernetes_version" {
  type    = string
  default = null
}
variable "agents_count" {
  type    = number
  default = null
}
variable "node_pools" {
  type = map(object({
    vm_size          = string
    min_count        = optional(number)
    max_count        = optional(number)
    node_taints      = optional(list(string))
    node_labels      = optional(map(string))
    upgrade_settings = optional(object({ max_surge = string }))
  }))
  default = {}
}
variable "key_vault_secrets_provider_enabled" {
  type    = bool
  default = true
}
variable "log_analytics_workspace" {
  type    = object({ id = string, name = string })
  default = null
}
variable "tags" {
  type    = map(string)
  default = {}
}
data "azurerm_client_config" "this" {}
data "azurerm_subscription" "current" {}
data "azurerm_resource_group" "main" { name = var.resource_group_name }
locals {
  create_workspace = var.log_analytics_workspace == null
  workspace        = try({ id = var.log_analytics_workspace.id, name = var.log_analytics_workspace.name }, { id = azurerm_log_analytics_workspace.main[0].id, name = azurerm_log_analytics_workspace.main[0].name })
}
resource "tls_private_key" "ssh" {
  count     = 1
  algorithm = "RSA"
  rsa_bits  = 2048
}
resource "random_string" "suffix" {
  length  = 6
  special = false
  upper   = false
}
resource "azurerm_log_analytics_workspace" "main" {
  count               = local.create_workspace ? 1 : 0
  name                = "${var.prefix}-workspace"
  location            = var.location
  resource_group_name = var.resource_group_name
  sku                 = "PerGB2018"
  retention_in_days   = 30
  tags                = var.tags
}
resource "azurerm_log_analytics_solution" "main" {
  count                 = local.create_workspace ? 1 : 0
  solution_name         = "ContainerInsights"
  location              = var.location
  resource_group_name   = var.resource_group_name
  workspace_name        = local.workspace.name
  workspace_resource_id = local.workspace.id
  plan {
    product   = "OMSGallery/ContainerInsights"
    publisher = "Microsoft"
  }
}
resource "azurerm_user_assigned_identity" "this" {
  name                = "${var.prefix}-identity"
  location            = var.location
  resource_group_name = var.resource_group_name
}
resource "azurerm_role_assignment" "network" {
  scope                = var.vnet_subnet_id
  role_definition_name = "Network Contributor"
  principal_id         = azurerm_user_assigned_identity.this.principal_id
}
resource "azurerm_kubernetes_cluster" "main" {
  name                              = "${var.prefix}-aks"
  location                          = data.azurerm_resource_group.main.location
  resource_group_name               = data.azurerm_resource_group.main.name
  dns_prefix                        = var.prefix
  kubernetes_version                = var.kubernetes_version
  sku_tier                          = "Standard"
  private_cluster_enabled           = var.private_cluster_enabled
  private_dns_zone_id               = var.private_cluster_enabled ? "System" : null
  local_account_disabled            = true
  oidc_issuer_enabled               = true
  workload_identity_enabled         = true
  azure_policy_enabled              = true
  automatic_upgrade_channel         = "patch"
  role_based_access_control_enabled = true
  default_node_pool {
    name                         = "nodepool"
    vm_size                      = "Standard_D2s_v5"
    auto_scaling_enabled         = true
    node_count                   = var.agents_count
    min_count                    = 1
    max_count                    = 3
    vnet_subnet_id               = var.vnet_subnet_id
    only_critical_addons_enabled = true
    zones                        = ["1", "2"]
    node_labels                  = {}
    dynamic "upgrade_settings" {
      for_each = ["10%"]
      content {
        max_surge = upgrade_settings.value
      }
    }
    dynamic "kubelet_config" {
      for_each = []
      content {}
    }
  }
  dynamic "api_server_access_profile" {
    for_each = []
    content {
      authorized_ip_ranges = []
    }
  }
  azure_active_directory_role_based_access_control {
    azure_rbac_enabled     = true
    tenant_id              = data.azurerm_client_config.this.tenant_id
    admin_group_object_ids = null
  }
  dynamic "identity" {
    for_each = ["identity"]
    content {
      type         = "UserAssigned"
      identity_ids = [azurerm_user_assigned_identity.this.id]
    }
  }
  dynamic "key_vault_secrets_provider" {
    for_each = var.key_vault_secrets_provider_enabled ? ["x"] : []
    content {
      secret_rotation_enabled  = true
      secret_rotation_interval = "2m"
    }
  }
  linux_profile {
    admin_username = "azureuser"
    ssh_key {
      key_data = replace(coalesce(null, tls_private_key.ssh[0].public_key_openssh), "\n", "")
    }
  }
  dynamic "maintenance_window_auto_upgrade" {
    for_each = [1]
    content {
      frequency   = "Weekly"
      interval    = 1
      duration    = 4
      day_of_week = "Sunday"
      start_time  = "00:00"
    }
  }
  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_policy      = "cilium"
    network_data_plane  = "cilium"
    outbound_type       = "userAssignedNATGateway"
    pod_cidr            = "10.244.0.0/16"
    service_cidr        = "10.100.0.0/16"
    dns_service_ip      = "10.100.0.10"
  }
  dynamic "oms_agent" {
    for_each = ["oms_agent"]
    content {
      log_analytics_workspace_id      = local.workspace.id
      msi_auth_for_monitoring_enabled = true
    }
  }
  tags = var.tags
  lifecycle {
    ignore_changes = [http_application_routing_enabled, kubernetes_version]
    precondition {
      condition     = var.agents_count == null || try(var.agents_count >= 1, false)
      error_message = "agents_count has to be null or at least 1"
    }
  }
  depends_on = [azurerm_role_assignment.network]
}
resource "null_resource" "kubernetes_version_keeper" {
  triggers = { version = var.kubernetes_version }
}
resource "azapi_update_resource" "aks_cluster_post_create" {
  type        = "Microsoft.ContainerService/managedClusters@2024-02-01"
  resource_id = azurerm_kubernetes_cluster.main.id
  body = {
    properties = {
      kubernetesVersion = var.kubernetes_version
    }
  }
  lifecycle {
    ignore_changes       = all
    replace_triggered_by = [null_resource.kubernetes_version_keeper.id]
  }
}
resource "azapi_resource" "maintenance" {
  type      = "Microsoft.ContainerService/managedClusters/maintenanceConfigurations@2024-01-01"
  parent_id = azurerm_kubernetes_cluster.main.id
  name      = "default"
  body = {
    properties = { timeInWeek = [{ day = "Sunday", hourSlots = [1, 2] }] }
  }
  response_export_values = ["properties.timeInWeek"]
}
resource "azurerm_kubernetes_cluster_node_pool" "this" {
  for_each              = var.node_pools
  kubernetes_cluster_id = azurerm_kubernetes_cluster.main.id
  name                  = "${each.key}${substr(md5(each.key), 0, 4)}"
  vm_size               = each.value.vm_size
  auto_scaling_enabled  = each.value.min_count != null
  min_count             = each.value.min_count
  max_count             = each.value.max_count
  node_labels           = each.value.node_labels
  node_taints           = each.value.node_taints
  vnet_subnet_id        = var.vnet_subnet_id
  dynamic "upgrade_settings" {
    for_each = each.value.upgrade_settings == null ? [] : ["upgrade_settings"]
    content {
      max_surge = each.value.upgrade_settings.max_surge
    }
  }
  lifecycle {
    create_before_destroy = true
    ignore_changes        = [name]
  }
}
resource "azurerm_federated_identity_credential" "this" {
  name                = "external-secrets"
  resource_group_name = var.resource_group_name
  audience            = ["api://AzureADTokenExchange"]
  issuer              = azurerm_kubernetes_cluster.main.oidc_issuer_url
  parent_id           = azurerm_user_assigned_identity.this.id
  subject             = "system:serviceaccount:external-secrets:external-secrets"
}
resource "azurerm_monitor_diagnostic_setting" "aks" {
  name                       = "audit"
  target_resource_id         = azurerm_kubernetes_cluster.main.id
  log_analytics_workspace_id = local.workspace.id
  dynamic "enabled_log" {
    for_each = toset(["kube-audit-admin", "guard"])
    content {
      category = enabled_log.value
    }
  }
  enabled_metric {
    category = "AllMetrics"
  }
}
resource "azurerm_key_vault" "this" {
  name                       = "kv-${random_string.suffix.result}"
  location                   = var.location
  resource_group_name        = var.resource_group_name
  tenant_id                  = data.azurerm_client_config.this.tenant_id
  sku_name                   = "premium"
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  network_acls {
    bypass         = "AzureServices"
    default_action = "Deny"
  }
}
resource "azurerm_private_dns_zone" "kv" {
  name                = "privatelink.vaultcore.azure.net"
  resource_group_name = var.resource_group_name
}
resource "azurerm_private_dns_zone_virtual_network_link" "kv" {
  name                  = "kv"
  resource_group_name   = var.resource_group_name
  private_dns_zone_name = azurerm_private_dns_zone.kv.name
  virtual_network_id    = split("/subnets/", var.vnet_subnet_id)[0]
}
resource "azurerm_private_endpoint" "kv" {
  name                = "kv-pe"
  location            = var.location
  resource_group_name = var.resource_group_name
  subnet_id           = var.vnet_subnet_id
  private_service_connection {
    name                           = "kv"
    private_connection_resource_id = azurerm_key_vault.this.id
    is_manual_connection           = false
    subresource_names              = ["vault"]
  }
  private_dns_zone_group {
    name                 = "kv"
    private_dns_zone_ids = [azurerm_private_dns_zone.kv.id]
  }
}
resource "azurerm_role_assignment" "kv" {
  scope                = azurerm_key_vault.this.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_kubernetes_cluster.main.key_vault_secrets_provider[0].secret_identity[0].object_id
}
output "host" {
  sensitive = true
  value     = azurerm_kubernetes_cluster.main.kube_config[0].host
}
output "kubelet_identity" { value = azurerm_kubernetes_cluster.main.kubelet_identity[0].object_id }
output "oidc" { value = azurerm_kubernetes_cluster.main.oidc_issuer_url }
output "private_fqdn" { value = azurerm_kubernetes_cluster.main.private_fqdn }
output "endpoint_ip" { value = azurerm_private_endpoint.kv.private_service_connection[0].private_ip_address }
