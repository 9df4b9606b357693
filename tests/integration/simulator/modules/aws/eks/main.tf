# In the style of terraform-aws-modules/terraform-aws-eks, written from memory.
variable "name" { type = string }
variable "kubernetes_version" { type = string }
variable "vpc_id" { type = string }
variable "subnet_ids" { type = list(string) }
variable "control_plane_subnet_ids" {
  type    = list(string)
  default = []
}
variable "endpoint_public_access" {
  type    = bool
  default = false
}
variable "addons" {
  type = map(object({
    most_recent                 = optional(bool, true)
    before_compute              = optional(bool, false)
    resolve_conflicts_on_create = optional(string, "NONE")
    configuration_values        = optional(string)
    timeouts                    = optional(object({ create = optional(string), delete = optional(string) }))
  }))
  default = {}
}
variable "access_entries" {
  type    = any
  default = {}
}
variable "node_groups" {
  type    = any
  default = {}
}
variable "fargate_profiles" {
  type    = any
  default = {}
}
variable "security_group_rules" {
  type    = any
  default = {}
}
variable "tags" {
  type    = map(string)
  default = {}
}

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}
data "aws_iam_session_context" "current" { arn = try(data.aws_caller_identity.current.arn, "") }

locals {
  partition = data.aws_partition.current.partition
  access_entries = {
    for k, v in merge({
      cluster_creator = {
        principal_arn = data.aws_iam_session_context.current.issuer_arn
        type          = "STANDARD"
        policy_associations = {
          admin = { policy_arn = "arn:${local.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", access_scope = { type = "cluster" } }
        }
      }
    }, var.access_entries) : k => v
  }
  flattened_access_entries = flatten([for ek, ev in local.access_entries : [for pk, pv in try(ev.policy_associations, {}) : {
    entry_key  = ek, pol_key = pk, principal_arn = ev.principal_arn, policy_arn = pv.policy_arn,
    scope_type = pv.access_scope.type, namespaces = lookup(pv.access_scope, "namespaces", [])
  }]])
}

