# The network that the applied test's cluster stands in: as much of the network layer's outputs as the cluster reads.

locals {
  zones = ["1", "2", "3"]
}

resource "azurerm_resource_group" "this" {
  name     = "hera-demo"
  location = "westeurope"
}

resource "azurerm_virtual_network" "this" {
  name                = "demo-vnet"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  address_space       = ["10.20.0.0/16"]
}

resource "azurerm_subnet" "this" {
  #checkov:skip=CKV2_AZURE_31: a network for a test on the simulator; the network module guards every subnet
  for_each = { private-1 = 0, private-2 = 1, private-3 = 2, public = 3, endpoints = 4, api-server = 5 }

  name                 = each.key
  resource_group_name  = azurerm_resource_group.this.name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [cidrsubnet("10.20.0.0/16", 8, each.value)]
}

resource "azurerm_private_dns_zone" "vault" {
  name                = "privatelink.vaultcore.azure.net"
  resource_group_name = azurerm_resource_group.this.name
}

resource "azurerm_monitor_private_link_scope" "this" {
  name                  = "demo-monitor"
  resource_group_name   = azurerm_resource_group.this.name
  ingestion_access_mode = "PrivateOnly"
  query_access_mode     = "Open"
}

output "network" {
  description = "The network layer's outputs."
  value = {
    network_id         = azurerm_virtual_network.this.id
    network_name       = azurerm_virtual_network.this.name
    cidr               = "10.20.0.0/16"
    private_subnet_ids = { for zone in local.zones : zone => azurerm_subnet.this["private-${zone}"].id }
    public_subnet_ids  = { for zone in local.zones : zone => azurerm_subnet.this["public"].id }
    nat_public_ips     = ["20.0.0.1"]
    cloud = {
      resource_group       = azurerm_resource_group.this.name
      api_server_subnet_id = azurerm_subnet.this["api-server"].id
      endpoint_subnet_id   = azurerm_subnet.this["endpoints"].id
      private_endpoints    = "logs,registry,secrets,storage"
      vault_dns_zone_id    = azurerm_private_dns_zone.vault.id
      monitor_scope        = azurerm_monitor_private_link_scope.this.name
    }
  }
}
