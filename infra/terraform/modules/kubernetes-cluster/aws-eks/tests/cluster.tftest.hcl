# What the module makes of its inputs, on the simulated cloud.

provider "aws" {
  region = "eu-west-1"
}

variables {
  name         = "orchard"
  environment  = "prod"
  region       = "eu-west-1"
  tags         = { team = "platform" }
  pod_cidr     = "10.128.0.0/14"
  service_cidr = "172.20.0.0/16"
  zones        = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  network = {
    network_id         = "vpc-0123456789abcdef0"
    network_name       = "orchard"
    cidr               = "10.20.0.0/16"
    private_subnet_ids = { "eu-west-1a" = "subnet-0a", "eu-west-1b" = "subnet-0b", "eu-west-1c" = "subnet-0c" }
    public_subnet_ids  = {}
    nat_public_ips     = []
    cloud              = {}
  }
  kubernetes_version = "1.34"
  endpoint           = { public = false, allowed_cidrs = [] }
  control_plane_logs = {
    types          = ["api", "audit", "authenticator", "controller-manager", "scheduler"]
    retention_days = 365
  }
  secrets_encryption = true
  node_pools = {
    general = {
      machine_type = "m7i.large"
      min_size     = 4
      max_size     = 8
      spot         = false
      disk_gb      = 100
      labels       = { tier = "general" }
      taints       = []
      zones        = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    }
  }
  autoscaler_profile  = "conservative"
  maintenance_window  = { day = "Sunday", start_hour = 3, duration_hours = 4 }
  deletion_protection = true
  admin_groups        = ["arn:aws:iam::123456789012:role/platform"]
  cloud               = {}
}

run "the_control_plane_is_private_and_protected" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "the private endpoint is on, the public one off"
  }

  assert {
    condition     = aws_eks_cluster.this.deletion_protection && aws_eks_cluster.this.version == "1.34"
    error_message = "prod can't be deleted by mistake"
  }

  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && !aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions
    error_message = "access is by entries only, and the creator gets none by itself"
  }

  assert {
    condition     = !aws_eks_cluster.this.bootstrap_self_managed_addons && aws_eks_cluster.this.upgrade_policy[0].support_type == "STANDARD"
    error_message = "add-ons are managed, and extended support is not paid for by surprise"
  }

  assert {
    condition     = aws_eks_cluster.this.tags["hera-maintenance-window"] == "Sunday 03:00 UTC 4h"
    error_message = "the window is recorded, as EKS has none"
  }
}

run "a_public_endpoint_only_for_its_ranges" {
  command = plan

  variables {
    endpoint = { public = true, allowed_cidrs = ["203.0.113.0/24"] }
    cloud    = { api_client_cidrs = ["10.99.0.0/16"] }
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_public_access && aws_eks_cluster.this.vpc_config[0].public_access_cidrs == toset(["203.0.113.0/24"])
    error_message = "only the named ranges reach the public address"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.api_clients["10.99.0.0/16"].from_port == 443
    error_message = "the management cluster's network reaches the private address"
  }
}

run "secrets_have_a_key_of_their_own" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].resources == toset(["secrets"]) && aws_kms_key.secrets[0].enable_key_rotation
    error_message = "Secrets are encrypted under a key that turns every year"
  }

  assert {
    condition     = jsondecode(aws_kms_key.secrets[0].policy).Statement[0].Principal.AWS == "arn:aws:iam::123456789012:root"
    error_message = "the account administers the key"
  }
}

run "no_key_where_encryption_is_off" {
  command = plan

  variables {
    secrets_encryption = false
  }

  assert {
    condition     = length(aws_kms_key.secrets) == 0 && length(aws_eks_cluster.this.encryption_config) == 0 && output.secrets_key_id == ""
    error_message = "no key is paid for"
  }
}

