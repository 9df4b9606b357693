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
  description = "The cluster's name, for `az aks get-credentials --name`."
  value       = module.cluster.cluster_name
}

output "resource_group" {
  description = "The cluster's resource group, for `az aks get-credentials --resource-group`."
  value       = module.network.cloud["resource_group"]
}

output "endpoint" {
  description = "URL of the Kubernetes API; private, so from inside the VNet or what is connected to it."
  value       = module.cluster.endpoint
}

output "nat_public_ips" {
  description = "Addresses that the cluster's traffic leaves from."
  value       = module.network.nat_public_ips
}
