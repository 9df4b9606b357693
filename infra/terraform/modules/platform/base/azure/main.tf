# What the platform needs of Azure: one identity a service account (Workload Identity), a store for backups and traces, a log table.

data "azurerm_client_config" "current" {}

locals {
  tags = merge(var.tags, {
    "hera-cluster"     = var.name
    "hera-environment" = var.environment
    "hera-stage"       = "platform"
    "managed-by"       = "hera"
  })

  resource_group = var.cluster.workload_identity["resource_group"]

  # The service accounts of k8s/base/rbac that use the cloud, and nothing but these.
  accounts = {
    backup           = "hera-backup/backup"
    restore          = "hera-backup/restore"
    secrets-operator = "hera-system/secrets-operator"
    tempo            = "monitoring/tempo"
    fluent-bit       = "node-agents/fluent-bit"
  }

  grants = merge(
    {
      backup     = { role = azurerm_role_definition.backup.name, scope = azurerm_storage_container.this["backups"].id }
      restore    = { role = "Storage Blob Data Reader", scope = azurerm_storage_container.this["backups"].id }
      tempo      = { role = "Storage Blob Data Contributor", scope = azurerm_storage_container.this["traces"].id }
      fluent-bit = { role = "Monitoring Metrics Publisher", scope = azurerm_monitor_data_collection_rule.this.id }
    },
    var.cloud.key_vault_id == "" ? {} : {
      secrets-operator = { role = "Key Vault Secrets User", scope = var.cloud.key_vault_id }
    },
  )
}

resource "azurerm_user_assigned_identity" "this" {
  for_each = local.accounts

  name                = "${var.name}-${each.key}"
  resource_group_name = local.resource_group
  location            = var.region
  tags                = local.tags
}

resource "azurerm_federated_identity_credential" "this" {
  for_each = local.accounts

  name                = "kubernetes"
  resource_group_name = local.resource_group
  parent_id           = azurerm_user_assigned_identity.this[each.key].id
  issuer              = var.cluster.oidc_issuer_url
  audience            = [var.cluster.workload_identity["audience"]]
  subject             = "system:serviceaccount:${replace(each.value, "/", ":")}"
}

# Azure's own roles that write blobs also delete them. Role names are one name space for the tenant; the id follows from what it is
# for, so that one that a killed run made is found again.
resource "azurerm_role_definition" "backup" {
  role_definition_id = uuidv5("url", "${azurerm_storage_account.this.id}/backup")

  name        = "Hera backups of ${var.name} in ${azurerm_storage_account.this.name}"
  scope       = azurerm_storage_account.this.id
  description = "Adds and reads backups, deletes none; hera-cluster=${var.name}"

  permissions {
    data_actions = [for action in ["read", "write", "add/action"] : "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/${action}"]
  }

  assignable_scopes = [azurerm_storage_account.this.id]
}

# An assignment's name follows from what it says, so that one that a killed run made is found again.
resource "azurerm_role_assignment" "this" {
  for_each = local.grants

  name                 = uuidv5("url", "${each.value.scope}/${each.value.role}/${azurerm_user_assigned_identity.this[each.key].principal_id}")
  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = azurerm_user_assigned_identity.this[each.key].principal_id
  principal_type       = "ServicePrincipal"
}
