# What dev is. `clusterctl` makes the same resources when a spec of environment dev says the same.
locals {
  cidr         = "10.0.0.0/16"
  pod_cidr     = "10.128.0.0/14"
  service_cidr = "172.20.0.0/16"

  # One egress address is enough to try things.
  nat_mode          = "single"
  private_endpoints = ["storage", "registry", "secrets", "logs"]
  flow_logs         = { enabled = true, retention_days = 7 }

  kubernetes_version = "1.34"
  endpoint           = { public = false, allowed_cidrs = [] }
  control_plane_logs = {
    types          = ["api", "audit", "authenticator", "controller-manager", "scheduler"]
    retention_days = 7
  }

  autoscaler_profile  = "aggressive"
  maintenance_window  = { day = "Saturday", start_hour = 2, duration_hours = 12 }
  deletion_protection = false

  node_pools = {
    default = {
      machine_type = "e2-standard-4"
      min_size     = 1
      max_size     = 4
      spot         = true
      disk_gb      = 50
      labels       = {}
      taints       = []
      zones        = var.zones
    }
  }

  cluster_cloud = { max_surge = 1 }
}