run "control_plane_logs_are_kept_and_encrypted" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.enabled_cluster_log_types == toset(["api", "audit", "authenticator", "controllerManager", "scheduler"])
    error_message = "the contract's words become EKS's"
  }

  assert {
    condition     = aws_cloudwatch_log_group.this[0].name == "/aws/eks/orchard/cluster" && aws_cloudwatch_log_group.this[0].retention_in_days == 365
    error_message = "prod keeps a year, in the group that EKS writes to"
  }

  assert {
    condition     = strcontains(aws_kms_key.logs[0].policy, "log-group:/aws/eks/orchard/cluster")
    error_message = "the key serves this log group only"
  }
}

run "no_logs_leave_nothing" {
  command = plan

  variables {
    control_plane_logs = { types = [], retention_days = 30 }
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.this) == 0 && length(aws_kms_key.logs) == 0 && output.log_destination == ""
    error_message = "no group and no key"
  }
}

run "administrators_by_access_entry" {
  command = plan

  assert {
    condition     = keys(aws_eks_access_entry.admin) == ["arn:aws:iam::123456789012:role/platform"]
    error_message = "one entry for each principal"
  }

  assert {
    condition = alltrue([
      for association in aws_eks_access_policy_association.admin :
      association.policy_arn == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy" && association.access_scope[0].type == "cluster"
    ])
    error_message = "they administer the whole cluster"
  }
}

run "nobody_administers_is_warned_of" {
  command = plan

  variables {
    admin_groups = []
  }

  expect_failures = [check.somebody_administers]
}

run "sizes_are_spread_over_zones" {
  command = plan

  assert {
    condition     = [for zone in var.zones : aws_eks_node_group.this["general/${zone}"].scaling_config[0].min_size] == [2, 1, 1]
    error_message = "4 is 2, 1 and 1, earlier zones first"
  }

  assert {
    condition     = [for zone in var.zones : aws_eks_node_group.this["general/${zone}"].scaling_config[0].max_size] == [3, 3, 2]
    error_message = "8 is 3, 3 and 2"
  }

  assert {
    condition     = alltrue([for zone in var.zones : aws_eks_node_group.this["general/${zone}"].subnet_ids == toset([var.network.private_subnet_ids[zone]])])
    error_message = "each group is in its zone's private subnet"
  }
}

run "pools_of_every_kind" {
  command = plan

  variables {
    node_pools = {
      general = {
        machine_type = "m7g.xlarge", min_size = 1, max_size = 2, spot = false, disk_gb = 50
        labels       = {}, taints = [], zones = ["eu-west-1b"]
      }
      burst = {
        machine_type = "c7i.2xlarge", min_size = 0, max_size = 30, spot = true, disk_gb = 80
        labels       = {}, taints = [{ key = "burst", value = "", effect = "PreferNoSchedule" }], zones = []
      }
      gpu = {
        machine_type = "g5.xlarge", min_size = 0, max_size = 2, spot = false, disk_gb = 200
        labels       = { accelerator = "nvidia" }, taints = [{ key = "nvidia.com/gpu", value = "present", effect = "NoSchedule" }], zones = ["eu-west-1a"]
      }
    }
  }

  assert {
    condition     = keys(aws_eks_node_group.this) == ["burst/eu-west-1a", "burst/eu-west-1b", "burst/eu-west-1c", "general/eu-west-1b", "gpu/eu-west-1a"]
    error_message = "a pool without zones is in all of them"
  }

  assert {
    condition = (
      aws_eks_node_group.this["general/eu-west-1b"].ami_type == "AL2023_ARM_64_STANDARD" &&
      aws_eks_node_group.this["burst/eu-west-1a"].ami_type == "AL2023_x86_64_STANDARD" &&
      aws_eks_node_group.this["gpu/eu-west-1a"].ami_type == "AL2023_x86_64_NVIDIA"
    )
    error_message = "the image follows the machine type"
  }

  assert {
    condition     = aws_eks_node_group.this["burst/eu-west-1a"].capacity_type == "SPOT" && aws_eks_node_group.this["general/eu-west-1b"].capacity_type == "ON_DEMAND"
    error_message = "spot is a pool's choice"
  }

  assert {
    condition     = one(aws_eks_node_group.this["gpu/eu-west-1a"].taint).effect == "NO_SCHEDULE" && one(aws_eks_node_group.this["burst/eu-west-1b"].taint).effect == "PREFER_NO_SCHEDULE"
    error_message = "taints are in EKS's words"
  }

  assert {
    condition     = aws_eks_node_group.this["gpu/eu-west-1a"].labels == tomap({ accelerator = "nvidia", "hera.dev/pool" = "gpu" })
    error_message = "a pool's nodes carry its labels and its name"
  }

  assert {
    condition     = aws_launch_template.pool["gpu"].block_device_mappings[0].ebs[0].volume_size == 200
    error_message = "disks have the pool's size"
  }
}

