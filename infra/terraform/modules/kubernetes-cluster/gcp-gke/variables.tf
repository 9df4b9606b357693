variable "name" {
  type        = string
  description = "The cluster's name; every resource is named after it."

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]*[a-z0-9])?$", var.name)) && length(var.name) >= 2 && length(var.name) <= 40
    error_message = "name takes 2 to 40 lower-case letters, digits and hyphens; it starts with a letter and does not end with a hyphen."
  }
}

variable "environment" {
  type        = string
  description = "dev, staging or prod; only for labels: what differs between environments comes in as values."

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment is dev, staging or prod."
  }
}

variable "region" {
  type        = string
  description = "Google Cloud region, such as europe-west1."

  validation {
    condition     = can(regex("^[a-z]+(-[a-z]+)+[0-9]+$", var.region))
    error_message = "region is a Google Cloud region such as europe-west1."
  }
}

variable "tags" {
  type        = map(string)
  description = "The user's labels, put on everything that takes labels."
  default     = {}

  validation {
    condition = length(var.tags) <= 56 && alltrue([
      for key, value in var.tags : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ])
    error_message = "Google Cloud labels take lower-case letters, digits, _ and -, at most 63 characters, keys start with a letter; at most 56 of them."
  }
}

variable "pod_cidr" {
  type        = string
  description = "The pods' range; the network layer made it a secondary range of the nodes' subnet."

  validation {
    condition     = can(cidrnetmask(var.pod_cidr))
    error_message = "pod_cidr is an IPv4 range."
  }
}

variable "service_cidr" {
  type        = string
  description = "The Services' range; the network layer made it a secondary range of the nodes' subnet."

  validation {
    condition     = can(cidrnetmask(var.service_cidr))
    error_message = "service_cidr is an IPv4 range."
  }
}

variable "zones" {
  type        = list(string)
  description = "Zones to use, in order."

  validation {
    condition     = length(var.zones) > 0 && length(var.zones) == length(distinct(var.zones)) && alltrue([for zone in var.zones : can(regex("^${var.region}-[a-z]$", zone))])
    error_message = "zones lists one or more different zones of the region, such as europe-west1-b."
  }
}

variable "network" {
  type = object({
    network_id         = string
    network_name       = string
    cidr               = string
    private_subnet_ids = map(string)
    public_subnet_ids  = map(string)
    nat_public_ips     = list(string)
    cloud              = map(string)
  })
  description = "The network layer's outputs, as they are."
}

variable "kubernetes_version" {
  type        = string
  description = "Kubernetes minor version, such as 1.34; the release channel picks and raises the patch."

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "kubernetes_version is a minor version such as 1.34."
  }
}

variable "endpoint" {
  type        = object({ public = bool, allowed_cidrs = list(string) })
  description = "Who reaches the Kubernetes API. The private endpoint is always on; a public one needs ranges."

  validation {
    condition     = !var.endpoint.public || length(var.endpoint.allowed_cidrs) > 0
    error_message = "a public endpoint needs at least one range in endpoint.allowed_cidrs."
  }

  validation {
    condition     = alltrue([for range in var.endpoint.allowed_cidrs : can(cidrnetmask(range))])
    error_message = "endpoint.allowed_cidrs lists IPv4 ranges."
  }
}

variable "control_plane_logs" {
  type        = object({ types = set(string), retention_days = number })
  description = "Control-plane logs that go to Cloud Logging, and for how long they are kept."

  validation {
    condition     = length(setsubtract(var.control_plane_logs.types, ["api", "audit", "authenticator", "controller-manager", "scheduler"])) == 0
    error_message = "control_plane_logs.types takes api, audit, authenticator, controller-manager and scheduler."
  }

  validation {
    condition     = floor(var.control_plane_logs.retention_days) == var.control_plane_logs.retention_days && var.control_plane_logs.retention_days >= 1 && var.control_plane_logs.retention_days <= 3650
    error_message = "control_plane_logs.retention_days is a whole number of days from 1 to 3650."
  }
}

