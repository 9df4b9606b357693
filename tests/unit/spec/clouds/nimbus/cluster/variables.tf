variable "name" {
  description = "Name of the cluster."
  type        = string
}

variable "environment" {
  description = "Environment, for tags."
  type        = string
}

variable "region" {
  description = "Region."
  type        = string
}

variable "tags" {
  description = "The user's tags."
  type        = map(string)
}

variable "pod_cidr" {
  description = "Range of the pods."
  type        = string
}

variable "service_cidr" {
  description = "Range of the Services."
  type        = string
}

variable "zones" {
  description = "Zones, in order."
  type        = list(string)
}

variable "network" {
  description = "Outputs of the network layer."
  type = object({
    network_id         = string
    network_name       = string
    cidr               = string
    private_subnet_ids = map(string)
    public_subnet_ids  = map(string)
    nat_public_ips     = list(string)
    cloud              = map(string)
  })
}

variable "kubernetes_version" {
  description = "Version."
  type        = string
}

variable "endpoint" {
  description = "Who reaches the API."
  type        = object({ public = bool, allowed_cidrs = list(string) })
}

variable "control_plane_logs" {
  description = "Logs of the control plane."
  type        = object({ types = set(string), retention_days = number })
}

variable "secrets_encryption" {
  description = "Whether Secrets are encrypted."
  type        = bool
}

variable "node_pools" {
  description = "Pools by name."
  type = map(object({
    machine_type = string
    min_size     = number
    max_size     = number
    spot         = bool
    disk_gb      = number
    labels       = map(string)
    taints       = list(object({ key = string, value = string, effect = string }))
    zones        = list(string)
  }))
}

variable "autoscaler_profile" {
  description = "aggressive or conservative."
  type        = string
}

variable "maintenance_window" {
  description = "When the cloud may restart things."
  type        = object({ day = string, start_hour = number, duration_hours = number })
}

variable "deletion_protection" {
  description = "Whether the cloud refuses to delete the cluster."
  type        = bool
}

variable "admin_groups" {
  description = "Who administers."
  type        = list(string)
}

variable "cloud" {
  description = "What only Nimbus has."
  type        = object({ altitude = number, home = string })
}
