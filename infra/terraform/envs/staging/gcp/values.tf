# What staging is. `clusterctl` makes the same resources when a spec of environment staging says the same.
locals {
  cidr         = "10.16.0.0/16"
  pod_cidr     = "10.132.0.0/14"
  service_cidr = "172.21.0.0/16"

  # Like prod, so that what prod does is seen here first.
  nat_mode          = "zone"
  private_endpoints = ["storage", "registry", "secrets", "logs"]
  flow_logs         = { enabled = true, retention_days = 30 }

  kubernetes_version = "1.34"
  endpoint           = { public = false, allowed_cidrs = [] }
  control_plane_logs = {
    types          = ["api", "audit", "authenticator", "controller-manager", "scheduler"]
    retention_days = 30
  }

  autoscaler_profile  = "aggressive"
  maintenance_window  = { day = "Saturday", start_hour = 2, duration_hours = 12 }
  deletion_protection = true

  node_pools = {
    default = {
      machine_type = "n2-standard-4"
      min_size     = 3
      max_size     = 6
      spot         = false
      disk_gb      = 100
      labels       = {}
      taints       = []
      zones        = var.zones
    }

    spot = {
      machine_type = "n2-standard-4"
      min_size     = 0
      max_size     = 6
      spot         = true
      disk_gb      = 100
      labels       = { "hera.dev/spot" = "true" }
      taints       = [{ key = "hera.dev/spot", value = "true", effect = "NoSchedule" }]
      zones        = var.zones
    }
  }

  cluster_cloud = { max_surge = 1 }
}
