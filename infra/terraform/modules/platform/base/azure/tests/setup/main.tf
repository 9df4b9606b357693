# The group and a subnet, as the network layer makes them.

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
  name                 = "private-1"
  resource_group_name  = azurerm_resource_group.this.name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = ["10.20.0.0/24"]
  service_endpoints    = ["Microsoft.Storage"]
}

output "subnet_id" {
  description = "A subnet of the nodes."
  value       = azurerm_subnet.this.id
}
