# In the style of Azure/terraform-azurerm-network and avm-res-network-virtualnetwork, written from memory.
variable "resource_group_name" { type = string }
variable "location" { type = string }
variable "name" { type = string }
variable "address_space" { type = list(string) }
variable "subnets" {
  type = map(object({
    address_prefixes  = list(string)
    service_endpoints = optional(list(string))
    nat               = optional(bool, true)
    delegations       = optional(list(object({ name = string, service = string, actions = optional(list(string)) })), [])
    rules             = optional(map(object({ priority = number, port = string, source = optional(string, "*") })), {})
  }))
}
variable "tags" {
  type    = map(string)
  default = {}
}
data "azurerm_resource_group" "this" { name = var.resource_group_name }
resource "azurerm_virtual_network" "this" {
  name                = var.name
  location            = coalesce(var.location, data.azurerm_resource_group.this.location)
  resource_group_name = data.azurerm_resource_group.this.name
  address_space       = var.address_space
  dns_servers         = null
  dynamic "ddos_protection_plan" {
    for_each = toset([])
    content {
      enable = true
      id     = ddos_protection_plan.value
    }
  }
  tags = var.tags
}
resource "azurerm_subnet" "this" {
  for_each                          = var.subnets
  name                              = each.key
  resource_group_name               = data.azurerm_resource_group.this.name
  virtual_network_name              = azurerm_virtual_network.this.name
  address_prefixes                  = each.value.address_prefixes
  service_endpoints                 = each.value.service_endpoints
  private_endpoint_network_policies = "Enabled"
  dynamic "delegation" {
    for_each = each.value.delegations
    content {
      name = delegation.value.name
      service_delegation {
        name    = delegation.value.service
        actions = delegation.value.actions
      }
    }
  }
}
resource "azurerm_network_security_group" "this" {
  for_each            = { for k, v in var.subnets : k => v if length(v.rules) > 0 }
  name                = "${each.key}-nsg"
  location            = var.location
  resource_group_name = var.resource_group_name
  dynamic "security_rule" {
    for_each = each.value.rules
    content {
      name                       = security_rule.key
      priority                   = security_rule.value.priority
      direction                  = "Inbound"
      access                     = "Allow"
      protocol                   = "Tcp"
      source_port_range          = "*"
      destination_port_range     = security_rule.value.port
      source_address_prefix      = security_rule.value.source
      destination_address_prefix = "*"
    }
  }
  depends_on = [azurerm_virtual_network.this]
}
resource "azurerm_subnet_network_security_group_association" "this" {
  for_each                  = azurerm_network_security_group.this
  subnet_id                 = azurerm_subnet.this[each.key].id
  network_security_group_id = each.value.id
}
resource "azurerm_public_ip" "nat" {
  name                = "${var.name}-nat"
  location            = var.location
  resource_group_name = var.resource_group_name
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = ["1", "2", "3"]
}
resource "azurerm_nat_gateway" "this" {
  name                = "${var.name}-nat"
  location            = var.location
  resource_group_name = var.resource_group_name
}
resource "azurerm_nat_gateway_public_ip_association" "this" {
  nat_gateway_id       = azurerm_nat_gateway.this.id
  public_ip_address_id = azurerm_public_ip.nat.id
}
resource "azurerm_subnet_nat_gateway_association" "this" {
  for_each       = { for k, v in var.subnets : k => v if v.nat }
  subnet_id      = azurerm_subnet.this[each.key].id
  nat_gateway_id = azurerm_nat_gateway.this.id
}
output "vnet_id" { value = azurerm_virtual_network.this.id }
output "subnet_ids" { value = { for k, s in azurerm_subnet.this : k => s.id } }
