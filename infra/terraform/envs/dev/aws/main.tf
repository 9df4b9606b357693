# Development: cheap and quick to throw away. One NAT gateway, spot nodes that go away fast, a month of logs, no deletion protection.

locals {
  environment  = "dev"
  zones        = [for letter in ["a", "b", "c"] : "${var.region}${letter}"]
  pod_cidr     = "10.128.0.0/14"
  service_cidr = "172.20.0.0/16"
}

module "network" {
  source = "../../../modules/network/aws"

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
  flow_logs         = { enabled = true, retention_days = 30 }

  cloud = {
    encryption_control = "off"
    key_deletion_days  = 7
  }
}

module "cluster" {
  source = "../../../modules/kubernetes-cluster/aws-eks"

  name         = var.name
  environment  = local.environment
  region       = var.region
  tags         = var.tags
  pod_cidr     = local.pod_cidr
  service_cidr = local.service_cidr
  zones        = local.zones

  # One by one: the module as a whole would make the control plane wait for NAT gateways and endpoints.
  network = {
    network_id         = module.network.network_id
    network_name       = module.network.network_name
    cidr               = module.network.cidr
    private_subnet_ids = module.network.private_subnet_ids
    public_subnet_ids  = module.network.public_subnet_ids
    nat_public_ips     = module.network.nat_public_ips
    cloud              = module.network.cloud
  }

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
      machine_type = "m7i-flex.large"
      min_size     = 1
      max_size     = 3
      spot         = true
      disk_gb      = 50
      labels       = {}
      taints       = []
      zones        = local.zones
    }
  }

  cloud = {
    key_deletion_days = 7
  }
}
