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

variable "cidr" {
  type        = string
  description = "The network's range; all subnets are cut from it."

  validation {
    condition     = can(cidrnetmask(var.cidr)) && try(tonumber(split("/", var.cidr)[1]), 0) >= 8 && try(tonumber(split("/", var.cidr)[1]), 32) <= 22
    error_message = "cidr is an IPv4 range from /8 to /22: half of it is for nodes, the smallest proxy-only subnet is a /26."
  }
}

variable "pod_cidr" {
  type        = string
  description = "The pods' range, a secondary range of the private subnet; every node takes a /24 of it."

  validation {
    condition     = can(cidrnetmask(var.pod_cidr)) && try(tonumber(split("/", var.pod_cidr)[1]), 32) <= 21
    error_message = "pod_cidr is an IPv4 range of /21 or larger: a node takes a /24."
  }

  validation {
    condition = !can(cidrnetmask(var.cidr)) || !can(cidrnetmask(var.pod_cidr)) || (
      cidrhost("${split("/", var.cidr)[0]}/${min(split("/", var.cidr)[1], split("/", var.pod_cidr)[1])}", 0) !=
      cidrhost("${split("/", var.pod_cidr)[0]}/${min(split("/", var.cidr)[1], split("/", var.pod_cidr)[1])}", 0)
    )
    error_message = "pod_cidr must not overlap cidr."
  }
}

variable "service_cidr" {
  type        = string
  description = "The Services' range, a secondary range of the private subnet."

  validation {
    condition     = can(cidrnetmask(var.service_cidr)) && try(tonumber(split("/", var.service_cidr)[1]), 32) <= 27 && try(tonumber(split("/", var.service_cidr)[1]), 0) >= 16
    error_message = "service_cidr is an IPv4 range from /16 to /27."
  }

  validation {
    condition = alltrue([
      for other in [var.cidr, var.pod_cidr] : !can(cidrnetmask(other)) || !can(cidrnetmask(var.service_cidr)) || (
        cidrhost("${split("/", other)[0]}/${min(split("/", other)[1], split("/", var.service_cidr)[1])}", 0) !=
        cidrhost("${split("/", var.service_cidr)[0]}/${min(split("/", other)[1], split("/", var.service_cidr)[1])}", 0)
      )
    ])
    error_message = "service_cidr must not overlap cidr or pod_cidr."
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

variable "nat_mode" {
  type        = string
  description = "single: one reserved egress address; zone: one a zone. Cloud NAT itself is regional and survives the loss of a zone either way."

  validation {
    condition     = contains(["single", "zone"], var.nat_mode)
    error_message = "nat_mode is single or zone."
  }
}

variable "private_endpoints" {
  type        = set(string)
  description = "Google APIs that are reached by a private address: storage, registry, secrets, logs."

  validation {
    condition     = length(setsubtract(var.private_endpoints, ["storage", "registry", "secrets", "logs"])) == 0
    error_message = "private_endpoints takes storage, registry, secrets and logs."
  }
}

variable "flow_logs" {
  type        = object({ enabled = bool, retention_days = number })
  description = "Flow logs of the subnets, with firewall, NAT and DNS logs, in a log bucket of the cluster's own."

  validation {
    condition     = floor(var.flow_logs.retention_days) == var.flow_logs.retention_days && var.flow_logs.retention_days >= 1 && var.flow_logs.retention_days <= 3650
    error_message = "flow_logs.retention_days is a whole number of days from 1 to 3650."
  }
}

variable "cloud" {
  type = object({
    project_id              = string
    mtu                     = optional(number, 1460)
    flow_sampling           = optional(number, 0.5)
    nat_max_ports_per_vm    = optional(number, 4096)
    private_service_connect = optional(bool, false)
    iap_ssh                 = optional(bool, false)
    egress_allowed_cidrs    = optional(list(string), ["0.0.0.0/0"])
    log_kms_key_id          = optional(string)
  })
  description = <<-EOT
    What only Google Cloud has.
    project_id: the project that holds everything.
    mtu: of the network, 1300 to 8896.
    flow_sampling: share of the flows that is recorded, above 0 to 1.
    nat_max_ports_per_vm: ceiling of the ports that NAT gives one node on demand; a power of two.
    private_service_connect: private_endpoints get an address inside the network instead of restricted.googleapis.com.
    iap_ssh: lets Identity-Aware Proxy reach the nodes' SSH port.
    egress_allowed_cidrs: where nodes and pods may connect to outside the network; all else is refused and logged.
    log_kms_key_id: key for the log bucket; Cloud Logging's service account must already have it granted.
  EOT

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.cloud.project_id))
    error_message = "cloud.project_id is a project id: 6 to 30 lower-case letters, digits and hyphens."
  }

  validation {
    condition     = var.cloud.mtu >= 1300 && var.cloud.mtu <= 8896
    error_message = "cloud.mtu is from 1300 to 8896."
  }

  validation {
    condition     = var.cloud.flow_sampling > 0 && var.cloud.flow_sampling <= 1
    error_message = "cloud.flow_sampling is above 0 and at most 1."
  }

  validation {
    condition     = contains([64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536], var.cloud.nat_max_ports_per_vm)
    error_message = "cloud.nat_max_ports_per_vm is a power of two from 64 to 65536."
  }

  validation {
    condition     = alltrue([for range in var.cloud.egress_allowed_cidrs : can(cidrnetmask(range))])
    error_message = "cloud.egress_allowed_cidrs lists IPv4 ranges."
  }
}
