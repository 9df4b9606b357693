variable "name" {
  type        = string
  description = "The cluster's name; every resource is named after it."

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])$", var.name))
    error_message = "name: 2 to 40 lower-case letters, digits and hyphens, starting with a letter and ending with a letter or digit."
  }
}

variable "environment" {
  type        = string
  description = "The environment, for tags only: what differs between environments comes in as values."

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment: one of dev, staging, prod."
  }
}

variable "region" {
  type        = string
  description = "The Azure region, in the short form: westeurope."

  validation {
    condition     = can(regex("^[a-z]+[a-z0-9]*$", var.region))
    error_message = "region: the short form in lower case without spaces, for example westeurope."
  }
}

variable "tags" {
  type        = map(string)
  description = "The user's tags; Hera's own ownership tags win."
  default     = {}

  validation {
    condition     = length(var.tags) <= 40 && alltrue([for key, value in var.tags : length(key) <= 128 && length(value) <= 256 && !can(regex("[<>%&\\\\?/]", key))])
    error_message = "tags: at most 40, keys up to 128 characters without < > % & \\ ? /, values up to 256 characters."
  }
}

variable "cidr" {
  type        = string
  description = "The VNet's range. A quarter of it goes to each zone's nodes; the last quarter is cut for public, endpoint and API server subnets."

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(cidrhost(var.cidr, 0) == split("/", var.cidr)[0], false)
    error_message = "cidr: an IPv4 network address such as 10.20.0.0/16 (no host bits)."
  }

  validation {
    condition     = try(tonumber(split("/", var.cidr)[1]) >= 8 && tonumber(split("/", var.cidr)[1]) <= 24, false)
    error_message = "cidr: a prefix length between /8 and /24; AKS refuses an API server subnet smaller than /28, a sixteenth of the range."
  }
}

variable "pod_cidr" {
  type        = string
  description = "The pods' overlay range; never routed in the VNet, so it only must not overlap."

  validation {
    condition     = can(cidrhost(var.pod_cidr, 0))
    error_message = "pod_cidr: an IPv4 range such as 10.128.0.0/14."
  }

  validation {
    condition = try(cidrhost("${split("/", var.pod_cidr)[0]}/${min(split("/", var.pod_cidr)[1], split("/", var.cidr)[1])}", 0) !=
    cidrhost("${split("/", var.cidr)[0]}/${min(split("/", var.pod_cidr)[1], split("/", var.cidr)[1])}", 0), true)
    error_message = "pod_cidr: must not overlap cidr."
  }
}

variable "service_cidr" {
  type        = string
  description = "The Services' range; virtual, so it only must not overlap."

  validation {
    condition     = can(cidrhost(var.service_cidr, 0))
    error_message = "service_cidr: an IPv4 range such as 172.20.0.0/16."
  }

  validation {
    condition = try(cidrhost("${split("/", var.service_cidr)[0]}/${min(split("/", var.service_cidr)[1], split("/", var.cidr)[1])}", 0) !=
    cidrhost("${split("/", var.cidr)[0]}/${min(split("/", var.service_cidr)[1], split("/", var.cidr)[1])}", 0), true)
    error_message = "service_cidr: must not overlap cidr."
  }
}

variable "zones" {
  type        = list(string)
  description = "Availability zones to use, in order: \"1\", \"2\", \"3\"."

  validation {
    condition     = length(var.zones) > 0 && length(distinct(var.zones)) == length(var.zones) && alltrue([for zone in var.zones : contains(["1", "2", "3"], zone)])
    error_message = "zones: one to three different ones of \"1\", \"2\", \"3\"."
  }
}

variable "nat_mode" {
  type        = string
  description = "`single`: one NAT gateway in the first zone for all subnets; `zone`: one in each zone, so that no zone depends on another."

  validation {
    condition     = contains(["single", "zone"], var.nat_mode)
    error_message = "nat_mode: single or zone."
  }
}

variable "private_endpoints" {
  type        = set(string)
  description = "Services that traffic reaches without the internet, of `storage`, `registry`, `secrets`, `logs`."

  validation {
    condition     = alltrue([for service in var.private_endpoints : contains(["storage", "registry", "secrets", "logs"], service)])
    error_message = "private_endpoints: of storage, registry, secrets, logs."
  }
}

variable "flow_logs" {
  type        = object({ enabled = bool, retention_days = number })
  description = "VNet flow logs to a storage account, with traffic analytics in a Log Analytics workspace."

  validation {
    condition     = var.flow_logs.retention_days >= 1 && var.flow_logs.retention_days <= 3653 && floor(var.flow_logs.retention_days) == var.flow_logs.retention_days
    error_message = "flow_logs.retention_days: a whole number from 1 to 3653."
  }
}

variable "cloud" {
  type = object({
    encryption             = optional(bool, true)
    dns_servers            = optional(list(string), [])
    nat_idle_minutes       = optional(number, 4)
    public_ingress_ports   = optional(set(number), [])
    public_ingress_cidrs   = optional(list(string), ["0.0.0.0/0"])
    private_links          = optional(map(object({ service = string, resource_id = string })), {})
    ddos_protection_plan   = optional(string)
    network_watcher        = optional(string)
    network_watcher_group  = optional(string, "NetworkWatcherRG")
    flow_log_replication   = optional(string, "ZRS")
    analytics_minutes      = optional(number, 10)
    private_dns_resolution = optional(string, "NxDomainRedirect")
  })
  description = <<-EOT
    What only Azure has:
    `encryption`: encrypt VNet traffic between machines that can (unencrypted is still let through: Azure offers nothing stricter);
    `dns_servers`: own resolvers instead of Azure's; they must forward to 168.63.129.16 for the private zones;
    `nat_idle_minutes`: idle timeout of NAT flows, 4 to 120;
    `public_ingress_ports`, `public_ingress_cidrs`: what public load balancers of the cluster may receive, closed unless asked;
    `private_links`: Private Link for resources of yours, by a name: service is `storage` (blob), `registry` or `secrets` (vault);
    `ddos_protection_plan`: id of a plan that protects the VNet's public addresses;
    `network_watcher`, `network_watcher_group`: the region's watcher, of which Azure keeps exactly one (default `NetworkWatcher_REGION`);
    `flow_log_replication`: LRS or ZRS; `analytics_minutes`: 10 or 60;
    `private_dns_resolution`: `NxDomainRedirect` asks the internet for names that the private zones do not hold, `Default` does not.
  EOT
  default     = {}

  validation {
    condition     = alltrue([for link in values(var.cloud.private_links) : contains(["storage", "registry", "secrets"], link.service)])
    error_message = "cloud.private_links: service is storage, registry or secrets."
  }

  validation {
    condition     = alltrue([for link in values(var.cloud.private_links) : contains(var.private_endpoints, link.service)])
    error_message = "cloud.private_links: the service must also be in private_endpoints."
  }

  validation {
    condition     = var.cloud.nat_idle_minutes >= 4 && var.cloud.nat_idle_minutes <= 120
    error_message = "cloud.nat_idle_minutes: 4 to 120."
  }

  validation {
    condition     = contains(["LRS", "ZRS"], var.cloud.flow_log_replication) && contains([10, 60], var.cloud.analytics_minutes)
    error_message = "cloud.flow_log_replication: LRS or ZRS; cloud.analytics_minutes: 10 or 60."
  }

  validation {
    condition     = contains(["NxDomainRedirect", "Default"], var.cloud.private_dns_resolution)
    error_message = "cloud.private_dns_resolution: NxDomainRedirect or Default."
  }
}
