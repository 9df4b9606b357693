locals {
  api_server_name = local.private_only ? azurerm_kubernetes_cluster.this.private_fqdn : azurerm_kubernetes_cluster.this.fqdn
}

output "cluster_id" {
  value       = azurerm_kubernetes_cluster.this.id
  description = "The cluster's resource id."
}

output "cluster_name" {
  value       = azurerm_kubernetes_cluster.this.name
  description = "The cluster's name."
}

output "endpoint" {
  value       = "https://${local.api_server_name}:443"
  description = "Address of the Kubernetes API: the private name, or the public one where endpoint.public asks for it."
}

output "kubernetes_version" {
  value       = azurerm_kubernetes_cluster.this.kubernetes_version
  description = "The Kubernetes version that was asked for; AKS keeps its patches current."
}

output "ca_certificate" {
  value       = try(azurerm_kubernetes_cluster.this.kube_config[0].cluster_ca_certificate, "")
  description = "The API server's certificate authority, base64 PEM."
  sensitive   = true
}

output "oidc_issuer_url" {
  value       = azurerm_kubernetes_cluster.this.oidc_issuer_url
  description = "Issuer of service account tokens, for workload identity."
}

output "workload_identity" {
  value = {
    issuer_url      = azurerm_kubernetes_cluster.this.oidc_issuer_url
    audience        = "api://AzureADTokenExchange"
    tenant_id       = local.tenant_id
    subscription_id = data.azurerm_client_config.current.subscription_id
    resource_group  = local.resource_group
    location        = var.region
  }
  description = "What a federated credential needs to bind a Kubernetes service account to an Entra identity."
}

output "node_pool_ids" {
  value = merge(
    { "system/${var.zones[0]}" = "${azurerm_kubernetes_cluster.this.id}/agentPools/system${var.zones[0]}" },
    { for zone, pool in azurerm_kubernetes_cluster_node_pool.system : "system/${zone}" => pool.id },
    { for key, pool in azurerm_kubernetes_cluster_node_pool.this : key => pool.id },
  )
  description = "Pool and zone to AKS pool id, system pools included."
}

output "secrets_key_id" {
  value       = var.secrets_encryption ? azurerm_key_vault_key.secrets[0].id : ""
  description = "The key that Kubernetes Secrets are encrypted under; empty where that is off."
}

output "log_destination" {
  value       = azurerm_log_analytics_workspace.this.id
  description = "The Log Analytics workspace of the control-plane logs."
}

output "cloud" {
  value = {
    resource_group             = local.resource_group
    node_resource_group        = azurerm_kubernetes_cluster.this.node_resource_group
    tenant_id                  = local.tenant_id
    control_plane_principal_id = azurerm_user_assigned_identity.control_plane.principal_id
    kubelet_client_id          = azurerm_user_assigned_identity.kubelet.client_id
    kubelet_principal_id       = azurerm_user_assigned_identity.kubelet.principal_id
    vault_id                   = local.vault_needed ? azurerm_key_vault.this[0].id : ""
    disk_encryption_set_id     = var.cloud.disk_encryption ? azurerm_disk_encryption_set.this[0].id : ""
  }
  description = "What only Azure has; `resource_group` and the cluster's name are what `kubelogin` and `az aks` want."
}
