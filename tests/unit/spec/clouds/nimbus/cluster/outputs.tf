output "cluster_id" {
  description = "Id of the cluster."
  value       = terraform_data.cluster.id
}

output "cluster_name" {
  description = "Name of the cluster."
  value       = terraform_data.cluster.output.name
}

output "endpoint" {
  description = "URL of the API."
  value       = "https://${terraform_data.cluster.id}.nimbus.invalid"
}

output "kubernetes_version" {
  description = "Version."
  value       = terraform_data.cluster.output.version
}

output "ca_certificate" {
  description = "Certificate of the API, base64."
  value       = base64encode("certificate of ${terraform_data.cluster.id}")
  sensitive   = true
}

output "oidc_issuer_url" {
  description = "Issuer of service account tokens."
  value       = "https://oidc.nimbus.invalid/${terraform_data.cluster.id}"
}

output "workload_identity" {
  description = "What the platform layer needs to bind identities."
  value       = {}
}

output "node_pool_ids" {
  description = "Ids of the pools."
  value       = { for name, pool in terraform_data.pool : name => pool.id }
}

output "secrets_key_id" {
  description = "Key of the Secrets."
  value       = ""
}

output "log_destination" {
  description = "Where logs are."
  value       = "sky"
}

output "cloud" {
  description = "What only Nimbus has."
  value       = {}
}
