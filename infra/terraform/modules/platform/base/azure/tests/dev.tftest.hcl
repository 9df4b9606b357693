# The shape of dev: short-lived, and gone with the cluster.

provider "azurerm" {
  features {}
}

variables {
  name        = "demo"
  environment = "prod"
  region      = "westeurope"
  tags        = { team = "shop" }
  cluster = {
    cluster_id        = "/subscriptions/s/resourceGroups/hera-demo/providers/Microsoft.ContainerService/managedClusters/demo"
    cluster_name      = "demo"
    oidc_issuer_url   = "https://westeurope.oic.prod-aks.azure.com/t/i/"
    workload_identity = { resource_group = "hera-demo", audience = "api://AzureADTokenExchange" }
    cloud             = {}
  }
  backups       = { retention_days = 365, cool_after_days = 30, archive_after_days = 90, lock = true, delete_with_cluster = false }
  traces        = { retention_days = 14 }
  logs          = { retention_days = 365 }
  secret_prefix = "hera/demo/"
}

run "network" {
  module {
    source = "./tests/setup"
  }
}

run "dev" {
  command = apply

  variables {
    cloud   = { subnet_ids = [run.network.subnet_id] }
    backups = { retention_days = 14, cool_after_days = 0, archive_after_days = 0, lock = false, delete_with_cluster = true }
  }

  assert {
    condition     = length(azurerm_storage_container_immutability_policy.backups) == 0
    error_message = "a dev cluster takes its backups along"
  }
}
