output "network_id" {
  description = "The VPC's id."
  value       = aws_vpc.this.id
}

output "network_name" {
  description = "The VPC's name."
  value       = var.name
}

output "cidr" {
  description = "The VPC's range."
  value       = var.cidr
}

output "private_subnet_ids" {
  description = "Zone to private subnet: control plane, nodes and pods."
  value       = { for zone in var.zones : zone => aws_subnet.private[zone].id }
}

output "public_subnet_ids" {
  description = "Zone to public subnet: load balancers that face the internet."
  value       = { for zone in var.zones : zone => aws_subnet.public[zone].id }
}

output "nat_public_ips" {
  description = "Addresses that the cluster's traffic leaves from."
  value       = [for zone in local.nat_zones : aws_eip.nat[zone].public_ip]
}

output "cloud" {
  description = "What only AWS has: account, partition, the endpoints' security group and the flow logs' group (empty where off)."
  value = {
    account_id                  = local.account_id
    partition                   = local.partition
    endpoints_security_group_id = length(local.interface_endpoints) > 0 ? aws_security_group.endpoints[0].id : ""
    flow_log_group              = var.flow_logs.enabled ? local.flow_log_group : ""
  }
}
