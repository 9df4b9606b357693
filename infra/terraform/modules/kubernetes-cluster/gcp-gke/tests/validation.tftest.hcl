# Every wrong value is refused with words before the cloud is asked.

provider "google" {
  project = "hera-tests"
  region  = "europe-west1"
}

variables {
  name         = "gke"
  environment  = "dev"
  region       = "europe-west1"
  tags         = { team = "platform" }
  pod_cidr     = "10.136.0.0/14"
  service_cidr = "172.22.0.0/16"
  zones        = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
  network = {
    network_id   = "projects/hera-tests/global/networks/gke"
    network_name = "gke"
    cidr         = "10.32.0.0/16"
    private_subnet_ids = {
      europe-west1-b = "projects/hera-tests/regions/europe-west1/subnetworks/gke-private"
      europe-west1-c = "projects/hera-tests/regions/europe-west1/subnetworks/gke-private"
      europe-west1-d = "projects/hera-tests/regions/europe-west1/subnetworks/gke-private"
    }
    public_subnet_ids = {}
    nat_public_ips    = []
    cloud = {
      pods_range           = "pods"
      services_range       = "services"
      control_plane_subnet = "projects/hera-tests/regions/europe-west1/subnetworks/gke-control-plane"
      node_tag             = "gke-node"
    }
  }
  kubernetes_version = "1.34"
  endpoint           = { public = false, allowed_cidrs = [] }
  control_plane_logs = { types = ["api", "audit", "authenticator", "controller-manager", "scheduler"], retention_days = 365 }
  secrets_encryption = true
  node_pools = {
    default = { machine_type = "n2-standard-4", min_size = 3, max_size = 12, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["europe-west1-b", "europe-west1-c", "europe-west1-d"] }
    batch   = { machine_type = "n2-standard-8", min_size = 0, max_size = 12, spot = true, disk_gb = 100, labels = { "hera.dev/spot" = "true" }, taints = [{ key = "hera.dev/spot", value = "true", effect = "NoSchedule" }], zones = ["europe-west1-b", "europe-west1-c"] }
  }
  autoscaler_profile  = "conservative"
  maintenance_window  = { day = "Sunday", start_hour = 3, duration_hours = 4 }
  deletion_protection = false
  admin_groups        = ["kube-admins@example.com"]
  cloud               = { project_id = "hera-tests", project_number = "123456789012" }
}

run "version_with_patch" {
  command = plan

  variables {
    kubernetes_version = "1.34.1"
  }

  expect_failures = [var.kubernetes_version]
}

run "public_to_nobody" {
  command = plan

  variables {
    endpoint = { public = true, allowed_cidrs = [] }
  }

  expect_failures = [var.endpoint]
}

run "not_a_range" {
  command = plan

  variables {
    endpoint = { public = true, allowed_cidrs = ["office"] }
  }

  expect_failures = [var.endpoint]
}

run "unknown_log" {
  command = plan

  variables {
    control_plane_logs = { types = ["etcd"], retention_days = 7 }
  }

  expect_failures = [var.control_plane_logs]
}

run "no_retention" {
  command = plan

  variables {
    control_plane_logs = { types = ["api"], retention_days = 0 }
  }

  expect_failures = [var.control_plane_logs]
}

run "no_pools" {
  command = plan

  variables {
    node_pools = {}
  }

  expect_failures = [var.node_pools]
}

run "min_above_max" {
  command = plan

  variables {
    node_pools = { a = { machine_type = "n2-standard-4", min_size = 4, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["europe-west1-b"] } }
  }

  expect_failures = [var.node_pools]
}

run "tiny_disk" {
  command = plan

  variables {
    node_pools = { a = { machine_type = "n2-standard-4", min_size = 1, max_size = 3, spot = false, disk_gb = 10, labels = {}, taints = [], zones = ["europe-west1-b"] } }
  }

  expect_failures = [var.node_pools]
}

run "foreign_zone" {
  command = plan

  variables {
    node_pools = { a = { machine_type = "n2-standard-4", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["europe-west4-a"] } }
  }

  expect_failures = [var.node_pools]
}

run "bad_taint" {
  command = plan

  variables {
    node_pools = { a = { machine_type = "n2-standard-4", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [{ key = "a", value = "b", effect = "Never" }], zones = ["europe-west1-b"] } }
  }

  expect_failures = [var.node_pools]
}

run "only_tainted_pools" {
  command = plan

  variables {
    node_pools = { a = { machine_type = "n2-standard-4", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [{ key = "a", value = "b", effect = "NoSchedule" }], zones = ["europe-west1-b"] } }
  }

  expect_failures = [var.node_pools]
}

run "pool_with_capitals" {
  command = plan

  variables {
    node_pools = { Workers = { machine_type = "n2-standard-4", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["europe-west1-b"] } }
  }

  expect_failures = [var.node_pools]
}

run "unknown_profile" {
  command = plan

  variables {
    autoscaler_profile = "fast"
  }

  expect_failures = [var.autoscaler_profile]
}

run "unknown_day" {
  command = plan

  variables {
    maintenance_window = { day = "Someday", start_hour = 3, duration_hours = 4 }
  }

  expect_failures = [var.maintenance_window]
}

run "hour_25" {
  command = plan

  variables {
    maintenance_window = { day = "Sunday", start_hour = 25, duration_hours = 4 }
  }

  expect_failures = [var.maintenance_window]
}

run "short_window" {
  command = plan

  variables {
    maintenance_window = { day = "Sunday", start_hour = 3, duration_hours = 2 }
  }

  expect_failures = [var.maintenance_window]
}

run "group_without_domain" {
  command = plan

  variables {
    admin_groups = ["admins"]
  }

  expect_failures = [var.admin_groups]
}

run "unknown_channel" {
  command = plan

  variables {
    cloud = { project_id = "hera-tests", project_number = "1", release_channel = "BETA" }
  }

  expect_failures = [var.cloud]
}

run "wrong_security_group" {
  command = plan

  variables {
    cloud = { project_id = "hera-tests", project_number = "1", rbac_security_group = "admins@example.com" }
  }

  expect_failures = [var.cloud]
}

run "no_surge_at_all" {
  command = plan

  variables {
    cloud = { project_id = "hera-tests", project_number = "1", max_surge = 0 }
  }

  expect_failures = [var.cloud]
}

run "unknown_image" {
  command = plan

  variables {
    cloud = { project_id = "hera-tests", project_number = "1", image_type = "WINDOWS" }
  }

  expect_failures = [var.cloud]
}
