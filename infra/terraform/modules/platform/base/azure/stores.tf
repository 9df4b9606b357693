# One account with two containers: no keys, no anonymous reading. Versions and soft deletion stand between a backup and a mistake.

locals {
  # Accounts share one name space with the whole world, and take 24 letters and digits.
  account_name = "hera${substr(sha256("${data.azurerm_client_config.current.subscription_id}/${var.region}/${var.name}"), 0, 20)}"
  closed       = var.cloud.endpoint_subnet_id != "" || length(var.cloud.subnet_ids) > 0

  containers = {
    backups = { expire = var.backups.retention_days, cool = var.backups.cool_after_days, archive = var.backups.archive_after_days }
    traces  = { expire = var.traces.retention_days, cool = 0, archive = 0 }
  }
}

resource "azurerm_storage_account" "this" {
  #checkov:skip=CKV_AZURE_59: closed to other networks by cloud.subnet_ids or cloud.endpoint_subnet_id; a token of Entra is needed in any case
  #checkov:skip=CKV_AZURE_33: the account has no queues
  #checkov:skip=CKV_AZURE_206: ZRS unless asked otherwise, which survives the loss of a zone
  #checkov:skip=CKV2_AZURE_1: encrypted with the platform's keys, twice; backups are encrypted before they get here
  #checkov:skip=CKV2_AZURE_33: has a private endpoint where cloud.endpoint_subnet_id names a subnet
  #checkov:skip=CKV_AZURE_35: denied where cloud names who may come; a check says so where it does not
  name                              = local.account_name
  resource_group_name               = local.resource_group
  location                          = var.region
  account_kind                      = "StorageV2"
  account_tier                      = "Standard"
  account_replication_type          = var.cloud.replication
  access_tier                       = "Hot"
  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  shared_access_key_enabled         = false
  default_to_oauth_authentication   = true
  allow_nested_items_to_be_public   = false
  cross_tenant_replication_enabled  = false
  infrastructure_encryption_enabled = true
  local_user_enabled                = false
  public_network_access_enabled     = var.cloud.endpoint_subnet_id == "" || length(var.cloud.subnet_ids) > 0
  tags                              = local.tags

  network_rules {
    default_action             = local.closed ? "Deny" : "Allow"
    bypass                     = ["AzureServices"]
    virtual_network_subnet_ids = var.cloud.subnet_ids
  }

  blob_properties {
    versioning_enabled = true

    delete_retention_policy {
      days = 14
    }

    container_delete_retention_policy {
      days = 14
    }
  }

  sas_policy {
    expiration_period = "00.01:00:00"
    expiration_action = "Log"
  }
}

# Made through the management API, so that it works on an account that is closed to where Terraform runs.
resource "azurerm_storage_container" "this" {
  #checkov:skip=CKV2_AZURE_21: who reads and writes is logged by the account's diagnostic setting below
  for_each = local.containers

  name                  = each.key
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

resource "azurerm_storage_container_immutability_policy" "backups" {
  count = var.backups.lock ? 1 : 0

  storage_container_resource_manager_id = azurerm_storage_container.this["backups"].id
  immutability_period_in_days           = var.backups.retention_days
  locked                                = true
}

resource "azurerm_storage_management_policy" "this" {
  storage_account_id = azurerm_storage_account.this.id

  dynamic "rule" {
    for_each = local.containers

    content {
      name    = rule.key
      enabled = true

      filters {
        blob_types   = ["blockBlob"]
        prefix_match = ["${rule.key}/"]
      }

      actions {
        base_blob {
          tier_to_cool_after_days_since_modification_greater_than    = rule.value.cool > 0 ? rule.value.cool : null
          tier_to_archive_after_days_since_modification_greater_than = rule.value.archive > 0 ? rule.value.archive : null
          delete_after_days_since_modification_greater_than          = rule.value.expire
        }
        version {
          delete_after_days_since_creation = 30
        }
      }
    }
  }
}

resource "azurerm_private_endpoint" "store" {
  count = var.cloud.endpoint_subnet_id == "" ? 0 : 1

  name                          = "${var.name}-store"
  resource_group_name           = local.resource_group
  location                      = var.region
  subnet_id                     = var.cloud.endpoint_subnet_id
  custom_network_interface_name = "${var.name}-store-nic"
  tags                          = local.tags

  private_service_connection {
    name                           = "blob"
    private_connection_resource_id = azurerm_storage_account.this.id
    subresource_names              = ["blob"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [var.cloud.blob_dns_zone_id]
  }
}

resource "azurerm_monitor_diagnostic_setting" "store" {
  name                       = "store"
  target_resource_id         = "${azurerm_storage_account.this.id}/blobServices/default"
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id

  enabled_log {
    category = "StorageRead"
  }

  enabled_log {
    category = "StorageWrite"
  }

  enabled_log {
    category = "StorageDelete"
  }
}

# Not an error: without networks the store still wants an Entra token with a role on it. But a reader of the plan should see it.
check "store_network" {
  assert {
    condition     = local.closed
    error_message = "The store answers any address (with an Entra token only). Set cloud.subnet_ids or cloud.endpoint_subnet_id to close it."
  }
}
