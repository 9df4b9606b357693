# What is refused, with a message that says what is accepted.

provider "aws" {
  region = "eu-west-1"
}

variables {
  name         = "orchard"
  environment  = "dev"
  region       = "eu-west-1"
  tags         = {}
  pod_cidr     = "10.128.0.0/14"
  service_cidr = "172.20.0.0/16"
  zones        = ["eu-west-1a", "eu-west-1b"]
  network = {
    network_id         = "vpc-0123456789abcdef0"
    network_name       = "orchard"
    cidr               = "10.20.0.0/16"
    private_subnet_ids = { "eu-west-1a" = "subnet-0a", "eu-west-1b" = "subnet-0b" }
    public_subnet_ids  = {}
    nat_public_ips     = []
    cloud              = {}
  }
  kubernetes_version  = "1.34"
  endpoint            = { public = false, allowed_cidrs = [] }
  control_plane_logs  = { types = ["api", "audit"], retention_days = 14 }
  secrets_encryption  = true
  autoscaler_profile  = "aggressive"
  maintenance_window  = { day = "Sunday", start_hour = 3, duration_hours = 4 }
  deletion_protection = false
  admin_groups        = ["arn:aws:iam::123456789012:role/platform"]
  cloud               = {}
  node_pools = {
    general = {
      machine_type = "m7i.large", min_size = 2, max_size = 6, spot = false, disk_gb = 50, labels = {}, taints = [], zones = []
    }
  }
}

run "version_with_a_patch" {
  command = plan
  variables { kubernetes_version = "1.34.2" }
  expect_failures = [var.kubernetes_version]
}

run "services_outside_private_ranges" {
  command = plan
  variables { service_cidr = "100.64.0.0/16" }
  expect_failures = [var.service_cidr]
}

run "zone_without_subnet" {
  command = plan
  variables { zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  expect_failures = [var.network]
}

run "public_endpoint_for_nobody_in_particular" {
  command = plan
  variables { endpoint = { public = true, allowed_cidrs = [] } }
  expect_failures = [var.endpoint]
}

run "unknown_log_type" {
  command = plan
  variables { control_plane_logs = { types = ["kubelet"], retention_days = 14 } }
  expect_failures = [var.control_plane_logs]
}

run "retention_that_cloudwatch_does_not_have" {
  command = plan
  variables { control_plane_logs = { types = ["audit"], retention_days = 100 } }
  expect_failures = [var.control_plane_logs]
}

run "group_name_instead_of_a_principal" {
  command = plan
  variables { admin_groups = ["platform-team"] }
  expect_failures = [var.admin_groups]
}

run "unknown_profile" {
  command = plan
  variables { autoscaler_profile = "balanced" }
  expect_failures = [var.autoscaler_profile]
}

run "unknown_day" {
  command = plan
  variables { maintenance_window = { day = "Sun", start_hour = 3, duration_hours = 4 } }
  expect_failures = [var.maintenance_window]
}

run "pool_of_another_cloud" {
  command = plan
  variables {
    node_pools = { general = { machine_type = "e2-standard-4", min_size = 2, max_size = 6, spot = false, disk_gb = 50, labels = {}, taints = [], zones = [] } }
  }
  expect_failures = [var.node_pools]
}

run "pool_with_fewer_nodes_than_zones" {
  command = plan
  variables {
    node_pools = { general = { machine_type = "m7i.large", min_size = 1, max_size = 1, spot = false, disk_gb = 50, labels = {}, taints = [], zones = [] } }
  }
  expect_failures = [var.node_pools]
}

run "pool_upside_down" {
  command = plan
  variables {
    node_pools = { general = { machine_type = "m7i.large", min_size = 6, max_size = 2, spot = false, disk_gb = 50, labels = {}, taints = [], zones = [] } }
  }
  expect_failures = [var.node_pools]
}

run "nowhere_for_coredns" {
  command = plan
  variables {
    node_pools = {
      gpu = {
        machine_type = "g5.xlarge", min_size = 2, max_size = 6, spot = false, disk_gb = 50, labels = {}, zones = []
        taints       = [{ key = "gpu", value = "", effect = "NoSchedule" }]
      }
    }
  }
  expect_failures = [var.node_pools]
}

run "unknown_taint_effect" {
  command = plan
  variables {
    node_pools = {
      general = {
        machine_type = "m7i.large", min_size = 2, max_size = 6, spot = false, disk_gb = 50, labels = {}, zones = []
        taints       = [{ key = "a", value = "", effect = "Never" }]
      }
    }
  }
  expect_failures = [var.node_pools]
}

run "zone_outside_the_network" {
  command = plan
  variables {
    node_pools = { general = { machine_type = "m7i.large", min_size = 2, max_size = 6, spot = false, disk_gb = 50, labels = {}, taints = [], zones = ["eu-west-1c"] } }
  }
  expect_failures = [var.node_pools]
}

run "unknown_operating_system" {
  command = plan
  variables { cloud = { node_os = "windows" } }
  expect_failures = [var.cloud]
}

run "api_for_everyone" {
  command = plan
  variables { cloud = { api_client_cidrs = ["0.0.0.0/0"] } }
  expect_failures = [var.cloud]
}

run "unknown_addon" {
  command = plan
  variables { cloud = { addon_versions = { istio = "v1" } } }
  expect_failures = [var.cloud]
}
