# Resource group, VNet, subnets and NAT. Azure's system routes already lead every subnet to the VNet and to its NAT gateway,
# and pods live in an overlay, so there is no route table to keep. Subnets need no tags either: on Azure neither the load
# balancer controller nor the autoscaler looks for them.

data "azurerm_client_config" "current" {}

locals {
  tags = merge(var.tags, {
    "hera-cluster"     = var.name
    "hera-environment" = var.environment
    "hera-stage"       = "network"
    "managed-by"       = "hera"
  })

  # Storage accounts share one name space with the whole world: 12 letters of the name, 12 of a hash of who and where.
  account_name = "${substr(replace(var.name, "-", ""), 0, 12)}${substr(sha256("${data.azurerm_client_config.current.subscription_id}/${var.region}/${var.name}"), 0, 12)}"

  # A zone's subnet depends on its number, not on its place in the list: adding or reordering zones moves nothing.
  private_ranges   = { for zone in var.zones : zone => cidrsubnet(var.cidr, 2, tonumber(zone) - 1) }
  public_range     = cidrsubnet(var.cidr, 4, 12)
  endpoint_range   = cidrsubnet(var.cidr, 4, 13)
  api_server_range = cidrsubnet(var.cidr, 4, 14)

  nat_zones = toset(var.nat_mode == "zone" ? var.zones : [var.zones[0]])
  nat_of    = { for zone in var.zones : zone => var.nat_mode == "zone" ? zone : var.zones[0] }

  # Services without a resource of ours as target are reached by service endpoint; Private Link needs a target.
  service_endpoints = compact([
    contains(var.private_endpoints, "storage") ? "Microsoft.Storage" : "",
    contains(var.private_endpoints, "registry") ? "Microsoft.ContainerRegistry" : "",
    contains(var.private_endpoints, "secrets") ? "Microsoft.KeyVault" : "",
  ])
}

resource "azurerm_resource_group" "this" {
  name     = "hera-${var.name}"
  location = var.region
  tags     = local.tags
}

resource "azurerm_virtual_network" "this" {
  name                           = "${var.name}-vnet"
  resource_group_name            = azurerm_resource_group.this.name
  location                       = azurerm_resource_group.this.location
  address_space                  = [var.cidr]
  dns_servers                    = length(var.cloud.dns_servers) > 0 ? var.cloud.dns_servers : null
  private_endpoint_vnet_policies = "Disabled"
  tags                           = local.tags

  dynamic "encryption" {
    for_each = var.cloud.encryption ? ["on"] : []

    content {
      enforcement = "AllowUnencrypted"
    }
  }

  dynamic "ddos_protection_plan" {
    for_each = var.cloud.ddos_protection_plan == null ? [] : [var.cloud.ddos_protection_plan]

    content {
      id     = ddos_protection_plan.value
      enable = true
    }
  }
}

# Nodes, a subnet a zone so that each zone leaves through its own NAT gateway.
resource "azurerm_subnet" "private" {
  for_each = local.private_ranges

  name                              = "private-${each.key}"
  resource_group_name               = azurerm_resource_group.this.name
  virtual_network_name              = azurerm_virtual_network.this.name
  address_prefixes                  = [each.value]
  service_endpoints                 = local.service_endpoints
  default_outbound_access_enabled   = false
  private_endpoint_network_policies = "Enabled"
}

# Front ends such as Application Gateway; Azure subnets span zones, so all zones share it.
resource "azurerm_subnet" "public" {
  name                              = "public"
  resource_group_name               = azurerm_resource_group.this.name
  virtual_network_name              = azurerm_virtual_network.this.name
  address_prefixes                  = [local.public_range]
  default_outbound_access_enabled   = false
  private_endpoint_network_policies = "Enabled"
}

resource "azurerm_subnet" "endpoints" {
  name                              = "endpoints"
  resource_group_name               = azurerm_resource_group.this.name
  virtual_network_name              = azurerm_virtual_network.this.name
  address_prefixes                  = [local.endpoint_range]
  default_outbound_access_enabled   = false
  private_endpoint_network_policies = "Enabled" # security groups count for the endpoints too
}

# The API server's own subnet (VNet integration): AKS alone puts addresses here, and manages its way out.
resource "azurerm_subnet" "api_server" {
  name                 = "api-server"
  resource_group_name  = azurerm_resource_group.this.name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [local.api_server_range]

  delegation {
    name = "aks"

    service_delegation {
      name    = "Microsoft.ContainerService/managedClusters"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_public_ip" "nat" {
  for_each = local.nat_zones

  name                = "${var.name}-nat-${each.key}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = [each.key]
  tags                = local.tags
}

resource "azurerm_nat_gateway" "this" {
  for_each = local.nat_zones

  name                    = "${var.name}-nat-${each.key}"
  resource_group_name     = azurerm_resource_group.this.name
  location                = azurerm_resource_group.this.location
  sku_name                = "Standard"
  idle_timeout_in_minutes = var.cloud.nat_idle_minutes
  zones                   = [each.key]
  tags                    = local.tags
}

resource "azurerm_nat_gateway_public_ip_association" "this" {
  for_each = local.nat_zones

  nat_gateway_id       = azurerm_nat_gateway.this[each.key].id
  public_ip_address_id = azurerm_public_ip.nat[each.key].id
}

resource "azurerm_subnet_nat_gateway_association" "private" {
  for_each = local.nat_of

  subnet_id      = azurerm_subnet.private[each.key].id
  nat_gateway_id = azurerm_nat_gateway.this[each.value].id

  # A subnet whose gateway has no address is a subnet without a way out.
  depends_on = [azurerm_nat_gateway_public_ip_association.this]
}
