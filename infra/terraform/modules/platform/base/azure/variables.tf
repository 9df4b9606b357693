variable "name" {
  description = "The cluster's name; everything here is named and tagged after it."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]*[a-z0-9])$", var.name)) && length(var.name) <= 40
    error_message = "name: accepted are 2 to 40 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen."
  }
}

variable "environment" {
  description = "dev, staging or prod; only for tags, what differs between environments comes in as values."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment: accepted are dev, staging and prod."
  }
}

variable "region" {
  description = "The cloud's region: westeurope."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+[a-z0-9]*$", var.region))
    error_message = "region: accepted is an Azure region such as westeurope."
  }
}

variable "tags" {
  description = "The user's tags, put on everything beside Hera's own."
  type        = map(string)

  validation {
    condition     = length(var.tags) <= 40
    error_message = "tags: accepted are at most 40."
  }
}

variable "cluster" {
  description = "The cluster layer's outputs that identities need, as they are."
  type = object({
    cluster_id        = string
    cluster_name      = string
    oidc_issuer_url   = string
    workload_identity = map(string)
    cloud             = map(string)
  })

  validation {
    condition     = startswith(var.cluster.oidc_issuer_url, "https://")
    error_message = "cluster.oidc_issuer_url: accepted is the issuer's URL, https://…"
  }
}

variable "backups" {
  description = "Where backups go: days until they are moved to cheaper classes (0: never), days until they are deleted, whether nobody can delete them before (lock), and whether they go with the cluster."
  type = object({
    retention_days      = number
    cool_after_days     = number
    archive_after_days  = number
    lock                = bool
    delete_with_cluster = bool
  })

  validation {
    condition     = var.backups.retention_days >= 1 && var.backups.retention_days <= 3650
    error_message = "backups.retention_days: accepted are 1 to 3650."
  }

  validation {
    condition     = var.backups.cool_after_days == 0 || (var.backups.cool_after_days >= 30 && var.backups.cool_after_days < var.backups.retention_days)
    error_message = "backups.cool_after_days: accepted are 0 and 30 to less than retention_days; cheaper classes are billed for 30 days at least."
  }

  validation {
    condition     = var.backups.archive_after_days == 0 || (var.backups.archive_after_days >= var.backups.cool_after_days + 30 && var.backups.archive_after_days < var.backups.retention_days)
    error_message = "backups.archive_after_days: accepted are 0 and at least 30 days after cool_after_days, before retention_days."
  }

  validation {
    condition     = var.backups.lock != var.backups.delete_with_cluster
    error_message = "backups: accepted is either lock or delete_with_cluster; Azure deletes a container with all that is in it unless it is locked."
  }
}

variable "traces" {
  description = "Where traces go, and for how many days."
  type        = object({ retention_days = number })

  validation {
    condition     = var.traces.retention_days >= 1 && var.traces.retention_days <= 365
    error_message = "traces.retention_days: accepted are 1 to 365."
  }
}

variable "logs" {
  description = "Where the log lines of applications and components go, and for how many days."
  type        = object({ retention_days = number })

  validation {
    condition     = var.logs.retention_days >= 1 && var.logs.retention_days <= 730
    error_message = "logs.retention_days: accepted are 1 to 730; the workspace keeps at least 30."
  }
}

variable "secret_prefix" {
  description = "What the names of secrets begin with that the cluster may read; the secrets operator sees no others."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9/_-]{2,100}$", var.secret_prefix))
    error_message = "secret_prefix: accepted are 3 to 101 letters, digits, /, _ and -, starting with a letter."
  }
}

variable "cloud" {
  description = <<-EOT
    What only Azure has:
    replication: copies of the store: ZRS (zones), GZRS (zones, and another region), LRS.
    endpoint_subnet_id, blob_dns_zone_id: a private endpoint for the store; the store is then closed to all other networks.
    subnet_ids: subnets with the service endpoint Microsoft.Storage that reach the store without a private endpoint.
    key_vault_id: the vault that the secrets operator reads; Azure has no rights by prefix, so give it a vault of its own.
  EOT
  type = object({
    replication        = optional(string, "ZRS")
    endpoint_subnet_id = optional(string, "")
    blob_dns_zone_id   = optional(string, "")
    subnet_ids         = optional(set(string), [])
    key_vault_id       = optional(string, "")
  })

  validation {
    condition     = contains(["LRS", "ZRS", "GRS", "GZRS", "RAGRS", "RAGZRS"], var.cloud.replication)
    error_message = "cloud.replication: accepted are LRS, ZRS, GRS, GZRS, RAGRS and RAGZRS."
  }

  validation {
    condition     = (var.cloud.endpoint_subnet_id == "") == (var.cloud.blob_dns_zone_id == "")
    error_message = "cloud.endpoint_subnet_id and cloud.blob_dns_zone_id: accepted are both or neither."
  }
}
