# The group that the network layer makes.

resource "azurerm_resource_group" "this" {
  name     = "hera-demo"
  location = "westeurope"
}
