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

variable "pod_cidr" {
  description = "The pods' range on other clouds. Unused here: the VPC CNI gives pods addresses of the private subnets."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.pod_cidr))
    error_message = "pod_cidr: accepted is an IPv4 range such as 10.128.0.0/14."
  }
}

variable "service_cidr" {
  description = "The Services' range. It can't be changed later."
  type        = string

  validation {
    condition = try(
      cidrsubnet(var.service_cidr, 0, 0) == var.service_cidr &&
      tonumber(split("/", var.service_cidr)[1]) >= 12 && tonumber(split("/", var.service_cidr)[1]) <= 24 &&
      can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.service_cidr)),
    false)
    error_message = "service_cidr: EKS accepts /12 to /24 within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
  }
}

variable "zones" {
  description = "Availability zones to use, in order."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 6 && length(distinct(var.zones)) == length(var.zones)
    error_message = "zones: accepted are two to six different zones; EKS refuses a cluster in one."
  }
}

variable "network" {
  description = "The network layer's outputs, as they are."
  type = object({
    network_id         = string
    network_name       = string
    cidr               = string
    private_subnet_ids = map(string)
    public_subnet_ids  = map(string)
    nat_public_ips     = list(string)
    cloud              = map(string)
  })

  validation {
    condition     = length(setsubtract(var.zones, keys(var.network.private_subnet_ids))) == 0
    error_message = "network.private_subnet_ids: accepted is a map with a subnet for every one of zones."
  }
}

variable "kubernetes_version" {
  description = "The Kubernetes version of control plane and nodes. EKS goes up one minor version at a time and never down."
  type        = string

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "kubernetes_version: accepted is a minor version such as 1.34."
  }
}

variable "endpoint" {
  description = "Who reaches the Kubernetes API from outside. The private endpoint is always on."
  type        = object({ public = bool, allowed_cidrs = list(string) })

  validation {
    condition     = !var.endpoint.public || length(var.endpoint.allowed_cidrs) > 0
    error_message = "endpoint.allowed_cidrs: a public endpoint needs at least one range that may reach it."
  }

  validation {
    condition     = alltrue([for cidr in var.endpoint.allowed_cidrs : can(cidrnetmask(cidr))])
    error_message = "endpoint.allowed_cidrs: accepted are IPv4 ranges such as 203.0.113.0/24."
  }
}

variable "control_plane_logs" {
  description = "Which control-plane logs go to an encrypted CloudWatch log group, and for how long."
  type        = object({ types = set(string), retention_days = number })

  validation {
    condition     = length(setsubtract(var.control_plane_logs.types, ["api", "audit", "authenticator", "controller-manager", "scheduler"])) == 0
    error_message = "control_plane_logs.types: accepted are api, audit, authenticator, controller-manager and scheduler."
  }

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.control_plane_logs.retention_days
    )
    error_message = "control_plane_logs.retention_days: CloudWatch accepts 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653."
  }
}

variable "secrets_encryption" {
  description = "Kubernetes Secrets under a key of the cluster's own. EKS can't take it back once on."
  type        = bool
}

variable "node_pools" {
  description = "Node pools. Sizes count the whole pool; each zone of a pool is a managed node group of its own, earlier zones take the remainder. No zones: all of them."
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

  validation {
    condition     = alltrue([for pool in keys(var.node_pools) : can(regex("^[a-z][a-z0-9]{0,11}$", pool))])
    error_message = "node_pools: accepted names are 1 to 12 lower-case letters and digits, starting with a letter."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : can(regex("^[a-z][a-z0-9-]*\\.(nano|micro|small|medium|large|[0-9]*xlarge|metal(-[0-9]+xl)?)$", pool.machine_type))])
    error_message = "node_pools: accepted machine types are EC2 instance types such as m7i.large."
  }

  validation {
    condition = alltrue([
      for pool in values(var.node_pools) :
      pool.min_size >= 0 && pool.max_size >= max(pool.min_size, 1) && floor(pool.min_size) == pool.min_size && floor(pool.max_size) == pool.max_size
    ])
    error_message = "node_pools: accepted are whole numbers with 0 <= min_size <= max_size and max_size >= 1."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : pool.max_size >= (length(pool.zones) > 0 ? length(pool.zones) : length(var.zones))])
    error_message = "node_pools: max_size must be at least one node for each of the pool's zones; EKS refuses a node group of maximum 0."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : length(setsubtract(pool.zones, var.zones)) == 0 && length(distinct(pool.zones)) == length(pool.zones)])
    error_message = "node_pools: a pool's zones must be different ones out of zones."
  }

  validation {
    condition = alltrue(flatten([
      for pool in values(var.node_pools) : [for taint in pool.taints : contains(["NoSchedule", "PreferNoSchedule", "NoExecute"], taint.effect)]
    ]))
    error_message = "node_pools: accepted taint effects are NoSchedule, PreferNoSchedule and NoExecute."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : pool.disk_gb >= 20 && pool.disk_gb <= 16384])
    error_message = "node_pools: accepted disks are 20 to 16384 GiB."
  }

  validation {
    condition = anytrue([
      for pool in values(var.node_pools) :
      pool.min_size > 0 && alltrue([for taint in pool.taints : taint.effect == "PreferNoSchedule"])
    ])
    error_message = "node_pools: at least one pool needs min_size > 0 and no NoSchedule or NoExecute taint, or CoreDNS has nowhere to run."
  }
}

