# Control-plane logs, into the resource-specific tables of a workspace of the cluster's own. The workspace keeps 30 to 730
# days for queries; the tables keep the rest of a longer retention in the archive.

locals {
  log_categories = {
    api                = ["kube-apiserver"]
    audit              = var.cloud.audit_reads ? ["kube-audit", "kube-audit-admin"] : ["kube-audit-admin"]
    authenticator      = ["guard"]
    controller-manager = ["kube-controller-manager", "cloud-controller-manager", "cluster-autoscaler"]
    scheduler          = ["kube-scheduler"]
  }
  categories     = toset(flatten([for type in var.control_plane_logs.types : local.log_categories[type]]))
  workspace_days = min(max(var.control_plane_logs.retention_days, 30), 730)
  archived       = var.control_plane_logs.retention_days > 730 ? toset(["AKSAudit", "AKSAuditAdmin", "AKSControlPlane"]) : toset([])
  private_logs   = contains(local.private_endpoints, "logs")

  # The archive takes whole years in days beyond two: the next one up.
  archive_days = [for days in [1095, 1460, 1826, 2191, 2556, 2922, 3288, 3653] : days if days >= var.control_plane_logs.retention_days][0]
}

resource "azurerm_log_analytics_workspace" "this" {
  name                         = "${var.name}-control-plane"
  resource_group_name          = local.resource_group
  location                     = var.region
  sku                          = "PerGB2018"
  retention_in_days            = local.workspace_days
  local_authentication_enabled = false
  internet_ingestion_enabled   = !local.private_logs
  internet_query_enabled       = true
  tags                         = local.tags
}

resource "azurerm_log_analytics_workspace_table" "archived" {
  for_each = local.archived

  workspace_id            = azurerm_log_analytics_workspace.this.id
  name                    = each.key
  retention_in_days       = local.workspace_days
  total_retention_in_days = local.archive_days
}

resource "azurerm_monitor_private_link_scoped_service" "logs" {
  count = local.private_logs ? 1 : 0

  name                = azurerm_log_analytics_workspace.this.name
  resource_group_name = local.resource_group
  scope_name          = var.network.cloud["monitor_scope"]
  linked_resource_id  = azurerm_log_analytics_workspace.this.id
}

resource "azurerm_monitor_diagnostic_setting" "control_plane" {
  count = length(local.categories) > 0 ? 1 : 0

  name                           = "control-plane"
  target_resource_id             = azurerm_kubernetes_cluster.this.id
  log_analytics_workspace_id     = azurerm_log_analytics_workspace.this.id
  log_analytics_destination_type = "Dedicated"

  dynamic "enabled_log" {
    for_each = local.categories

    content {
      category = enabled_log.value
    }
  }
}

# Who used the keys.
resource "azurerm_monitor_diagnostic_setting" "vault" {
  count = local.vault_needed ? 1 : 0

  name                       = "keys"
  target_resource_id         = azurerm_key_vault.this[0].id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id

  enabled_log {
    category = "AuditEvent"
  }
}
