output "cluster_name" {
  description = "The cluster's name."
  value       = module.cluster.cluster_name
}

output "endpoint" {
  description = "URL of the Kubernetes API."
  value       = module.cluster.endpoint
}

output "oidc_issuer_url" {
  description = "Issuer of the cluster's service account tokens."
  value       = module.cluster.oidc_issuer_url
}

output "workload_identity" {
  description = "What binds a Kubernetes service account to an identity of the cloud."
  value       = module.cluster.workload_identity
}

output "nat_public_ips" {
  description = "Addresses that the cluster's traffic leaves from."
  value       = module.network.nat_public_ips
}
