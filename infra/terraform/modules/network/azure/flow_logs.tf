# VNet flow logs: raw records in a storage account, traffic analytics in a workspace. Both have limits of their own for
# retention, so the exact number of days is kept in the account (by the flow log up to a year, by lifecycle rule beyond).

locals {
  flow_log_days      = var.flow_logs.retention_days
  flow_log_rule      = var.flow_logs.enabled && local.flow_log_days > 365
  workspace_days     = min(max(local.flow_log_days, 30), 730)
  network_watcher    = coalesce(var.cloud.network_watcher, "NetworkWatcher_${var.region}")
  flow_log_resources = var.flow_logs.enabled ? 1 : 0
}

resource "azurerm_storage_account" "flow_logs" {
  #checkov:skip=CKV_AZURE_43: the name is built from letters and digits of the cluster and a hash, 24 at most; a test says so
  #checkov:skip=CKV_AZURE_33: the account holds blobs only; it has no queues whose calls could be logged
  #checkov:skip=CKV_AZURE_59: reachable for Azure's trusted services only; Network Watcher writes through that door, and disabling it stops the logs
  #checkov:skip=CKV_AZURE_206: replicated over zones (LRS on request); flow records are not worth a second region
  #checkov:skip=CKV2_AZURE_1: flow records hold addresses, no secrets; encrypted twice with platform keys
  #checkov:skip=CKV2_AZURE_33: has a private endpoint where private_endpoints asks for storage
  #checkov:skip=CKV2_AZURE_38: flow records expire by retention; keeping deleted ones would break the promise
  #checkov:skip=CKV2_AZURE_40: Network Watcher writes flow logs with the account's key
  count = local.flow_log_resources

  name                              = local.account_name
  resource_group_name               = azurerm_resource_group.this.name
  location                          = azurerm_resource_group.this.location
  account_kind                      = "StorageV2"
  account_tier                      = "Standard"
  account_replication_type          = var.cloud.flow_log_replication
  access_tier                       = "Cool"
  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  allow_nested_items_to_be_public   = false
  cross_tenant_replication_enabled  = false
  infrastructure_encryption_enabled = true
  local_user_enabled                = false
  shared_access_key_enabled         = true
  default_to_oauth_authentication   = true
  allowed_copy_scope                = "AAD"
  tags                              = local.tags

  sas_policy {
    expiration_period = "01.00:00:00"
    expiration_action = "Log"
  }

  network_rules {
    default_action = "Deny"
    bypass         = ["AzureServices"]
  }
}

resource "azurerm_storage_management_policy" "flow_logs" {
  count = local.flow_log_rule ? 1 : 0

  storage_account_id = azurerm_storage_account.flow_logs[0].id

  rule {
    name    = "expire-flow-logs"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["insights-logs-flowlogflowevent"]
    }

    actions {
      base_blob {
        delete_after_days_since_modification_greater_than = local.flow_log_days
      }
    }
  }
}

resource "azurerm_log_analytics_workspace" "flow_logs" {
  count = local.flow_log_resources

  name                         = "${var.name}-flow-logs"
  resource_group_name          = azurerm_resource_group.this.name
  location                     = azurerm_resource_group.this.location
  sku                          = "PerGB2018"
  retention_in_days            = local.workspace_days
  local_authentication_enabled = false
  internet_ingestion_enabled   = !local.private_logs
  internet_query_enabled       = true
  tags                         = local.tags
}

resource "azurerm_network_watcher_flow_log" "this" {
  #checkov:skip=CKV_AZURE_12: retention follows flow_logs.retention_days; dev keeps fewer days on purpose
  count = local.flow_log_resources

  name                 = "${var.name}-vnet"
  network_watcher_name = local.network_watcher
  resource_group_name  = var.cloud.network_watcher_group
  location             = azurerm_resource_group.this.location
  target_resource_id   = azurerm_virtual_network.this.id
  storage_account_id   = azurerm_storage_account.flow_logs[0].id
  enabled              = true
  version              = 2
  tags                 = local.tags

  retention_policy {
    enabled = !local.flow_log_rule
    days    = local.flow_log_rule ? 0 : local.flow_log_days
  }

  traffic_analytics {
    enabled               = true
    workspace_id          = azurerm_log_analytics_workspace.flow_logs[0].workspace_id
    workspace_region      = azurerm_log_analytics_workspace.flow_logs[0].location
    workspace_resource_id = azurerm_log_analytics_workspace.flow_logs[0].id
    interval_in_minutes   = var.cloud.analytics_minutes
  }
}
