output "network_id" {
  value       = azurerm_virtual_network.this.id
  description = "The VNet's id."
}

output "network_name" {
  value       = azurerm_virtual_network.this.name
  description = "The VNet's name."
}

output "cidr" {
  value       = var.cidr
  description = "The VNet's range."
}

output "private_subnet_ids" {
  value       = { for zone, subnet in azurerm_subnet.private : zone => subnet.id }
  description = "Zone to node subnet, once it has its way out: AKS refuses subnets without their NAT gateway."

  depends_on = [
    azurerm_subnet_nat_gateway_association.private,
    azurerm_subnet_network_security_group_association.private,
    azurerm_subnet_network_security_group_association.others,
  ]
}

output "public_subnet_ids" {
  value       = { for zone in var.zones : zone => azurerm_subnet.public.id }
  description = "Zone to public subnet; all zones share one, because Azure subnets are regional."
}

output "nat_public_ips" {
  value       = [for address in azurerm_public_ip.nat : address.ip_address]
  description = "Addresses that the cluster's traffic leaves from, by zone."
}

output "cloud" {
  value = {
    resource_group       = azurerm_resource_group.this.name
    api_server_subnet_id = azurerm_subnet.api_server.id
    endpoint_subnet_id   = azurerm_subnet.endpoints.id
    private_endpoints    = join(",", sort(var.private_endpoints))
    vault_dns_zone_id    = try(azurerm_private_dns_zone.this["privatelink.vaultcore.azure.net"].id, "")
    monitor_scope        = try(azurerm_monitor_private_link_scope.this[0].name, "")
    flow_logs_account    = try(azurerm_storage_account.flow_logs[0].name, "")
    flow_logs_workspace  = try(azurerm_log_analytics_workspace.flow_logs[0].id, "")
  }
  description = "What the cluster layer needs beside the contract; `private_endpoints` is a comma list known at plan time."
}
