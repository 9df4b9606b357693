# What is refused before anything is touched.

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
  cloud         = { subnet_ids = ["/subscriptions/s/resourceGroups/hera-demo/providers/Microsoft.Network/virtualNetworks/demo-vnet/subnets/private-1"] }
}

run "name" {
  command = plan

  variables {
    name = "Demo"
  }

  expect_failures = [var.name]
}

run "environment" {
  command = plan

  variables {
    environment = "test"
  }

  expect_failures = [var.environment]
}

run "region" {
  command = plan

  variables {
    region = "somewhere else"
  }

  expect_failures = [var.region]
}

run "issuer" {
  command = plan

  variables {
    cluster = { cluster_id = "x", cluster_name = "demo", oidc_issuer_url = "http://x", workload_identity = { provider_arn = "x", resource_group = "x", audience = "x", project_number = "1", principal_prefix = "x" }, cloud = {} }
  }

  expect_failures = [var.cluster]
}

run "retention" {
  command = plan

  variables {
    backups = { retention_days = 0, cool_after_days = 0, archive_after_days = 0, lock = false, delete_with_cluster = true }
  }

  expect_failures = [var.backups]
}

run "cool_after_the_end" {
  command = plan

  variables {
    backups = { retention_days = 30, cool_after_days = 30, archive_after_days = 0, lock = false, delete_with_cluster = true }
  }

  expect_failures = [var.backups]
}

run "archive_too_soon" {
  command = plan

  variables {
    backups = { retention_days = 365, cool_after_days = 30, archive_after_days = 40, lock = false, delete_with_cluster = true }
  }

  expect_failures = [var.backups]
}

run "locked_and_deleted" {
  command = plan

  variables {
    backups = { retention_days = 365, cool_after_days = 30, archive_after_days = 90, lock = true, delete_with_cluster = true }
  }

  expect_failures = [var.backups]
}

run "traces" {
  command = plan

  variables {
    traces = { retention_days = 0 }
  }

  expect_failures = [var.traces]
}

run "logs" {
  command = plan

  variables {
    logs = { retention_days = 0 }
  }

  expect_failures = [var.logs]
}

run "secret_prefix" {
  command = plan

  variables {
    secret_prefix = ""
  }

  expect_failures = [var.secret_prefix]
}

run "replication" {
  command = plan

  variables {
    cloud = { replication = "TWICE" }
  }

  expect_failures = [var.cloud]
}

run "half_an_endpoint" {
  command = plan

  variables {
    cloud = { endpoint_subnet_id = "x" }
  }

  expect_failures = [var.cloud]
}

run "neither_locked_nor_deleted" {
  command = plan

  variables {
    backups = { retention_days = 365, cool_after_days = 30, archive_after_days = 90, lock = false, delete_with_cluster = false }
  }

  expect_failures = [var.backups]
}
