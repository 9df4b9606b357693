# One apply in the shape of prod, a second run, then dev.

provider "azurerm" {
  features {}
}

variables {
  name        = "demo"
  environment = "prod"
  region      = "westeurope"
  tags        = { team = "shop" }
  cluster = {
    cluster_id        = "/subscriptions/s/resourceGroups/hera-demo/providers/Microsoft.ContainerService/managedClusters/demo"
    cluster_name      = "demo"
    oidc_issuer_url   = "https://westeurope.oic.prod-aks.azure.com/t/i/"
    workload_identity = { resource_group = "hera-demo", audience = "api://AzureADTokenExchange" }
    cloud             = {}
  }
  backups       = { retention_days = 365, cool_after_days = 30, archive_after_days = 90, lock = true, delete_with_cluster = false }
  traces        = { retention_days = 14 }
  logs          = { retention_days = 365 }
  secret_prefix = "hera/demo/"
}

run "network" {
  module {
    source = "./tests/setup"
  }
}

run "made" {
  command = apply

  variables {
    cloud = { subnet_ids = [run.network.subnet_id] }
  }

  assert {
    condition     = toset(keys(output.identities)) == toset(["hera-backup/backup", "hera-backup/restore", "hera-system/secrets-operator", "monitoring/tempo", "node-agents/fluent-bit"]) && toset(keys(output.account_annotations)) == toset(keys(output.identities))
    error_message = "every account that uses the cloud has an identity, and no other"
  }

  assert {
    condition     = alltrue([for key, credential in azurerm_federated_identity_credential.this : credential.issuer == var.cluster.oidc_issuer_url && credential.audience == tolist(["api://AzureADTokenExchange"])]) && azurerm_federated_identity_credential.this["backup"].subject == "system:serviceaccount:hera-backup:backup"
    error_message = "an identity is for one service account of this cluster"
  }

  assert {
    condition     = azurerm_role_assignment.this["restore"].role_definition_name == "Storage Blob Data Reader" && azurerm_role_assignment.this["restore"].scope == azurerm_storage_container.this["backups"].id
    error_message = "who restores reads, and backups only"
  }

  assert {
    condition     = azurerm_role_assignment.this["backup"].role_definition_name == azurerm_role_definition.backup.name && !strcontains(join(" ", one(azurerm_role_definition.backup.permissions).data_actions), "delete")
    error_message = "who makes backups deletes none"
  }

  assert {
    condition     = !contains(keys(azurerm_role_assignment.this), "secrets-operator")
    error_message = "without a vault the secrets operator may read none"
  }

  assert {
    condition     = !azurerm_storage_account.this.shared_access_key_enabled && !azurerm_storage_account.this.allow_nested_items_to_be_public && azurerm_storage_account.this.min_tls_version == "TLS1_2" && azurerm_storage_account.this.network_rules[0].default_action == "Deny"
    error_message = "no keys, nothing public, closed to other networks"
  }

  assert {
    condition     = can(regex("^[a-z0-9]{3,24}$", azurerm_storage_account.this.name))
    error_message = "the account's name is one that Azure takes"
  }

  assert {
    condition     = one([for rule in azurerm_storage_management_policy.this.rule : rule if rule.name == "backups"]).actions[0].base_blob[0].tier_to_cool_after_days_since_modification_greater_than == 30 && one([for rule in azurerm_storage_management_policy.this.rule : rule if rule.name == "backups"]).actions[0].base_blob[0].delete_after_days_since_modification_greater_than == 365
    error_message = "backups move to cheaper tiers, and end one day"
  }

  assert {
    condition     = azurerm_storage_container_immutability_policy.backups[0].locked && azurerm_storage_container_immutability_policy.backups[0].immutability_period_in_days == 365
    error_message = "locked backups can be deleted by nobody before their time"
  }

  assert {
    condition     = output.account_annotations["hera-backup/backup"]["azure.workload.identity/client-id"] == azurerm_user_assigned_identity.this["backup"].client_id && output.pod_labels["azure.workload.identity/use"] == "true"
    error_message = "the manifests get the identity"
  }

  assert {
    condition     = azurerm_log_analytics_workspace.this.retention_in_days == 365 && one(azurerm_monitor_data_collection_rule.this.data_flow).output_stream == "Custom-HeraApplications_CL"
    error_message = "logs have a table and are kept as long as asked"
  }
}

run "again_changes_nothing" {
  command = plan

  variables {
    cloud = { subnet_ids = [run.network.subnet_id] }
  }

  assert {
    condition     = output.backup_url == run.made.backup_url && output.identities == run.made.identities
    error_message = "a second run gives the same"
  }
}