variable "autoscaler_profile" {
  description = "How eagerly nodes go away: aggressive (2 minutes under 70 %) or conservative (20 minutes under 50 %)."
  type        = string

  validation {
    condition     = contains(["aggressive", "conservative"], var.autoscaler_profile)
    error_message = "autoscaler_profile: accepted are aggressive and conservative."
  }
}

variable "maintenance_window" {
  description = "When upgrades should happen, in UTC. EKS has no maintenance windows: it patches the control plane when it wants and never replaces nodes by itself. So the window is recorded in the tag hera-maintenance-window of the cluster, for the pipelines that upgrade."
  type        = object({ day = string, start_hour = number, duration_hours = number })

  validation {
    condition     = contains(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], var.maintenance_window.day)
    error_message = "maintenance_window.day: accepted are Monday to Sunday."
  }

  validation {
    condition = (
      var.maintenance_window.start_hour >= 0 && var.maintenance_window.start_hour <= 23 &&
      var.maintenance_window.duration_hours >= 1 && var.maintenance_window.duration_hours <= 24
    )
    error_message = "maintenance_window: accepted are start_hour 0 to 23 and duration_hours 1 to 24."
  }
}

variable "deletion_protection" {
  description = "EKS itself refuses to delete the cluster."
  type        = bool
}

variable "admin_groups" {
  description = "IAM roles or users (ARNs) that administer the cluster. The creator is none of them unless named: name the pipelines' role too."
  type        = list(string)

  validation {
    condition     = alltrue([for arn in var.admin_groups : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$", arn))])
    error_message = "admin_groups: accepted are ARNs of IAM roles and users, such as arn:aws:iam::111122223333:role/platform."
  }

  validation {
    condition     = length(distinct(var.admin_groups)) == length(var.admin_groups)
    error_message = "admin_groups: each principal once."
  }
}

variable "cloud" {
  description = <<-EOT
    What only AWS has:
    node_os: al2023 or bottlerocket.
    max_pods: pods a node takes (with prefix delegation; 110 suits machines below 30 CPUs).
    node_disk_kms_key_arn: key for the nodes' disks (empty: the account's EBS key). Its policy must let Auto Scaling use it.
    node_session_manager: shell access to nodes through Systems Manager.
    node_repair: EKS replaces nodes that stay unhealthy.
    max_unavailable_percentage: how much of a node group an upgrade takes at once (new nodes come first).
    addon_versions: add-on name to version (others: EKS's default for the Kubernetes version).
    support_type: STANDARD (EKS upgrades by itself at the end of support) or EXTENDED (stays, at six times the price).
    zonal_shift: EKS moves traffic away from an impaired zone.
    api_client_cidrs: ranges beyond the cluster's own nodes that may reach the private endpoint, such as the management cluster's.
    workload_roles: further roles for service accounts: name to namespace, service account and policies.
    permissions_boundary: ARN of a boundary for every IAM role made here (empty: none).
    key_deletion_days: days until a deleted key is really gone.
  EOT
  type = object({
    node_os                    = optional(string, "al2023")
    max_pods                   = optional(number, 110)
    node_disk_kms_key_arn      = optional(string, "")
    node_session_manager       = optional(bool, false)
    node_repair                = optional(bool, true)
    max_unavailable_percentage = optional(number, 25)
    addon_versions             = optional(map(string), {})
    support_type               = optional(string, "STANDARD")
    zonal_shift                = optional(bool, true)
    api_client_cidrs           = optional(list(string), [])
    workload_roles = optional(map(object({
      namespace       = string
      service_account = string
      policy_arns     = list(string)
    })), {})
    permissions_boundary = optional(string, "")
    key_deletion_days    = optional(number, 30)
  })

  validation {
    condition     = contains(["al2023", "bottlerocket"], var.cloud.node_os)
    error_message = "cloud.node_os: accepted are al2023 and bottlerocket."
  }

  validation {
    condition     = var.cloud.max_pods >= 8 && var.cloud.max_pods <= 250
    error_message = "cloud.max_pods: accepted are 8 to 250."
  }

  validation {
    condition     = var.cloud.node_disk_kms_key_arn == "" || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/", var.cloud.node_disk_kms_key_arn))
    error_message = "cloud.node_disk_kms_key_arn: accepted is the ARN of a KMS key."
  }

  validation {
    condition     = var.cloud.max_unavailable_percentage >= 1 && var.cloud.max_unavailable_percentage <= 100
    error_message = "cloud.max_unavailable_percentage: accepted are 1 to 100."
  }

  validation {
    condition     = length(setsubtract(keys(var.cloud.addon_versions), ["vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns", "aws-ebs-csi-driver"])) == 0
    error_message = "cloud.addon_versions: accepted are vpc-cni, kube-proxy, eks-pod-identity-agent, coredns and aws-ebs-csi-driver."
  }

  validation {
    condition     = contains(["STANDARD", "EXTENDED"], var.cloud.support_type)
    error_message = "cloud.support_type: accepted are STANDARD and EXTENDED."
  }

  validation {
    condition     = alltrue([for cidr in var.cloud.api_client_cidrs : can(cidrnetmask(cidr)) && cidr != "0.0.0.0/0"])
    error_message = "cloud.api_client_cidrs: accepted are IPv4 ranges, and not 0.0.0.0/0."
  }

  validation {
    condition     = alltrue([for role in keys(var.cloud.workload_roles) : can(regex("^[a-z][a-z0-9-]{0,7}$", role)) && !contains(["vpc-cni", "ebs-csi", "scaler", "cluster", "node", "flowlogs"], role)])
    error_message = "cloud.workload_roles: accepted names are 1 to 8 lower-case letters, digits and hyphens, other than those of Hera's own roles."
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
