# One security group a kind of subnet. Azure's default rules stay below ours: VNet in, load balancer probes in, the rest denied.

locals {
  ingress = [for ports in [sort([for port in var.cloud.public_ingress_ports : tostring(port)])] : {
    name     = "allow-public-ingress"
    priority = 200
    access   = "Allow"
    protocol = "Tcp"
    ports    = ports
    sources  = var.cloud.public_ingress_cidrs
    source   = ""
  } if length(ports) > 0]

  rules = {
    private = local.ingress
    public  = local.ingress

    endpoints = [
      { name = "allow-https-from-network", priority = 200, access = "Allow", protocol = "Tcp", ports = ["443"], sources = [var.cidr], source = "" },
      { name = "deny-rest", priority = 4096, access = "Deny", protocol = "*", ports = ["0-65535"], sources = [], source = "*" },
    ]

    # What the AKS documentation asks of an API server subnet: nodes and people to 443 and 4443, health probes to 9988.
    api-server = [
      { name = "allow-api-from-network", priority = 200, access = "Allow", protocol = "Tcp", ports = ["443", "4443"], sources = [], source = "VirtualNetwork" },
      { name = "allow-probes", priority = 210, access = "Allow", protocol = "Tcp", ports = ["9988"], sources = [], source = "AzureLoadBalancer" },
    ]
  }
}

resource "azurerm_network_security_group" "this" {
  for_each = local.rules

  name                = "${var.name}-${each.key}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = local.tags

  # As an attribute and not as blocks: an empty list then means no rules at all, also none that somebody added by hand.
  security_rule = [for rule in each.value : {
    name                                       = rule.name
    description                                = ""
    priority                                   = rule.priority
    direction                                  = "Inbound"
    access                                     = rule.access
    protocol                                   = rule.protocol
    source_port_range                          = "*"
    source_port_ranges                         = []
    source_address_prefix                      = rule.source
    source_address_prefixes                    = rule.sources
    source_application_security_group_ids      = []
    destination_port_range                     = ""
    destination_port_ranges                    = rule.ports
    destination_address_prefix                 = "*"
    destination_address_prefixes               = []
    destination_application_security_group_ids = []
  }]
}

# Which instances there are depends on the inputs alone, and no local or output names an instance that a killed run may not have
# made: Terraform looks at all of them while it adopts the rest.
resource "azurerm_subnet_network_security_group_association" "private" {
  for_each = local.private_ranges

  subnet_id                 = azurerm_subnet.private[each.key].id
  network_security_group_id = azurerm_network_security_group.this["private"].id
}

resource "azurerm_subnet_network_security_group_association" "others" {
  for_each = {
    public     = azurerm_subnet.public.id
    endpoints  = azurerm_subnet.endpoints.id
    api-server = azurerm_subnet.api_server.id
  }

  subnet_id                 = each.value
  network_security_group_id = azurerm_network_security_group.this[each.key].id
}
