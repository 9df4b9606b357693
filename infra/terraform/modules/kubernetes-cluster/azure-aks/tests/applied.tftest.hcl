# The cluster on a network, applied: outputs, and changes of a living cluster. Each step starts from what the one before made.

provider "azurerm" {
  features {}
}

variables {
  name               = "demo"
  environment        = "prod"
  region             = "westeurope"
  tags               = { team = "shop" }
  pod_cidr           = "10.128.0.0/14"
  service_cidr       = "172.20.0.0/16"
  zones              = ["1", "2", "3"]
  kubernetes_version = "1.34"
  endpoint           = { public = false, allowed_cidrs = [] }
  control_plane_logs = { types = ["api", "audit", "authenticator", "controller-manager", "scheduler"], retention_days = 365 }
  secrets_encryption = true
  node_pools = {
    general = {
      machine_type = "Standard_D4ds_v5", min_size = 4, max_size = 8, spot = false, disk_gb = 100,
      labels       = { tier = "general" }, taints = [{ key = "tier", value = "general", effect = "PreferNoSchedule" }], zones = ["1", "2", "3"]
    }
  }
  autoscaler_profile  = "conservative"
  maintenance_window  = { day = "Sunday", start_hour = 3, duration_hours = 4 }
  deletion_protection = true
  admin_groups        = ["aaaaaaaa-0000-4000-8000-000000000001"]
  cloud               = { operator_cidrs = ["198.51.100.0/24"] }
}

run "network" {
  module {
    source = "./tests/setup"
  }
}

run "made" {
  command = apply

  variables {
    network = run.network.network
  }

  assert {
    condition     = startswith(output.endpoint, "https://") && endswith(output.endpoint, ":443") && output.cluster_name == "demo" && output.kubernetes_version == "1.34"
    error_message = "Name, version and address."
  }

  assert {
    condition     = can(base64decode(output.ca_certificate)) && output.ca_certificate != "" && startswith(output.oidc_issuer_url, "https://")
    error_message = "What a client needs to trust the cluster."
  }

  assert {
    condition     = toset(keys(output.node_pool_ids)) == toset(["general/1", "general/2", "general/3", "system/1", "system/2", "system/3"])
    error_message = "Every pool and zone has an id."
  }

  assert {
    condition     = output.workload_identity["issuer_url"] == output.oidc_issuer_url && output.workload_identity["audience"] == "api://AzureADTokenExchange"
    error_message = "What binds identities."
  }

  assert {
    condition     = strcontains(output.secrets_key_id, "/keys/kubernetes-secrets/") && endswith(output.log_destination, "/workspaces/demo-control-plane")
    error_message = "Key and workspace."
  }

  assert {
    condition     = output.cloud["resource_group"] == "hera-demo" && output.cloud["node_resource_group"] == "hera-demo-nodes"
    error_message = "Groups as infra/providers/azure/names.py has them."
  }
}

# A pool less and another administrator under deletion protection: the lock gives way and comes back.
run "changed_under_protection" {
  command = apply

  variables {
    network      = run.network.network
    admin_groups = ["aaaaaaaa-0000-4000-8000-000000000002"]
    node_pools = {
      general = { machine_type = "Standard_D8ds_v5", min_size = 2, max_size = 4, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["1", "2"] }
    }
  }

  assert {
    condition     = output.cluster_id == run.made.cluster_id && toset(keys(output.node_pool_ids)) == toset(["general/1", "general/2", "system/1", "system/2", "system/3"])
    error_message = "The cluster stays, a pool goes."
  }

  assert {
    condition     = length(azurerm_management_lock.cluster) == 1 && keys(azurerm_role_assignment.admins) == ["aaaaaaaa-0000-4000-8000-000000000002"]
    error_message = "The lock is back."
  }
}

run "upgraded" {
  command = apply

  variables {
    network            = run.network.network
    kubernetes_version = "1.35"
    admin_groups       = ["aaaaaaaa-0000-4000-8000-000000000002"]
    node_pools = {
      general = { machine_type = "Standard_D8ds_v5", min_size = 2, max_size = 4, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["1", "2"] }
    }
  }

  assert {
    condition     = output.cluster_id == run.made.cluster_id && output.kubernetes_version == "1.35" && alltrue([for pool in azurerm_kubernetes_cluster_node_pool.this : pool.orchestrator_version == "1.35"])
    error_message = "Control plane and pools go to the next version in place."
  }
}