run "nodes_are_hardened" {
  command = plan

  assert {
    condition = (
      aws_launch_template.pool["general"].metadata_options[0].http_tokens == "required" &&
      aws_launch_template.pool["general"].metadata_options[0].http_put_response_hop_limit == 1
    )
    error_message = "pods can't reach the machine's credentials"
  }

  assert {
    condition = alltrue([
      for disk in aws_launch_template.pool["general"].block_device_mappings :
      disk.ebs[0].encrypted == "true" && disk.ebs[0].volume_type == "gp3" && disk.ebs[0].delete_on_termination == "true"
    ])
    error_message = "disks are encrypted and go with their machine"
  }

  assert {
    condition     = aws_launch_template.pool["general"].network_interfaces[0].associate_public_ip_address == "false"
    error_message = "no node has a public address"
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.pool["general"].user_data), "seccompDefault: true") && strcontains(base64decode(aws_launch_template.pool["general"].user_data), "maxPods: 110")
    error_message = "containers run under the runtime's seccomp profile"
  }

  assert {
    condition     = toset(keys(aws_iam_role_policy_attachment.node)) == toset(["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy"])
    error_message = "nodes may join and pull images, and nothing else"
  }

  assert {
    condition     = alltrue([for group in aws_eks_node_group.this : group.node_repair_config[0].enabled && group.update_config[0].max_unavailable_percentage == 25])
    error_message = "sick nodes are replaced, upgrades go in quarters"
  }
}

run "bottlerocket_with_shell_access" {
  command = plan

  variables {
    cloud = { node_os = "bottlerocket", node_session_manager = true }
  }

  assert {
    condition     = aws_eks_node_group.this["general/eu-west-1a"].ami_type == "BOTTLEROCKET_x86_64" && length(aws_launch_template.pool["general"].block_device_mappings) == 2
    error_message = "Bottlerocket has a disk for itself and one for data"
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.pool["general"].user_data), "max-pods = 110")
    error_message = "settings are in Bottlerocket's form"
  }

  assert {
    condition     = contains(keys(aws_iam_role_policy_attachment.node), "AmazonSSMManagedInstanceCore")
    error_message = "Systems Manager only where asked for"
  }
}

run "the_autoscaler_is_conservative" {
  command = plan

  assert {
    condition     = aws_autoscaling_group_tag.this["general/eu-west-1a/scaledownunneededtime"].tag[0].value == "20m0s" && aws_autoscaling_group_tag.this["general/eu-west-1a/scaledownutilizationthreshold"].tag[0].value == "0.5"
    error_message = "prod keeps nodes for twenty minutes"
  }

  assert {
    condition     = aws_autoscaling_group_tag.this["general/eu-west-1c/ephemeral-storage"].tag[0].value == "100Gi"
    error_message = "a group of no nodes tells what its nodes would have"
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.autoscaler.policy, "aws:ResourceTag/k8s.io/cluster-autoscaler/orchard")
    error_message = "it scales this cluster's groups only"
  }
}

