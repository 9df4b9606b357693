output "cluster_id" {
  description = "The cluster's id: projects/P/locations/R/clusters/N."
  value       = google_container_cluster.this.id
}

output "cluster_name" {
  description = "The cluster's name."
  value       = google_container_cluster.this.name
}

output "endpoint" {
  description = "URL of the Kubernetes API; the private address unless the endpoint is public."
  value       = "https://${google_container_cluster.this.endpoint}"
}

output "kubernetes_version" {
  description = "Version that the control plane runs."
  value       = google_container_cluster.this.master_version
}

output "ca_certificate" {
  description = "The cluster's certificate authority, base64 PEM."
  value       = google_container_cluster.this.master_auth[0].cluster_ca_certificate
  sensitive   = true
}

output "oidc_issuer_url" {
  description = "Issuer of the cluster's service account tokens."
  value       = "https://container.googleapis.com/v1/${local.cluster_path}"
}

output "workload_identity" {
  description = "What binds a Kubernetes service account: append ns/NAMESPACE/sa/NAME to principal_prefix and grant that principal."
  value = {
    pool               = local.workload_pool
    provider           = "https://container.googleapis.com/v1/${local.cluster_path}"
    project_id         = var.cloud.project_id
    project_number     = local.project_number
    principal_prefix   = "principal://iam.googleapis.com/projects/${local.project_number}/locations/global/workloadIdentityPools/${local.workload_pool}/subject/"
    node_account       = google_service_account.nodes.email
    account_annotation = "iam.gke.io/gcp-service-account"
  }
}

output "node_pool_ids" {
  description = "Pool to its id."
  value       = { for name, pool in google_container_node_pool.this : name => pool.id }
}

output "secrets_key_id" {
  description = "Key of the Kubernetes Secrets; empty where encryption is off."
  value       = local.secrets_key_id
}

output "log_destination" {
  description = "Log bucket of the control-plane logs; empty where none are kept."
  value       = local.log_bucket ? google_logging_project_bucket_config.control_plane[0].id : ""
}

output "cloud" {
  description = "What only Google Cloud has."
  value = {
    project_id         = var.cloud.project_id
    location           = var.region
    dns_endpoint       = try(google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint, "")
    node_account_email = google_service_account.nodes.email
    disk_key_id        = local.disk_key_id == null ? "" : local.disk_key_id
    release_channel    = var.cloud.release_channel
  }
}
