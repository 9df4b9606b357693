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

variable "pod_cidr" {
  type        = string
  description = "The pods' overlay range; each node takes a /24 of it."

  validation {
    condition     = can(cidrhost(var.pod_cidr, 0))
    error_message = "pod_cidr: an IPv4 range such as 10.128.0.0/14."
  }

  validation {
    condition = try(cidrhost("${split("/", var.pod_cidr)[0]}/${min(split("/", var.pod_cidr)[1], split("/", var.network.cidr)[1])}", 0) !=
    cidrhost("${split("/", var.network.cidr)[0]}/${min(split("/", var.pod_cidr)[1], split("/", var.network.cidr)[1])}", 0), true)
    error_message = "pod_cidr: must not overlap the network's range."
  }
}

variable "service_cidr" {
  type        = string
  description = "The Services' range; the tenth address is the cluster's DNS."

  validation {
    condition     = can(cidrhost(var.service_cidr, 0))
    error_message = "service_cidr: an IPv4 range such as 172.20.0.0/16."
  }

  validation {
    condition = try(cidrhost("${split("/", var.service_cidr)[0]}/${min(split("/", var.service_cidr)[1], split("/", var.network.cidr)[1])}", 0) !=
    cidrhost("${split("/", var.network.cidr)[0]}/${min(split("/", var.service_cidr)[1], split("/", var.network.cidr)[1])}", 0), true)
    error_message = "service_cidr: must not overlap the network's range."
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

variable "kubernetes_version" {
  type        = string
  description = "Minor version, such as 1.34; AKS chooses the patch."

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "kubernetes_version: a minor version such as 1.34, without a patch number."
  }
}

variable "endpoint" {
  type        = object({ public = bool, allowed_cidrs = list(string) })
  description = "The private endpoint is always on; the public one needs ranges. Switching it makes a new cluster on Azure."

  validation {
    condition     = !var.endpoint.public || length(var.endpoint.allowed_cidrs) > 0
    error_message = "endpoint: a public endpoint needs allowed_cidrs."
  }

  validation {
    condition     = alltrue([for cidr in var.endpoint.allowed_cidrs : can(cidrhost(cidr, 0))])
    error_message = "endpoint.allowed_cidrs: IPv4 ranges such as 203.0.113.0/24."
  }
}

variable "control_plane_logs" {
  type        = object({ types = set(string), retention_days = number })
  description = "Control-plane logs that go to a Log Analytics workspace, and for how long (Azure keeps at least 30 days)."

  validation {
    condition     = alltrue([for type in var.control_plane_logs.types : contains(["api", "audit", "authenticator", "controller-manager", "scheduler"], type)])
    error_message = "control_plane_logs.types: of api, audit, authenticator, controller-manager, scheduler."
  }

  validation {
    condition     = var.control_plane_logs.retention_days >= 1 && var.control_plane_logs.retention_days <= 3653
    error_message = "control_plane_logs.retention_days: 1 to 3653."
  }
}

variable "secrets_encryption" {
  type        = bool
  description = "Encrypt Kubernetes Secrets in etcd under a Key Vault key of the cluster's own."
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
  description = "User node pools. Sizes count the whole pool; it becomes one AKS pool a zone, named pool and zone number."

  validation {
    condition     = alltrue([for name in keys(var.node_pools) : can(regex("^[a-z][a-z0-9]{0,10}$", name)) && name != "system"])
    error_message = "node_pools: names are 1 to 11 lower-case letters and digits starting with a letter (AKS allows 12, the zone takes one); system is taken."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : startswith(pool.machine_type, "Standard_")])
    error_message = "node_pools: machine_type is an Azure VM size such as Standard_D4ds_v5."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : pool.min_size >= 0 && pool.max_size >= 1 && pool.min_size <= pool.max_size && pool.max_size <= 1000 * length(pool.zones)])
    error_message = "node_pools: 0 <= min_size <= max_size, and at most 1000 nodes a zone."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : pool.disk_gb >= 30 && pool.disk_gb <= 2048])
    error_message = "node_pools: disk_gb from 30 to 2048, the sizes of an AKS OS disk."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : length(pool.zones) > 0 && length(setsubtract(pool.zones, var.zones)) == 0])
    error_message = "node_pools: zones are one or more of the cluster's zones."
  }

  validation {
    condition     = alltrue(flatten([for pool in values(var.node_pools) : [for taint in pool.taints : contains(["NoSchedule", "PreferNoSchedule", "NoExecute"], taint.effect)]]))
    error_message = "node_pools: taint effects are NoSchedule, PreferNoSchedule, NoExecute."
  }

  validation {
    condition     = alltrue(flatten([for pool in values(var.node_pools) : [for key in keys(pool.labels) : !startswith(key, "kubernetes.azure.com/")]]))
    error_message = "node_pools: labels under kubernetes.azure.com/ belong to AKS."
  }
}

