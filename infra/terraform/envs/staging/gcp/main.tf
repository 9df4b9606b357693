# Staging: prod's shape at less cost. On-demand nodes that stay, one egress address, three months of logs, no deletion protection.

locals {
  environment  = "staging"
  pod_cidr     = "10.128.0.0/14"
  service_cidr = "172.20.0.0/16"
}

module "network" {
  source = "../../../modules/network/gcp"

  name         = var.name
  environment  = local.environment
  region       = var.region
  tags         = var.tags
  cidr         = "10.0.0.0/16"
  pod_cidr     = local.pod_cidr
  service_cidr = local.service_cidr
  zones        = var.zones

  nat_mode          = "single"
  private_endpoints = ["storage", "registry", "secrets", "logs"]
  flow_logs         = { enabled = true, retention_days = 90 }

  cloud = {
    project_id = var.project_id
  }
}

module "cluster" {
  source = "../../../modules/kubernetes-cluster/gcp-gke"

  name         = var.name
  environment  = local.environment
  region       = var.region
  tags         = var.tags
  pod_cidr     = local.pod_cidr
  service_cidr = local.service_cidr
  zones        = var.zones
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
      machine_type = "n2-standard-4"
      min_size     = 2
      max_size     = 6
      spot         = false
      disk_gb      = 100
      labels       = {}
      taints       = []
      zones        = var.zones
    }
  }

  cloud = {
    project_id = var.project_id
  }
}
