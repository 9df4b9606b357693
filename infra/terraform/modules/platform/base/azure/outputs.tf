output "backup_url" {
  description = "Where backups go."
  value       = "${azurerm_storage_account.this.primary_blob_endpoint}backups"
}

output "trace_url" {
  description = "Where traces go."
  value       = "${azurerm_storage_account.this.primary_blob_endpoint}traces"
}

output "log_destination" {
  description = "Where log lines go: the id of a Log Analytics workspace."
  value       = azurerm_log_analytics_workspace.this.id
}

output "identities" {
  description = "NAMESPACE/ACCOUNT to the identity in the cloud."
  value       = { for key, identity in azurerm_user_assigned_identity.this : local.accounts[key] => identity.client_id }
}

output "account_annotations" {
  description = "NAMESPACE/ACCOUNT to the annotations that bind it; the manifests take them."
  value = {
    for key, identity in azurerm_user_assigned_identity.this : local.accounts[key] => { "azure.workload.identity/client-id" = identity.client_id }
  }
}

output "pod_labels" {
  description = "Labels that pods with an identity need beside their own."
  value       = { "azure.workload.identity/use" = "true" }
}

output "manifest_components" {
  description = "Which of k8s/components this cloud needs."
  value       = []
}

output "system_namespaces" {
  description = "Namespaces that the cloud manages itself; admission policies leave them alone."
  value       = ["aks-command", "app-routing-system", "calico-system", "gatekeeper-system", "tigera-operator"]
}

output "cloud" {
  description = "What only Azure has."
  value = {
    storage_account   = azurerm_storage_account.this.name
    log_ingestion_url = azurerm_monitor_data_collection_endpoint.this.logs_ingestion_endpoint
    log_rule_id       = azurerm_monitor_data_collection_rule.this.immutable_id
    log_stream        = local.log_stream
  }
}
