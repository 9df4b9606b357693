# What prod is. `clusterctl` makes the same resources when a spec of environment prod says the same.
locals {
  cidr         = "10.32.0.0/16"
  pod_cidr     = "10.136.0.0/14"
  service_cidr = "172.22.0.0/16"

  # An egress address for every zone.
  nat_mode          = "zone"
  private_endpoints = ["storage", "registry", "secrets", "logs"]
  flow_logs         = { enabled = true, retention_days = 365 }

  kubernetes_version = "1.34"
  endpoint           = { public = false, allowed_cidrs = [] }
  control_plane_logs = {
    types          = ["api", "audit", "authenticator", "controller-manager", "scheduler"]
    retention_days = 365
  }

  autoscaler_profile  = "conservative"
  maintenance_window  = { day = "Sunday", start_hour = 2, duration_hours = 12 }
  deletion_protection = true

  node_pools = {
    default = {
      machine_type = "n2-standard-4"
      min_size     = 3
      max_size     = 12
      spot         = false
      disk_gb      = 100
      labels       = {}
      taints       = []
      zones        = var.zones
    }

    batch = {
      machine_type = "n2-standard-8"
      min_size     = 0
      max_size     = 12
      spot         = true
      disk_gb      = 100
      labels       = { "hera.dev/spot" = "true" }
      taints       = [{ key = "hera.dev/spot", value = "true", effect = "NoSchedule" }]
      zones        = var.zones
    }
  }

  cluster_cloud = { max_surge = 2, disk_encryption = true }
}
