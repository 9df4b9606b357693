module "network" {
  source = "../../../modules/network/gcp"

  name              = var.name
  environment       = "staging"
  region            = var.region
  tags              = var.tags
  cidr              = local.cidr
  pod_cidr          = local.pod_cidr
  service_cidr      = local.service_cidr
  zones             = var.zones
  nat_mode          = local.nat_mode
  private_endpoints = local.private_endpoints
  flow_logs         = local.flow_logs
  cloud             = { project_id = var.project_id }
}

module "cluster" {
  source = "../../../modules/kubernetes-cluster/gcp-gke"

  name                = var.name
  environment         = "staging"
  region              = var.region
  tags                = var.tags
  pod_cidr            = local.pod_cidr
  service_cidr        = local.service_cidr
  zones               = var.zones
  network             = module.network
  kubernetes_version  = local.kubernetes_version
  endpoint            = local.endpoint
  control_plane_logs  = local.control_plane_logs
  secrets_encryption  = true
  node_pools          = local.node_pools
  autoscaler_profile  = local.autoscaler_profile
  maintenance_window  = local.maintenance_window
  deletion_protection = local.deletion_protection
  admin_groups        = var.admin_groups
  cloud               = merge({ project_id = var.project_id }, local.cluster_cloud)
}
