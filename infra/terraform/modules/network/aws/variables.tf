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
  description = "The AWS region, for example eu-west-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region)) && !startswith(var.region, "cn-")
    error_message = "region: accepted is an AWS region name such as eu-west-1, outside China, where service names differ."
  }
}

variable "tags" {
  description = "The user's tags, put on everything beside Hera's own."
  type        = map(string)

  validation {
    condition     = length(var.tags) <= 40
    error_message = "tags: accepted are at most 40; AWS takes 50 a resource and Hera and Kubernetes need the rest."
  }

  validation {
    condition = alltrue([
      for key, value in var.tags :
      !startswith(lower(key), "aws:") && length(key) <= 128 && length(value) <= 256
    ])
    error_message = "tags: accepted are keys of up to 128 characters that do not start with aws:, and values of up to 256."
  }
}

variable "cidr" {
  description = "The VPC's range; subnets are cut from it. Pods take addresses from the private subnets, so make it large."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.cidr)) && try(cidrsubnet(var.cidr, 0, 0) == var.cidr, false)
    error_message = "cidr: accepted is an IPv4 network address such as 10.20.0.0/16."
  }

  validation {
    condition = try(
      tonumber(split("/", var.cidr)[1]) >= 16 &&
      tonumber(split("/", var.cidr)[1]) <= (max(length(var.zones), var.cloud.zone_capacity) > 3 ? 22 : 24),
    false)
    error_message = "cidr: accepted are /16 to /24 for up to three zones, and /16 to /22 for more; smaller ones leave no room for subnets."
  }
}

variable "pod_cidr" {
  description = "The pods' range on other clouds. Unused here: the VPC CNI gives pods addresses of the private subnets."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.pod_cidr))
    error_message = "pod_cidr: accepted is an IPv4 range such as 10.128.0.0/14."
  }
}

variable "service_cidr" {
  description = "The Services' range; it must not overlap the VPC's."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.service_cidr))
    error_message = "service_cidr: accepted is an IPv4 range such as 172.20.0.0/16."
  }

  validation {
    condition = try(
      cidrsubnet("${cidrhost(var.cidr, 0)}/${min(split("/", var.cidr)[1], split("/", var.service_cidr)[1])}", 0, 0) !=
      cidrsubnet("${cidrhost(var.service_cidr, 0)}/${min(split("/", var.cidr)[1], split("/", var.service_cidr)[1])}", 0, 0),
    false)
    error_message = "service_cidr: accepted is a range that does not overlap cidr."
  }
}

variable "zones" {
  description = "Availability zones to use, in order; the first one holds the NAT gateway when there is a single one."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 6 && length(distinct(var.zones)) == length(var.zones)
    error_message = "zones: accepted are two to six different zones; EKS refuses a cluster in one."
  }

  validation {
    condition     = alltrue([for zone in var.zones : startswith(zone, var.region)])
    error_message = "zones: accepted are zones of the region, such as eu-west-1a in eu-west-1."
  }
}

variable "nat_mode" {
  description = "single: one NAT gateway for all zones (cheap; its zone's loss is everyone's). zone: one in each zone."
  type        = string

  validation {
    condition     = contains(["single", "zone"], var.nat_mode)
    error_message = "nat_mode: accepted are single and zone."
  }
}

variable "private_endpoints" {
  description = "Services reached without NAT: storage (S3, free), registry (ECR), secrets (Secrets Manager), logs (CloudWatch)."
  type        = set(string)

  validation {
    condition     = length(setsubtract(var.private_endpoints, ["storage", "registry", "secrets", "logs"])) == 0
    error_message = "private_endpoints: accepted are storage, registry, secrets and logs."
  }
}

variable "flow_logs" {
  description = "Records of accepted and refused traffic, in an encrypted CloudWatch log group."
  type        = object({ enabled = bool, retention_days = number })

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.flow_logs.retention_days
    )
    error_message = "flow_logs.retention_days: CloudWatch accepts 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653."
  }
}

variable "cloud" {
  description = <<-EOT
    What only AWS has:
    zone_capacity: cut subnets for this many zones, so that zones can be added later without moving the others (0: as many as zones).
    interface_endpoints: services with an interface endpoint beside those of private_endpoints (null: ec2 and sts where there is any).
    encryption_control: VPC encryption control: off, monitor, or enforce (only once monitor shows nothing unencrypted).
    public_access_exclusion: in accounts where VPC block public access is on: allow-egress or allow-bidirectional (empty: none).
    permissions_boundary: ARN of a boundary for the IAM role made here (empty: none).
    key_deletion_days: days until a deleted key is really gone.
  EOT
  type = object({
    zone_capacity           = optional(number, 0)
    interface_endpoints     = optional(set(string))
    encryption_control      = optional(string, "off")
    public_access_exclusion = optional(string, "")
    permissions_boundary    = optional(string, "")
    key_deletion_days       = optional(number, 7)
  })

  validation {
    condition     = var.cloud.zone_capacity >= 0 && var.cloud.zone_capacity <= 6 && floor(var.cloud.zone_capacity) == var.cloud.zone_capacity
    error_message = "cloud.zone_capacity: accepted are 0 to 6."
  }

  validation {
    condition = alltrue([
      for service in coalesce(var.cloud.interface_endpoints, []) : can(regex("^[a-z][a-z0-9-]*(\\.[a-z][a-z0-9-]*)*$", service))
    ])
    error_message = "cloud.interface_endpoints: accepted are names of services such as sts, eks-auth or ecr.api."
  }

  validation {
    condition     = contains(["off", "monitor", "enforce"], var.cloud.encryption_control)
    error_message = "cloud.encryption_control: accepted are off, monitor and enforce."
  }

  validation {
    condition     = contains(["", "allow-egress", "allow-bidirectional"], var.cloud.public_access_exclusion)
    error_message = "cloud.public_access_exclusion: accepted are allow-egress, allow-bidirectional and an empty string."
  }

  validation {
    condition     = var.cloud.permissions_boundary == "" || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:policy/", var.cloud.permissions_boundary))
    error_message = "cloud.permissions_boundary: accepted is the ARN of an IAM policy."
  }

  validation {
    condition     = var.cloud.key_deletion_days >= 7 && var.cloud.key_deletion_days <= 30
    error_message = "cloud.key_deletion_days: accepted are 7 to 30."
  }
}