variable "secrets_encryption" {
  type        = bool
  description = "Kubernetes Secrets under a Cloud KMS key of the cluster's own."
}

variable "node_pools" {
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
  description = "Pools of nodes. Sizes count the whole pool; its zones share them as evenly as can be."

  validation {
    condition     = length(var.node_pools) > 0 && alltrue([for name, pool in var.node_pools : can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", name))])
    error_message = "node_pools needs at least one pool; names take up to 40 lower-case letters, digits and hyphens."
  }

  validation {
    condition     = alltrue([for pool in var.node_pools : pool.min_size >= 0 && pool.max_size >= 1 && pool.min_size <= pool.max_size])
    error_message = "a pool's min_size is 0 or more, max_size 1 or more and not below min_size."
  }

  validation {
    condition     = alltrue([for pool in var.node_pools : pool.disk_gb >= 30])
    error_message = "a pool's disk_gb is 30 or more."
  }

  validation {
    condition     = alltrue([for pool in var.node_pools : length(pool.zones) > 0 && length(setsubtract(pool.zones, var.zones)) == 0])
    error_message = "a pool's zones are some of the cluster's zones."
  }

  validation {
    condition     = alltrue(flatten([for pool in var.node_pools : [for taint in pool.taints : contains(["NoSchedule", "PreferNoSchedule", "NoExecute"], taint.effect)]]))
    error_message = "a taint's effect is NoSchedule, PreferNoSchedule or NoExecute."
  }

  validation {
    condition     = anytrue([for pool in var.node_pools : length([for taint in pool.taints : taint if taint.effect != "PreferNoSchedule"]) == 0])
    error_message = "at least one pool has no NoSchedule or NoExecute taint: GKE's own pods must run somewhere."
  }
}

variable "autoscaler_profile" {
  type        = string
  description = "How soon idle nodes go: aggressive (OPTIMIZE_UTILIZATION) or conservative (BALANCED)."

  validation {
    condition     = contains(["aggressive", "conservative"], var.autoscaler_profile)
    error_message = "autoscaler_profile is aggressive or conservative."
  }
}

variable "maintenance_window" {
  type        = object({ day = string, start_hour = number, duration_hours = number })
  description = "When GKE may upgrade and repair, UTC. GKE wants 48 hours in any 32 days, so a weekly window is widened to 12 hours."

  validation {
    condition     = contains(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], var.maintenance_window.day)
    error_message = "maintenance_window.day is Monday, Tuesday, Wednesday, Thursday, Friday, Saturday or Sunday."
  }

  validation {
    condition     = contains(range(24), var.maintenance_window.start_hour) && contains(range(4, 25), var.maintenance_window.duration_hours)
    error_message = "maintenance_window.start_hour is a whole hour from 0 to 23, duration_hours from 4 to 24."
  }
}

variable "deletion_protection" {
  type        = bool
  description = "Terraform refuses to delete the cluster. (GKE has no such switch of its own: the provider holds it.)"
}

variable "admin_groups" {
  type        = list(string)
  description = "Google groups whose members administer this cluster, as mail addresses."

  validation {
    condition     = alltrue([for group in var.admin_groups : can(regex("^[^@[:space:]:]+@[^@[:space:]]+\\.[^@[:space:]]+$", group))])
    error_message = "admin_groups lists mail addresses of Google groups."
  }
}

variable "cloud" {
  type = object({
    project_id             = string
    project_number         = optional(string)
    release_channel        = optional(string, "REGULAR")
    rbac_security_group    = optional(string)
    dns_endpoint           = optional(bool, false)
    kms_protection_level   = optional(string, "SOFTWARE")
    kms_key_id             = optional(string)
    disk_encryption        = optional(bool, false)
    disk_type              = optional(string, "pd-balanced")
    image_type             = optional(string, "COS_CONTAINERD")
    max_pods_per_node      = optional(number, 110)
    max_surge              = optional(number, 1)
    max_unavailable        = optional(number, 0)
    workload_logs          = optional(bool, true)
    managed_prometheus     = optional(bool, true)
    binary_authorization   = optional(bool, true)
    backup_agent           = optional(bool, false)
    vulnerability_scanning = optional(bool, false)
    registry_projects      = optional(list(string), [])
    log_kms_key_id         = optional(string)
    maintenance_exclusions = optional(map(object({ start = string, end = string, scope = string })), {})
  })
  description = <<-EOT
    What only Google Cloud has.
    project_id: the project that holds everything.
    project_number: saves a read of the project while planning.
    release_channel: RAPID, REGULAR, STABLE or EXTENDED.
    rbac_security_group: the parent group gke-security-groups@DOMAIN; by default taken from the first of admin_groups.
    dns_endpoint: also reach the API by its DNS name, guarded by IAM instead of address ranges.
    kms_protection_level: SOFTWARE or HSM, for the keys made here.
    kms_key_id: an existing key for Secrets, instead of one made here.
    disk_encryption: the nodes' boot disks under a key made here.
    disk_type, image_type, max_pods_per_node: of the nodes.
    max_surge, max_unavailable: how many nodes a pool may have too many, or too few, while it is upgraded.
    workload_logs: container logs go to Cloud Logging.
    managed_prometheus: Google's collection of Prometheus metrics.
    binary_authorization: the project's Binary Authorization policy holds for the cluster.
    backup_agent: Backup for GKE's agent.
    vulnerability_scanning: scan images for known vulnerabilities (billed).
    registry_projects: projects whose Artifact Registry the nodes read, besides project_id.
    log_kms_key_id: key for the log bucket; Cloud Logging's service account must already have it granted.
    maintenance_exclusions: name to RFC 3339 start and end, and scope NO_UPGRADES, NO_MINOR_UPGRADES or NO_MINOR_OR_NODE_UPGRADES.
  EOT

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.cloud.project_id))
    error_message = "cloud.project_id is a project id: 6 to 30 lower-case letters, digits and hyphens."
  }

  validation {
    condition     = contains(["RAPID", "REGULAR", "STABLE", "EXTENDED"], var.cloud.release_channel)
    error_message = "cloud.release_channel is RAPID, REGULAR, STABLE or EXTENDED."
  }

  validation {
    condition     = var.cloud.rbac_security_group == null || can(regex("^gke-security-groups@.+$", var.cloud.rbac_security_group))
    error_message = "cloud.rbac_security_group is gke-security-groups@DOMAIN; GKE takes no other name."
  }

  validation {
    condition     = contains(["SOFTWARE", "HSM"], var.cloud.kms_protection_level)
    error_message = "cloud.kms_protection_level is SOFTWARE or HSM."
  }

  validation {
    condition     = contains(["COS_CONTAINERD", "UBUNTU_CONTAINERD"], var.cloud.image_type)
    error_message = "cloud.image_type is COS_CONTAINERD or UBUNTU_CONTAINERD."
  }

  validation {
    condition     = var.cloud.max_pods_per_node >= 8 && var.cloud.max_pods_per_node <= 256
    error_message = "cloud.max_pods_per_node is from 8 to 256."
  }

  validation {
    condition     = var.cloud.max_surge >= 0 && var.cloud.max_unavailable >= 0 && var.cloud.max_surge + var.cloud.max_unavailable >= 1 && var.cloud.max_surge + var.cloud.max_unavailable <= 20
    error_message = "cloud.max_surge and cloud.max_unavailable together are from 1 to 20."
  }

  validation {
    condition     = alltrue([for exclusion in var.cloud.maintenance_exclusions : contains(["NO_UPGRADES", "NO_MINOR_UPGRADES", "NO_MINOR_OR_NODE_UPGRADES"], exclusion.scope)])
    error_message = "a maintenance exclusion's scope is NO_UPGRADES, NO_MINOR_UPGRADES or NO_MINOR_OR_NODE_UPGRADES."
  }
}