variable "autoscaler_profile" {
  type        = string
  description = "`aggressive` gives nodes back after minutes, `conservative` keeps them and never empties nodes with local data."

  validation {
    condition     = contains(["aggressive", "conservative"], var.autoscaler_profile)
    error_message = "autoscaler_profile: aggressive or conservative."
  }
}

variable "maintenance_window" {
  type        = object({ day = string, start_hour = number, duration_hours = number })
  description = "When AKS may upgrade the control plane, the nodes and their images, in UTC."

  validation {
    condition     = contains(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], var.maintenance_window.day)
    error_message = "maintenance_window.day: Monday to Sunday."
  }

  validation {
    condition     = var.maintenance_window.start_hour >= 0 && var.maintenance_window.start_hour <= 23 && var.maintenance_window.duration_hours >= 4 && var.maintenance_window.duration_hours <= 24
    error_message = "maintenance_window: start_hour 0 to 23, duration_hours 4 to 24."
  }
}

variable "deletion_protection" {
  type        = bool
  description = "Put a CanNotDelete lock on the cluster. Changes of node pools take it off and put it back."
}

variable "admin_groups" {
  type        = list(string)
  description = "Object ids of the Entra groups that administer the cluster."

  validation {
    condition     = alltrue([for id in var.admin_groups : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", lower(id)))])
    error_message = "admin_groups: object ids (UUIDs) of Entra groups, not their names."
  }
}

variable "cloud" {
  type = object({
    sku_tier                    = optional(string, "Standard")
    long_term_support           = optional(bool, false)
    api_server_vnet_integration = optional(bool, true)
    system_pool = optional(object({
      machine_type = optional(string, "Standard_D4ds_v5")
      min_size     = optional(number, 3)
      max_size     = optional(number, 6)
      disk_gb      = optional(number, 100)
    }), {})
    upgrade_channel      = optional(string, "patch")
    node_os_channel      = optional(string, "NodeImage")
    max_surge            = optional(string, "33%")
    drain_minutes        = optional(number, 30)
    os_sku               = optional(string, "AzureLinux")
    os_disk_type         = optional(string, "Managed")
    host_encryption      = optional(bool, true)
    fips                 = optional(bool, false)
    max_pods             = optional(number, 110)
    spot_max_price       = optional(number, -1)
    spot_eviction_policy = optional(string, "Delete")
    disk_encryption      = optional(bool, false)
    key_vault_sku        = optional(string, "standard")
    key_retention_days   = optional(number, 90)
    operator_ids         = optional(set(string), [])
    operator_cidrs       = optional(set(string), [])
    registry_ids         = optional(map(string), {})
    audit_reads          = optional(bool, true)
    azure_policy         = optional(bool, true)
    secrets_store        = optional(bool, true)
    defender             = optional(bool, false)
    container_insights   = optional(bool, false)
    advanced_networking  = optional(bool, false)
    image_cleaner_hours  = optional(number, 168)
    role_propagation     = optional(string, "90s")
  })
  description = <<-EOT
    What only Azure has:
    `sku_tier`: Free, Standard or Premium; `long_term_support` needs Premium;
    `api_server_vnet_integration`: the API server in a subnet of the VNet (else by Private Link: no public endpoint then, and the key vault for Secrets must be reached from outside);
    `system_pool`: nodes for AKS's own pods, a pool a zone; every zone with nodes needs at least one;
    `upgrade_channel`: patch or none; `node_os_channel`: NodeImage, SecurityPatch, Unmanaged or None; `max_surge`, `drain_minutes`: how upgrades go;
    `os_sku`: AzureLinux or Ubuntu; `os_disk_type`: Managed or Ephemeral (only on sizes with a large enough cache); `fips`, `max_pods`;
    `host_encryption`: encrypt temp disks and caches; the subscription needs the feature Microsoft.Compute/EncryptionAtHost;
    `spot_max_price`: -1 means up to the on-demand price; `spot_eviction_policy`: Delete or Deallocate;
    `disk_encryption`: OS and data disks under a key of the cluster's own; `key_vault_sku`: premium keeps keys in an HSM; `key_retention_days`: 7 to 90, how long deleted keys can be restored;
    `operator_ids`: object ids of those who run Terraform (default: whoever runs it now); they may use the vault's keys and administer the cluster;
    `operator_cidrs`: where Terraform runs; closes the key vault's firewall to everything else (without it, Entra alone guards the vault);
    `registry_ids`: container registries that nodes pull from, id by a name of yours;
    `audit_reads`: log get and list calls too; `azure_policy`, `secrets_store`, `defender`, `container_insights`, `advanced_networking`: add-ons; `image_cleaner_hours`: 24 to 2160;
    `role_propagation`: how long to wait for new role assignments to be known everywhere.
  EOT
  default     = {}

  validation {
    condition     = contains(["Free", "Standard", "Premium"], var.cloud.sku_tier) && (!var.cloud.long_term_support || var.cloud.sku_tier == "Premium")
    error_message = "cloud.sku_tier: Free, Standard or Premium; long_term_support needs Premium."
  }

  validation {
    condition     = var.cloud.api_server_vnet_integration || !var.endpoint.public
    error_message = "cloud.api_server_vnet_integration: a public endpoint beside the private one needs it."
  }

  validation {
    condition     = var.cloud.system_pool.min_size >= 1 && var.cloud.system_pool.min_size <= var.cloud.system_pool.max_size && startswith(var.cloud.system_pool.machine_type, "Standard_")
    error_message = "cloud.system_pool: 1 <= min_size <= max_size, and a VM size such as Standard_D4ds_v5."
  }

  validation {
    condition     = contains(["patch", "none"], var.cloud.upgrade_channel) && contains(["NodeImage", "SecurityPatch", "Unmanaged", "None"], var.cloud.node_os_channel)
    error_message = "cloud.upgrade_channel: patch or none (the spec says the minor version); cloud.node_os_channel: NodeImage, SecurityPatch, Unmanaged or None."
  }

  validation {
    condition     = can(regex("^([1-9][0-9]*|[1-9][0-9]?%|100%)$", var.cloud.max_surge))
    error_message = "cloud.max_surge: a number of nodes or a percentage, at least 1."
  }

  validation {
    condition     = contains(["AzureLinux", "Ubuntu"], var.cloud.os_sku) && contains(["Managed", "Ephemeral"], var.cloud.os_disk_type)
    error_message = "cloud.os_sku: AzureLinux or Ubuntu; cloud.os_disk_type: Managed or Ephemeral."
  }

  validation {
    condition     = var.cloud.max_pods >= 30 && var.cloud.max_pods <= 250
    error_message = "cloud.max_pods: 30 to 250."
  }

  validation {
    condition     = contains(["Delete", "Deallocate"], var.cloud.spot_eviction_policy) && (var.cloud.spot_max_price == -1 || var.cloud.spot_max_price > 0)
    error_message = "cloud.spot_eviction_policy: Delete or Deallocate; cloud.spot_max_price: -1 or a price above 0."
  }

  validation {
    condition     = contains(["standard", "premium"], var.cloud.key_vault_sku) && var.cloud.key_retention_days >= 7 && var.cloud.key_retention_days <= 90
    error_message = "cloud.key_vault_sku: standard or premium; cloud.key_retention_days: 7 to 90."
  }

  validation {
    condition     = var.cloud.image_cleaner_hours >= 24 && var.cloud.image_cleaner_hours <= 2160
    error_message = "cloud.image_cleaner_hours: 24 to 2160."
  }

  validation {
    condition     = can(regex("^[0-9]+[sm]$", var.cloud.role_propagation))
    error_message = "cloud.role_propagation: a duration such as 90s or 2m."
  }
}
