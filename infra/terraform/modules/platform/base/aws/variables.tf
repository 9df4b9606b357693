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
  description = "The cloud's region: eu-west-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region: accepted is an AWS region such as eu-west-1."
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
    condition     = !(var.backups.lock && var.backups.delete_with_cluster)
    error_message = "backups: accepted is lock or delete_with_cluster; what nobody can delete does not go with the cluster."
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
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.logs.retention_days
    )
    error_message = "logs.retention_days: CloudWatch accepts 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653."
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
    What only AWS has:
    permissions_boundary: ARN of a boundary for the IAM roles made here (empty: none).
    key_deletion_days: days until a deleted key is really gone.
    access_log_bucket: bucket that takes S3's own access logs (empty: none; object reads are in CloudTrail where that is on).
  EOT
  type = object({
    permissions_boundary = optional(string, "")
    key_deletion_days    = optional(number, 30)
    access_log_bucket    = optional(string, "")
  })

  validation {
    condition     = var.cloud.permissions_boundary == "" || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:policy/", var.cloud.permissions_boundary))
    error_message = "cloud.permissions_boundary: accepted is the ARN of an IAM policy."
  }

  validation {
    condition     = var.cloud.key_deletion_days >= 7 && var.cloud.key_deletion_days <= 30
    error_message = "cloud.key_deletion_days: accepted are 7 to 30."
  }
}
