# Every wrong value is refused with words before the cloud is asked. A run has one mistake in each of several
# variables, because every run costs a start of terraform.

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

run "mistakes_1" {
  command = plan

  variables {
    # version with patch
    kubernetes_version = "1.34.1"
    # public to nobody
    endpoint = { public = true, allowed_cidrs = [] }
    # unknown log
    control_plane_logs = { types = ["etcd"], retention_days = 7 }
    # no pools
    node_pools = {}
    # unknown profile
    autoscaler_profile = "fast"
    # unknown day
    maintenance_window = { day = "Someday", start_hour = 3, duration_hours = 4 }
    # group without domain
    admin_groups = ["admins"]
    # unknown channel
    cloud = { project_id = "hera-tests", project_number = "1", release_channel = "BETA" }
  }

  expect_failures = [var.kubernetes_version, var.endpoint, var.control_plane_logs, var.node_pools, var.autoscaler_profile, var.maintenance_window, var.admin_groups, var.cloud]
}

run "mistakes_2" {
  command = plan

  variables {
    # not a range
    endpoint = { public = true, allowed_cidrs = ["office"] }
    # no retention
    control_plane_logs = { types = ["api"], retention_days = 0 }
    # min above max
    node_pools = { a = { machine_type = "n2-standard-4", min_size = 4, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["europe-west1-b"] } }
    # hour 25
    maintenance_window = { day = "Sunday", start_hour = 25, duration_hours = 4 }
    # wrong security group
    cloud = { project_id = "hera-tests", project_number = "1", rbac_security_group = "admins@example.com" }
  }

  expect_failures = [var.endpoint, var.control_plane_logs, var.node_pools, var.maintenance_window, var.cloud]
}

run "mistakes_3" {
  command = plan

  variables {
    # tiny disk
    node_pools = { a = { machine_type = "n2-standard-4", min_size = 1, max_size = 3, spot = false, disk_gb = 10, labels = {}, taints = [], zones = ["europe-west1-b"] } }
    # short window
    maintenance_window = { day = "Sunday", start_hour = 3, duration_hours = 2 }
    # no surge at all
    cloud = { project_id = "hera-tests", project_number = "1", max_surge = 0 }
  }

  expect_failures = [var.node_pools, var.maintenance_window, var.cloud]
}

run "mistakes_4" {
  command = plan

  variables {
    # foreign zone
    node_pools = { a = { machine_type = "n2-standard-4", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["europe-west4-a"] } }
    # unknown image
    cloud = { project_id = "hera-tests", project_number = "1", image_type = "WINDOWS" }
  }

  expect_failures = [var.node_pools, var.cloud]
}

run "mistakes_5" {
  command = plan

  variables {
    # bad taint
    node_pools = { a = { machine_type = "n2-standard-4", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [{ key = "a", value = "b", effect = "Never" }], zones = ["europe-west1-b"] } }
  }

  expect_failures = [var.node_pools]
}

run "mistakes_6" {
  command = plan

  variables {
    # only tainted pools
    node_pools = { a = { machine_type = "n2-standard-4", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [{ key = "a", value = "b", effect = "NoSchedule" }], zones = ["europe-west1-b"] } }
  }

  expect_failures = [var.node_pools]
}

run "mistakes_7" {
  command = plan

  variables {
    # pool with capitals
    node_pools = { Workers = { machine_type = "n2-standard-4", min_size = 1, max_size = 3, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["europe-west1-b"] } }
  }

  expect_failures = [var.node_pools]
}
