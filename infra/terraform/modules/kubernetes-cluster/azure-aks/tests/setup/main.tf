# The network that the applied test's cluster stands in.

variable "region" {
  type        = string
  description = "Azure region."
}

module "network" {
  source = "../../../../network/azure"

  name              = "demo"
  environment       = "prod"
  region            = var.region
  cidr              = "10.20.0.0/16"
  pod_cidr          = "10.128.0.0/14"
  service_cidr      = "172.20.0.0/16"
  zones             = ["1", "2", "3"]
  nat_mode          = "zone"
  private_endpoints = ["logs", "registry", "secrets", "storage"]
  flow_logs         = { enabled = false, retention_days = 30 }
}

output "network" {
  description = "The network layer's outputs."
  value       = module.network
}
