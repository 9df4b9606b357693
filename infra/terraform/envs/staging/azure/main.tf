# Staging: the shape of production at less cost. One NAT gateway, on-demand nodes, three months of logs, no deletion protection.

locals {
  environment  = "staging"
  zones        = ["1", "2", "3"]
  pod_cidr     = "10.128.0.0/14"
  service_cidr = "172.20.0.0/16"
}

module "network" {
  source = "../../../modules/network/azure"

  name         = var.name
  environment  = local.environment
  region       = var.region
  tags         = var.tags
  cidr         = "10.0.0.0/16"
  pod_cidr     = local.pod_cidr
  service_cidr = local.service_cidr
  zones        = local.zones

  nat_mode          = "single"
  private_endpoints = ["storage", "registry", "secrets", "logs"]
  flow_logs         = { enabled = true, retention_days = 90 }

  cloud = {
    flow_log_replication = "LRS"
    analytics_minutes    = 60
  }
}

module "cluster" {
  source = "../../../modules/kubernetes-cluster/azure-aks"

  name         = var.name
  environment  = local.environment
  region       = var.region
  tags         = var.tags
  pod_cidr     = local.pod_cidr
  service_cidr = local.service_cidr
  zones        = local.zones
  network      = module.network

  kubernetes_version = var.kubernetes_version
  endpoint           = { public = false, allowed_cidrs = [] }
  admin_groups       = var.admin_groups

  control_plane_logs = {
    types          = ["api", "audit", "authenticator", "controller-manager", "scheduler"]
    retention_days = 90
  }

  secrets_encryption  = true
  autoscaler_profile  = "conservative"
  maintenance_window  = { day = "Sunday", start_hour = 3, duration_hours = 4 }
  deletion_protection = false

  node_pools = {
    general = {
      machine_type = "Standard_D4ds_v5"
      min_size     = 2
      max_size     = 6
      spot         = false
      disk_gb      = 100
      labels       = {}
      taints       = []
      zones        = local.zones
    }
  }

  cloud = {
    key_retention_days = 7
    operator_cidrs     = var.operator_cidrs
    operator_ids       = var.operator_ids

    system_pool = { machine_type = "Standard_D2ds_v5", min_size = 2, max_size = 4, disk_gb = 100 }
  }
}
