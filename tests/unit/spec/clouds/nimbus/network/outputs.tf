output "network_id" {
  description = "Id of the network."
  value       = terraform_data.network.id
}

output "network_name" {
  description = "Name of the network."
  value       = terraform_data.network.output.name
}

output "cidr" {
  description = "Range of the network."
  value       = terraform_data.network.output.cidr
}

output "private_subnet_ids" {
  description = "Private subnet of each zone."
  value       = { for zone in var.zones : zone => "${terraform_data.network.id}/private/${zone}" }
}

output "public_subnet_ids" {
  description = "Public subnet of each zone."
  value       = { for zone in var.zones : zone => "${terraform_data.network.id}/public/${zone}" }
}

output "nat_public_ips" {
  description = "Addresses that traffic leaves from."
  value       = [for index, zone in var.zones : "203.0.113.${index + 1}" if index == 0 || var.nat_mode == "zone"]
}

output "cloud" {
  description = "What only Nimbus has."
  value       = { altitude = tostring(var.cloud.altitude) }
}
