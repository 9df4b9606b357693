# Node pools: one managed node group a zone, so that the autoscaler adds a node where a pod's volume is.

locals {
  pool_zones = { for name, pool in var.node_pools : name => length(pool.zones) > 0 ? pool.zones : var.zones }

  # Sizes are spread as evenly as can be, earlier zones first: 7 over three zones is 3, 2, 2.
  groups = merge([
    for name, pool in var.node_pools : {
      for index, zone in local.pool_zones[name] : "${name}/${zone}" => {
        pool = name
        zone = zone
        min  = floor(pool.min_size / length(local.pool_zones[name])) + (index < pool.min_size % length(local.pool_zones[name]) ? 1 : 0)
        max  = floor(pool.max_size / length(local.pool_zones[name])) + (index < pool.max_size % length(local.pool_zones[name]) ? 1 : 0)
      }
    }
  ]...)

  # Graviton families have a g after the generation; families p and g with a number are GPUs.
  arm = { for name, pool in var.node_pools : name => can(regex("^(a1\\.|[a-z]+[0-9]+g)", pool.machine_type)) }
  gpu = { for name, pool in var.node_pools : name => can(regex("^(p|g)[0-9]", pool.machine_type)) }
  ami_types = {
    for name, pool in var.node_pools : name => var.cloud.node_os == "bottlerocket" ? (
      "BOTTLEROCKET_${local.arm[name] ? "ARM_64" : "x86_64"}${local.gpu[name] ? "_NVIDIA" : ""}"
      ) : (
      "AL2023_${local.arm[name] ? "ARM_64" : "x86_64"}_${local.gpu[name] ? "NVIDIA" : "STANDARD"}"
    )
  }

  taint_effects = {
    NoSchedule       = "NO_SCHEDULE"
    PreferNoSchedule = "PREFER_NO_SCHEDULE"
    NoExecute        = "NO_EXECUTE"
  }

  # EKS merges this with its own: every container runs under the runtime's seccomp profile unless its pod says otherwise.
  al2023_config = <<-EOT
    MIME-Version: 1.0
    Content-Type: multipart/mixed; boundary="//"

    --//
    Content-Type: application/node.eks.aws

    apiVersion: node.eks.aws/v1alpha1
    kind: NodeConfig
    spec:
      kubelet:
        config:
          maxPods: ${var.cloud.max_pods}
          seccompDefault: true

    --//--
  EOT

  bottlerocket_config = <<-EOT
    [settings.kubernetes]
    max-pods = ${var.cloud.max_pods}
    seccomp-default = true
  EOT

  # Bottlerocket keeps itself on the first disk and everything that grows on the second.
  disks = {
    for name, pool in var.node_pools : name => (
      var.cloud.node_os == "bottlerocket" ? { "/dev/xvda" = 4, "/dev/xvdb" = pool.disk_gb } : { "/dev/xvda" = pool.disk_gb }
    )
  }

  # What the cluster autoscaler reads from the groups' tags, per group and stronger than its own flags.
  scale_down = {
    aggressive   = { scaledownunneededtime = "2m0s", scaledownunreadytime = "5m0s", scaledownutilizationthreshold = "0.7" }
    conservative = { scaledownunneededtime = "20m0s", scaledownunreadytime = "30m0s", scaledownutilizationthreshold = "0.5" }
  }
  group_tags = merge([
    for key, group in local.groups : merge(
      {
        for option, value in local.scale_down[var.autoscaler_profile] : "${key}/${option}" => {
          group = key
          key   = "k8s.io/cluster-autoscaler/node-template/autoscaling-options/${option}"
          value = value
        }
      },
      {
        "${key}/ephemeral-storage" = {
          group = key
          key   = "k8s.io/cluster-autoscaler/node-template/resources/ephemeral-storage"
          value = "${var.node_pools[group.pool].disk_gb}Gi"
        }
      },
    )
  ]...)
}

resource "aws_launch_template" "pool" {
  for_each = var.node_pools

  name_prefix = "${var.name}-${each.key}-"
  description = "Nodes of pool ${each.key} of Hera cluster ${var.name}"
  user_data   = base64encode(var.cloud.node_os == "bottlerocket" ? local.bottlerocket_config : local.al2023_config)
  tags        = merge(local.tags, { Name = "${var.name}-${each.key}" })

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  dynamic "block_device_mappings" {
    for_each = local.disks[each.key]

    content {
      device_name = block_device_mappings.key

      ebs {
        encrypted             = true
        kms_key_id            = var.cloud.node_disk_kms_key_arn == "" ? null : var.cloud.node_disk_kms_key_arn
        volume_type           = "gp3"
        volume_size           = block_device_mappings.value
        delete_on_termination = true
      }
    }
  }

  network_interfaces {
    device_index                = 0
    associate_public_ip_address = false
    delete_on_termination       = true
    security_groups             = [aws_eks_cluster.this.vpc_config[0].cluster_security_group_id]
  }

  monitoring {
    enabled = true
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "network-interface", "volume"])

    content {
      resource_type = tag_specifications.value
      tags          = merge(local.tags, { Name = "${var.name}-${each.key}" })
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_eks_node_group" "this" {
  for_each = local.groups

  cluster_name           = aws_eks_cluster.this.name
  node_group_name_prefix = "${each.value.pool}-${each.value.zone}-"
  node_role_arn          = aws_iam_role.node.arn
  subnet_ids             = [var.network.private_subnet_ids[each.value.zone]]
  version                = var.kubernetes_version
  ami_type               = local.ami_types[each.value.pool]
  capacity_type          = var.node_pools[each.value.pool].spot ? "SPOT" : "ON_DEMAND"
  instance_types         = [var.node_pools[each.value.pool].machine_type]
  labels                 = merge(var.node_pools[each.value.pool].labels, { "hera.dev/pool" = each.value.pool })

  # The disk's size is hidden in the launch template; the tag lets a plan be priced.
  tags = merge(local.tags, {
    Name            = "${var.name}-${each.value.pool}-${each.value.zone}"
    "hera-disk-gib" = tostring(var.node_pools[each.value.pool].disk_gb)
  })

  scaling_config {
    min_size     = each.value.min
    max_size     = each.value.max
    desired_size = each.value.min
  }

  launch_template {
    id      = aws_launch_template.pool[each.value.pool].id
    version = tostring(aws_launch_template.pool[each.value.pool].latest_version)
  }

  update_config {
    max_unavailable_percentage = var.cloud.max_unavailable_percentage
  }

  node_repair_config {
    enabled = var.cloud.node_repair
  }

  dynamic "taint" {
    for_each = var.node_pools[each.value.pool].taints

    content {
      key    = taint.value.key
      value  = taint.value.value == "" ? null : taint.value.value
      effect = local.taint_effects[taint.value.effect]
    }
  }

  # A changed machine type, disk kind or purchase option makes a new group before the old one is drained away.
  lifecycle {
    create_before_destroy = true
    ignore_changes        = [scaling_config[0].desired_size]
  }

  depends_on = [
    aws_eks_addon.before_nodes,
    aws_iam_role_policy_attachment.node,
  ]
}

resource "aws_autoscaling_group_tag" "this" {
  for_each = local.group_tags

  autoscaling_group_name = aws_eks_node_group.this[each.value.group].resources[0].autoscaling_groups[0].name

  tag {
    key                 = each.value.key
    value               = each.value.value
    propagate_at_launch = false
  }
}
