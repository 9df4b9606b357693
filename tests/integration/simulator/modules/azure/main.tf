terraform {
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.0"
    }
    random = { source = "hashicorp/random" }
    azapi  = { source = "Azure/azapi" }
    null   = { source = "hashicorp/null" }
    tls    = { source = "hashicorp/tls" }
  }
}
variable "node_labels" {
  type    = map(string)
  default = { pool = "default" }
}
provider "azurerm" {
  subscription_id = "11111111-1111-4111-8111-111111111111"
  features {
    key_vault {
      purge_soft_delete_on_destroy = false
    }
  }
}
resource "azurerm_resource_group" "main" {
  name     = "ex-aks"
  location = "West Europe"
}
module "network" {
  source              = "./network"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  name                = "ex-vnet"
  address_space       = ["10.0.0.0/8"]
  subnets = {
    nodes     = { address_prefixes = ["10.1.0.0/16"], service_endpoints = ["Microsoft.KeyVault"], rules = { https = { priority = 100, port = "443" } } }
    endpoints = { address_prefixes = ["10.2.0.0/24"], nat = false }
    flexible  = { address_prefixes = ["10.3.0.0/24"], nat = false, delegations = [{ name = "pg", service = "Microsoft.DBforPostgreSQL/flexibleServers", actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"] }] }
  }
}
module "aks" {
  source              = "./aks"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  prefix              = "ex"
  vnet_subnet_id      = module.network.subnet_ids["nodes"]
  node_pools = {
    work = { vm_size = "Standard_D4s_v5", min_count = 1, max_count = 5, node_labels = var.node_labels, upgrade_settings = { max_surge = "33%" } }
    gpu  = { vm_size = "Standard_NC6s_v3", node_taints = ["sku=gpu:NoSchedule"] }
  }
  depends_on = [module.network]
}
resource "azurerm_management_lock" "vnet" {
  name       = "vnet"
  scope      = module.network.vnet_id
  lock_level = "CanNotDelete"
  depends_on = [module.network, module.aks]
}
output "oidc" { value = module.aks.oidc }
output "private_fqdn" { value = module.aks.private_fqdn }