run "the_autoscaler_is_aggressive" {
  command = plan

  variables {
    autoscaler_profile = "aggressive"
  }

  assert {
    condition     = aws_autoscaling_group_tag.this["general/eu-west-1a/scaledownunneededtime"].tag[0].value == "2m0s" && aws_autoscaling_group_tag.this["general/eu-west-1a/scaledownutilizationthreshold"].tag[0].value == "0.7"
    error_message = "dev gives nodes back after two minutes"
  }
}

run "addons_before_and_after_nodes" {
  command = plan

  variables {
    cloud = { addon_versions = { coredns = "v1.12.4-eksbuild.1" } }
  }

  assert {
    condition     = keys(aws_eks_addon.before_nodes) == ["eks-pod-identity-agent", "kube-proxy", "vpc-cni"] && keys(aws_eks_addon.after_nodes) == ["aws-ebs-csi-driver", "coredns"]
    error_message = "what makes nodes ready comes first, what runs on them later"
  }

  assert {
    condition = (
      jsondecode(aws_eks_addon.before_nodes["vpc-cni"].configuration_values).enableNetworkPolicy == "true" &&
      jsondecode(aws_eks_addon.before_nodes["vpc-cni"].configuration_values).env.ENABLE_PREFIX_DELEGATION == "true"
    )
    error_message = "network policies are enforced and addresses come in prefixes"
  }

  assert {
    condition     = aws_eks_addon.after_nodes["coredns"].addon_version == "v1.12.4-eksbuild.1"
    error_message = "versions can be pinned"
  }

  assert {
    condition     = keys(data.aws_eks_addon_version.default) == ["aws-ebs-csi-driver", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"]
    error_message = "the others follow the Kubernetes version"
  }

  assert {
    condition     = jsondecode(aws_eks_addon.after_nodes["aws-ebs-csi-driver"].configuration_values).controller.extraVolumeTags["hera-cluster"] == "orchard"
    error_message = "volumes say whose they are"
  }
}

run "everything_says_whose_it_is" {
  command = plan

  assert {
    condition = alltrue([
      for tags in concat(
        [aws_eks_cluster.this.tags, aws_kms_key.secrets[0].tags, aws_kms_key.logs[0].tags, aws_cloudwatch_log_group.this[0].tags],
        [aws_iam_role.cluster.tags, aws_iam_role.node.tags, aws_iam_openid_connect_provider.this.tags],
        values(aws_iam_role.service_account)[*].tags,
        values(aws_eks_node_group.this)[*].tags,
        values(aws_eks_addon.before_nodes)[*].tags,
        values(aws_eks_addon.after_nodes)[*].tags,
        values(aws_eks_access_entry.admin)[*].tags,
        values(aws_launch_template.pool)[*].tags,
        flatten([for template in aws_launch_template.pool : template.tag_specifications[*].tags]),
      ) :
      tags["hera-cluster"] == "orchard" && tags["hera-environment"] == "prod" && tags["hera-stage"] == "cluster" &&
      tags["managed-by"] == "hera" && tags["team"] == "platform"
    ])
    error_message = "ownership tags and the user's tags are on everything, machines and disks included"
  }
}

run "names_fit_and_stay_in_their_path" {
  command = plan

  variables {
    name   = "a234567890-234567890-234567890-23456789z"
    region = "ap-southeast-1"
    cloud  = { workload_roles = { secretsx = { namespace = "hera", service_account = "s", policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"] } } }
  }

  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.service_account), [aws_iam_role.cluster, aws_iam_role.node]) : length(role.name) <= 64 && role.path == "/hera/"])
    error_message = "the longest names fit into IAM's 64 characters"
  }
}

run "a_boundary_on_every_role" {
  command = plan

  variables {
    cloud = { permissions_boundary = "arn:aws:iam::123456789012:policy/boundary" }
  }

  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.service_account), [aws_iam_role.cluster, aws_iam_role.node]) : role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"])
    error_message = "no role escapes the boundary"
  }
}
