output "network" {
  description = "The network layer's outputs."
  value       = module.network
}

output "cluster" {
  description = "The cluster layer's outputs."
  value       = module.cluster
  sensitive   = true
}

output "cluster_name" {
  description = "The cluster's name, for `gcloud container clusters get-credentials`."
  value       = module.cluster.cluster_name
}

output "endpoint" {
  description = "URL of the Kubernetes API; private, so from inside the network or what is connected to it."
  value       = module.cluster.endpoint
}

output "nat_public_ips" {
  description = "Addresses that the cluster's traffic leaves from."
  value       = module.network.nat_public_ips
}