module "kms" {
  source      = "../kms"
  aliases     = ["eks/${var.name}"]
  description = "${var.name} cluster encryption key"
  key_users   = [aws_iam_role.this.arn]
}
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/eks/${var.name}/cluster"
  retention_in_days = 90
  tags              = merge(var.tags, { Name = "/aws/eks/${var.name}/cluster" })
}
data "aws_iam_policy_document" "assume" {
  statement {
    sid     = "EKSClusterAssumeRole"
    actions = ["sts:AssumeRole", "sts:TagSession"]
    principals {
      type        = "Service"
      identifiers = ["eks.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "this" {
  name_prefix           = "${var.name}-cluster-"
  assume_role_policy    = data.aws_iam_policy_document.assume.json
  force_detach_policies = true
  tags                  = var.tags
}
resource "aws_iam_role_policy_attachment" "this" {
  for_each   = { for k, v in { AmazonEKSClusterPolicy = "arn:${local.partition}:iam::aws:policy/AmazonEKSClusterPolicy" } : k => v }
  policy_arn = each.value
  role       = aws_iam_role.this.name
}
resource "aws_security_group" "cluster" {
  name_prefix = "${var.name}-cluster-"
  description = "EKS cluster security group"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { "Name" = "${var.name}-cluster" })
  lifecycle { create_before_destroy = true }
}
resource "aws_security_group" "node" {
  name_prefix = "${var.name}-node-"
  description = "EKS node shared security group"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { "kubernetes.io/cluster/${var.name}" = "owned" })
  lifecycle { create_before_destroy = true }
}
resource "aws_security_group_rule" "node" {
  for_each = { for k, v in merge({
    ingress_cluster_443 = { protocol = "tcp", from_port = 443, to_port = 443, type = "ingress", source_cluster_security_group = true }
    ingress_self        = { protocol = "tcp", from_port = 1025, to_port = 65535, type = "ingress", self = true }
    egress_all          = { protocol = "-1", from_port = 0, to_port = 0, type = "egress", cidr_blocks = ["0.0.0.0/0"] }
  }, var.security_group_rules) : k => v }
  security_group_id        = aws_security_group.node.id
  protocol                 = each.value.protocol
  from_port                = each.value.from_port
  to_port                  = each.value.to_port
  type                     = each.value.type
  description              = lookup(each.value, "description", null)
  cidr_blocks              = lookup(each.value, "cidr_blocks", null)
  self                     = lookup(each.value, "self", null)
  source_security_group_id = try(each.value.source_cluster_security_group, false) ? aws_security_group.cluster.id : lookup(each.value, "source_security_group_id", null)
}
resource "aws_eks_cluster" "this" {
  name                          = var.name
  role_arn                      = aws_iam_role.this.arn
  version                       = var.kubernetes_version
  enabled_cluster_log_types     = ["api", "audit", "authenticator"]
  bootstrap_self_managed_addons = false
  deletion_protection           = false
  access_config {
    authentication_mode                         = "API_AND_CONFIG_MAP"
    bootstrap_cluster_creator_admin_permissions = false
  }
  vpc_config {
    security_group_ids      = compact(distinct([aws_security_group.cluster.id]))
    subnet_ids              = coalescelist(var.control_plane_subnet_ids, var.subnet_ids)
    endpoint_private_access = true
    endpoint_public_access  = var.endpoint_public_access
    public_access_cidrs     = ["0.0.0.0/0"]
  }
  dynamic "kubernetes_network_config" {
    for_each = [1]
    content {
      ip_family         = "ipv4"
      service_ipv4_cidr = null
      service_ipv6_cidr = null
    }
  }
  dynamic "encryption_config" {
    for_each = [{ resources = ["secrets"] }]
    content {
      provider {
        key_arn = module.kms.key_arn
      }
      resources = encryption_config.value.resources
    }
  }
  dynamic "upgrade_policy" {
    for_each = []
    content {
      support_type = "STANDARD"
    }
  }
  timeouts {
    create = "30m"
  }
  tags       = var.tags
  depends_on = [aws_iam_role_policy_attachment.this, aws_security_group_rule.node, aws_cloudwatch_log_group.this]
  lifecycle {
    ignore_changes = [access_config[0].bootstrap_cluster_creator_admin_permissions]
  }
}
resource "aws_ec2_tag" "cluster_primary_security_group" {
  for_each    = { for k, v in var.tags : k => v if k != "Name" }
  resource_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  key         = each.key
  value       = each.value
}
data "tls_certificate" "this" { url = aws_eks_cluster.this.identity[0].oidc[0].issuer }
resource "aws_iam_openid_connect_provider" "oidc_provider" {
  client_id_list  = distinct(compact(concat(["sts.amazonaws.com"], [])))
  thumbprint_list = concat([data.tls_certificate.this.certificates[0].sha1_fingerprint], [])
  url             = aws_eks_cluster.this.identity[0].oidc[0].issuer
  tags            = merge({ Name = "${var.name}-eks-irsa" }, var.tags)
}
resource "aws_eks_access_entry" "this" {
  for_each          = local.access_entries
  cluster_name      = aws_eks_cluster.this.id
  kubernetes_groups = try(each.value.kubernetes_groups, null)
  principal_arn     = each.value.principal_arn
  type              = try(each.value.type, "STANDARD")
  user_name         = try(each.value.user_name, null)
  tags              = merge(var.tags, try(each.value.tags, {}))
}
resource "aws_eks_access_policy_association" "this" {
  for_each = { for k, v in local.flattened_access_entries : "${v.entry_key}_${v.pol_key}" => v }
  access_scope {
    namespaces = try(each.value.namespaces, [])
    type       = each.value.scope_type
  }
  cluster_name  = aws_eks_cluster.this.id
  policy_arn    = each.value.policy_arn
  principal_arn = each.value.principal_arn
  depends_on    = [aws_eks_access_entry.this]
}
resource "time_sleep" "this" {
  create_duration = "30s"
  triggers = {
    name                       = aws_eks_cluster.this.id
    endpoint                   = aws_eks_cluster.this.endpoint
    kubernetes_version         = aws_eks_cluster.this.version
    service_cidr               = aws_eks_cluster.this.kubernetes_network_config[0].service_ipv4_cidr
    certificate_authority_data = aws_eks_cluster.this.certificate_authority[0].data
  }
}
data "aws_eks_addon_version" "this" {
  for_each           = var.addons
  addon_name         = each.key
  kubernetes_version = coalesce(var.kubernetes_version, aws_eks_cluster.this.version)
  most_recent        = each.value.most_recent
}
resource "aws_eks_addon" "this" {
  for_each                    = { for k, v in var.addons : k => v if !v.before_compute }
  cluster_name                = aws_eks_cluster.this.id
  addon_name                  = each.key
  addon_version               = data.aws_eks_addon_version.this[each.key].version
  configuration_values        = each.value.configuration_values
  resolve_conflicts_on_create = each.value.resolve_conflicts_on_create
  resolve_conflicts_on_update = "OVERWRITE"
  dynamic "pod_identity_association" {
    for_each = each.key == "aws-ebs-csi-driver" ? [1] : []
    content {
      role_arn        = aws_iam_role.node.arn
      service_account = "ebs-csi-controller-sa"
    }
  }
  timeouts {
    create = try(each.value.timeouts.create, null)
    delete = try(each.value.timeouts.delete, null)
  }
  tags       = var.tags
  depends_on = [aws_eks_node_group.this, aws_eks_fargate_profile.this]
}
resource "aws_eks_addon" "before_compute" {
  for_each      = { for k, v in var.addons : k => v if v.before_compute }
  cluster_name  = aws_eks_cluster.this.id
  addon_name    = each.key
  addon_version = try(each.value.addon_version, data.aws_eks_addon_version.this[each.key].version)
}

data "aws_iam_policy_document" "node_assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "node" {
  name_prefix        = "${substr(var.name, 0, 20)}-node-"
  assume_role_policy = data.aws_iam_policy_document.node_assume.json
}
resource "aws_iam_role_policy_attachment" "node" {
  for_each   = toset(["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly", "AmazonEKS_CNI_Policy"])
  policy_arn = "arn:aws:iam::aws:policy/${each.value}"
  role       = aws_iam_role.node.name
}
data "aws_ssm_parameter" "ami" {
  for_each = var.node_groups
  name     = "/aws/service/eks/optimized-ami/${var.kubernetes_version}/amazon-linux-2023/x86_64/standard/recommended/release_version"
}
data "cloudinit_config" "nodeadm" {
  for_each      = var.node_groups
  base64_encode = true
  gzip          = false
  boundary      = "MIMEBOUNDARY"
  dynamic "part" {
    for_each = [{ content = "spec:\n  cluster: ${time_sleep.this.triggers["name"]}\n", content_type = "application/node.eks.aws" }]
    content {
      content      = part.value.content
      content_type = try(part.value.content_type, null)
      filename     = try(part.value.filename, null)
      merge_type   = try(part.value.merge_type, null)
    }
  }
}
resource "aws_launch_template" "this" {
  for_each               = var.node_groups
  name_prefix            = "${each.key}-"
  update_default_version = true
  user_data              = data.cloudinit_config.nodeadm[each.key].rendered
  vpc_security_group_ids = compact([aws_security_group.node.id, try(each.value.attach_cluster_primary_security_group, false) ? aws_eks_cluster.this.vpc_config[0].cluster_security_group_id : ""])
  dynamic "block_device_mappings" {
    for_each = try(each.value.block_device_mappings, {})
    content {
      device_name = try(block_device_mappings.value.device_name, null)
      dynamic "ebs" {
        for_each = try([block_device_mappings.value.ebs], [])
        content {
          delete_on_termination = try(ebs.value.delete_on_termination, null)
          encrypted             = try(ebs.value.encrypted, null)
          volume_size           = try(ebs.value.volume_size, null)
          volume_type           = try(ebs.value.volume_type, null)
        }
      }
    }
  }
  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 2
    http_tokens                 = "required"
  }
  monitoring { enabled = true }
  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume", "network-interface"])
    content {
      resource_type = tag_specifications.key
      tags          = merge(var.tags, { Name = each.key })
    }
  }
  tags = var.tags
  lifecycle { create_before_destroy = true }
}
resource "aws_eks_node_group" "this" {
  for_each               = var.node_groups
  cluster_name           = time_sleep.this.triggers["name"]
  node_role_arn          = aws_iam_role.node.arn
  subnet_ids             = var.subnet_ids
  node_group_name_prefix = "${each.key}-"
  version                = var.kubernetes_version
  release_version        = data.aws_ssm_parameter.ami[each.key].value
  ami_type               = try(each.value.ami_type, "AL2023_x86_64_STANDARD")
  capacity_type          = try(each.value.capacity_type, null)
  instance_types         = try(each.value.instance_types, null)
  labels                 = try(each.value.labels, null)
  scaling_config {
    min_size     = each.value.min_size
    max_size     = each.value.max_size
    desired_size = each.value.desired_size
  }
  dynamic "launch_template" {
    for_each = [1]
    content {
      id      = aws_launch_template.this[each.key].id
      version = aws_launch_template.this[each.key].latest_version
    }
  }
  dynamic "taint" {
    for_each = try(each.value.taints, {})
    content {
      key    = taint.value.key
      value  = try(taint.value.value, null)
      effect = taint.value.effect
    }
  }
  update_config { max_unavailable_percentage = 33 }
  timeouts {
    create = lookup(try(each.value.timeouts, {}), "create", null)
  }
  lifecycle {
    create_before_destroy = true
    ignore_changes        = [scaling_config[0].desired_size]
  }
  tags       = merge(var.tags, { Name = each.key })
  depends_on = [aws_iam_role_policy_attachment.node, aws_eks_access_entry.this]
}
resource "aws_eks_fargate_profile" "this" {
  for_each               = var.fargate_profiles
  cluster_name           = aws_eks_cluster.this.name
  fargate_profile_name   = each.key
  pod_execution_role_arn = aws_iam_role.node.arn
  subnet_ids             = var.subnet_ids
  dynamic "selector" {
    for_each = each.value.selectors
    content {
      namespace = selector.value.namespace
      labels    = lookup(selector.value, "labels", {})
    }
  }
}
resource "aws_eks_pod_identity_association" "this" {
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "kube-system"
  service_account = "karpenter"
  role_arn        = aws_iam_role.node.arn
}
resource "aws_sqs_queue" "karpenter" {
  name                      = "Karpenter-${var.name}"
  message_retention_seconds = 300
  sqs_managed_sse_enabled   = true
}
resource "aws_cloudwatch_event_rule" "karpenter" {
  for_each      = { spot = { source = ["aws.ec2"] }, health = { source = ["aws.health"] } }
  name_prefix   = "Karpenter${each.key}-"
  event_pattern = jsonencode(each.value)
}
resource "aws_cloudwatch_event_target" "karpenter" {
  for_each  = aws_cloudwatch_event_rule.karpenter
  rule      = each.value.name
  target_id = "KarpenterInterruptionQueueTarget"
  arn       = aws_sqs_queue.karpenter.arn
}

output "cluster_endpoint" { value = try(aws_eks_cluster.this.endpoint, null) }
output "cluster_certificate_authority_data" { value = try(aws_eks_cluster.this.certificate_authority[0].data, null) }
output "cluster_primary_security_group_id" { value = try(aws_eks_cluster.this.vpc_config[0].cluster_security_group_id, null) }
output "oidc_provider_arn" { value = try(aws_iam_openid_connect_provider.oidc_provider.arn, null) }
output "autoscaling" { value = compact(flatten([for g in aws_eks_node_group.this : g.resources[*].autoscaling_groups[*].name])) }
