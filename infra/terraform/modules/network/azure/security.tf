# One security group a kind of subnet. Azure's default rules stay below ours: VNet in, load balancer probes in, the rest denied.

locals {
  rules = {
    private = [for ports in [sort([for port in var.cloud.public_ingress_ports : tostring(port)])] : {
      name     = "allow-public-ingress"
      priority = 200
      access   = "Allow"
      protocol = "Tcp"
      ports    = ports
      sources  = var.cloud.public_ingress_cidrs
      source   = null
    } if length(ports) > 0]

    public = [for ports in [sort([for port in var.cloud.public_ingress_ports : tostring(port)])] : {
      name     = "allow-public-ingress"
      priority = 200
      access   = "Allow"
      protocol = "Tcp"
      ports    = ports
      sources  = var.cloud.public_ingress_cidrs
      source   = null
    } if length(ports) > 0]

    endpoints = [
      { name = "allow-https-from-network", priority = 200, access = "Allow", protocol = "Tcp", ports = ["443"], sources = [var.cidr], source = null },
      { name = "deny-rest", priority = 4096, access = "Deny", protocol = "*", ports = ["0-65535"], sources = null, source = "*" },
    ]

    # What the AKS documentation asks of an API server subnet: nodes and people to 443 and 4443, health probes to 9988.
    api-server = [
      { name = "allow-api-from-network", priority = 200, access = "Allow", protocol = "Tcp", ports = ["443", "4443"], sources = null, source = "VirtualNetwork" },
      { name = "allow-probes", priority = 210, access = "Allow", protocol = "Tcp", ports = ["9988"], sources = null, source = "AzureLoadBalancer" },
    ]
  }

  guarded_subnets = merge(
    { for zone, subnet in azurerm_subnet.private : "private-${zone}" => { group = "private", id = subnet.id } },
    {
      public     = { group = "public", id = azurerm_subnet.public.id }
      endpoints  = { group = "endpoints", id = azurerm_subnet.endpoints.id }
      api-server = { group = "api-server", id = azurerm_subnet.api_server.id }
    },
  )
}

resource "azurerm_network_security_group" "this" {
  for_each = local.rules

  name                = "${var.name}-${each.key}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = local.tags

  dynamic "security_rule" {
    for_each = each.value

    content {
      name                       = security_rule.value.name
      priority                   = security_rule.value.priority
      direction                  = "Inbound"
      access                     = security_rule.value.access
      protocol                   = security_rule.value.protocol
      source_port_range          = "*"
      destination_port_ranges    = security_rule.value.ports
      source_address_prefixes    = security_rule.value.sources
      source_address_prefix      = security_rule.value.source
      destination_address_prefix = "*"
    }
  }
}

resource "azurerm_subnet_network_security_group_association" "this" {
  for_each = local.guarded_subnets

  subnet_id                 = each.value.id
  network_security_group_id = azurerm_network_security_group.this[each.value.group].id
}
