# Values that are refused before anything is planned.

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

  network = {
    network_id         = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/hera-demo/providers/Microsoft.Network/virtualNetworks/demo-vnet"
    network_name       = "demo-vnet"
    cidr               = "10.20.0.0/16"
    private_subnet_ids = { for zone in ["1", "2", "3"] : zone => "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/hera-demo/providers/Microsoft.Network/virtualNetworks/demo-vnet/subnets/private-${zone}" }
    public_subnet_ids  = { for zone in ["1", "2", "3"] : zone => "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/hera-demo/providers/Microsoft.Network/virtualNetworks/demo-vnet/subnets/public" }
    nat_public_ips     = ["20.0.0.1"]
    cloud = {
      resource_group       = "hera-demo"
      api_server_subnet_id = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/hera-demo/providers/Microsoft.Network/virtualNetworks/demo-vnet/subnets/api-server"
      endpoint_subnet_id   = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/hera-demo/providers/Microsoft.Network/virtualNetworks/demo-vnet/subnets/endpoints"
      private_endpoints    = "logs,registry,secrets,storage"
      vault_dns_zone_id    = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/hera-demo/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net"
      monitor_scope        = "demo-monitor"
    }
  }
}

run "name_of_a_person" {
  command = plan
  variables {
    name = "Demo Cluster"
  }
  expect_failures = [var.name]
}

run "environment" {
  command = plan
  variables {
    environment = "qa"
  }
  expect_failures = [var.environment]
}

run "zones" {
  command = plan
  variables {
    zones = ["a"]
  }
  expect_failures = [var.zones]
}

run "patch_version" {
  command = plan
  variables {
    kubernetes_version = "1.34.2"
  }
  expect_failures = [var.kubernetes_version]
}

run "public_for_nobody" {
  command = plan
  variables {
    endpoint = { public = true, allowed_cidrs = [] }
  }
  expect_failures = [var.endpoint]
}

run "log_type" {
  command = plan
  variables {
    control_plane_logs = { types = ["etcd"], retention_days = 30 }
  }
  expect_failures = [var.control_plane_logs]
}

run "log_days" {
  command = plan
  variables {
    control_plane_logs = { types = [], retention_days = 0 }
  }
  expect_failures = [var.control_plane_logs]
}

run "pool_name_too_long" {
  command = plan
  variables {
    node_pools = { abcdefghijkl = { machine_type = "Standard_D4ds_v5", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["1"] } }
  }
  expect_failures = [var.node_pools]
}

run "pool_name_taken" {
  command = plan
  variables {
    node_pools = { system = { machine_type = "Standard_D4ds_v5", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["1"] } }
  }
  expect_failures = [var.node_pools]
}

run "machine_of_another_cloud" {
  command = plan
  variables {
    node_pools = { general = { machine_type = "m7i.large", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["1"] } }
  }
  expect_failures = [var.node_pools]
}

run "more_least_than_most" {
  command = plan
  variables {
    node_pools = { general = { machine_type = "Standard_D4ds_v5", min_size = 5, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["1"] } }
  }
  expect_failures = [var.node_pools]
}

run "disk_too_large" {
  command = plan
  variables {
    node_pools = { general = { machine_type = "Standard_D4ds_v5", min_size = 1, max_size = 3, spot = false, disk_gb = 4096, labels = {}, taints = [], zones = ["1"] } }
  }
  expect_failures = [var.node_pools]
}

run "zone_outside" {
  command = plan
  variables {
    zones      = ["1", "2"]
    node_pools = { general = { machine_type = "Standard_D4ds_v5", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["3"] } }
  }
  expect_failures = [var.node_pools]
}

run "taint_effect" {
  command = plan
  variables {
    node_pools = { general = { machine_type = "Standard_D4ds_v5", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [{ key = "a", value = "", effect = "Never" }], zones = ["1"] } }
  }
  expect_failures = [var.node_pools]
}

run "label_of_aks" {
  command = plan
  variables {
    node_pools = { general = { machine_type = "Standard_D4ds_v5", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = { "kubernetes.azure.com/mode" = "user" }, taints = [], zones = ["1"] } }
  }
  expect_failures = [var.node_pools]
}

run "autoscaler_profile" {
  command = plan
  variables {
    autoscaler_profile = "eager"
  }
  expect_failures = [var.autoscaler_profile]
}

run "maintenance_day" {
  command = plan
  variables {
    maintenance_window = { day = "Someday", start_hour = 3, duration_hours = 4 }
  }
  expect_failures = [var.maintenance_window]
}

run "maintenance_too_short" {
  command = plan
  variables {
    maintenance_window = { day = "Sunday", start_hour = 3, duration_hours = 1 }
  }
  expect_failures = [var.maintenance_window]
}

run "group_by_name" {
  command = plan
  variables {
    admin_groups = ["platform-team"]
  }
  expect_failures = [var.admin_groups]
}

run "services_in_the_network" {
  command = plan
  variables {
    service_cidr = "10.20.64.0/20"
  }
  expect_failures = [var.service_cidr]
}

run "long_term_support_for_free" {
  command = plan
  variables {
    cloud = { long_term_support = true }
  }
  expect_failures = [var.cloud]
}

run "public_by_private_link" {
  command = plan
  variables {
    endpoint = { public = true, allowed_cidrs = ["203.0.113.0/24"] }
    cloud    = { api_server_vnet_integration = false }
  }
  expect_failures = [var.cloud]
}

run "no_system_nodes" {
  command = plan
  variables {
    cloud = { system_pool = { min_size = 0 } }
  }
  expect_failures = [var.cloud]
}

run "minor_upgrades_by_themselves" {
  command = plan
  variables {
    cloud = { upgrade_channel = "stable" }
  }
  expect_failures = [var.cloud]
}

run "surge" {
  command = plan
  variables {
    cloud = { max_surge = "0" }
  }
  expect_failures = [var.cloud]
}

run "role_propagation" {
  command = plan
  variables {
    cloud = { role_propagation = "soon" }
  }
  expect_failures = [var.cloud]
}
