# Development: cheap and quick to throw away. One egress address, spot nodes that go away fast, a month of logs, no deletion protection.

locals {
  environment  = "dev"
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
  flow_logs         = { enabled = true, retention_days = 30 }

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
    retention_days = 30
  }

  secrets_encryption  = true
  autoscaler_profile  = "aggressive"
  maintenance_window  = { day = "Sunday", start_hour = 3, duration_hours = 4 }
  deletion_protection = false

  node_pools = {
    general = {
      machine_type = "e2-standard-4"
      min_size     = 1
      max_size     = 3
      spot         = true
      disk_gb      = 50
      labels       = {}
      taints       = []
      zones        = var.zones
    }
  }

  cloud = {
    project_id = var.project_id
  }
}
