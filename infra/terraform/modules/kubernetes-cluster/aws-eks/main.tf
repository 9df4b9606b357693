# The control plane of one EKS cluster, its logs and who may administer it.
#
# Order, and what runs beside what: keys, roles and the log group -> control plane -> {identity provider -> CNI; kube-proxy;
# pod identity agent; access entries} -> node groups, all zones at once -> {CoreDNS, EBS CSI, autoscaler tags}.
# Destruction goes the same way backwards, so roles and the CNI outlive the nodes that need them to give interfaces back.

data "aws_caller_identity" "current" {}

locals {
  tags = merge(var.tags, {
    "hera-cluster"     = var.name
    "hera-environment" = var.environment
    "hera-stage"       = "cluster"
    "managed-by"       = "hera"
  })

  partition  = startswith(var.region, "us-gov-") ? "aws-us-gov" : "aws"
  account_id = data.aws_caller_identity.current.account_id
  boundary   = var.cloud.permissions_boundary == "" ? null : var.cloud.permissions_boundary

  # IAM is global: names carry the region, so the same name in two regions does not collide. 40 + 14 + 8 + 2 fit in 64.
  role_prefix = "${var.name}-${var.region}"

  log_types = {
    api                  = "api"
    audit                = "audit"
    authenticator        = "authenticator"
    "controller-manager" = "controllerManager"
    scheduler            = "scheduler"
  }
  log_group = "/aws/eks/${var.name}/cluster"
  logs      = length(var.control_plane_logs.types) > 0 ? 1 : 0

  window = format("%s %02d:00 UTC %dh", var.maintenance_window.day, var.maintenance_window.start_hour, var.maintenance_window.duration_hours)
}

resource "aws_eks_cluster" "this" {
  name                          = var.name
  version                       = var.kubernetes_version
  role_arn                      = aws_iam_role.cluster.arn
  deletion_protection           = var.deletion_protection
  bootstrap_self_managed_addons = false
  enabled_cluster_log_types     = [for type in var.control_plane_logs.types : local.log_types[type]]
  tags                          = merge(local.tags, { "hera-maintenance-window" = local.window })

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  vpc_config {
    subnet_ids              = [for zone in var.zones : var.network.private_subnet_ids[zone]]
    endpoint_private_access = true
    endpoint_public_access  = var.endpoint.public
    public_access_cidrs     = var.endpoint.public ? var.endpoint.allowed_cidrs : null
  }

  kubernetes_network_config {
    ip_family         = "ipv4"
    service_ipv4_cidr = var.service_cidr
  }

  dynamic "encryption_config" {
    for_each = aws_kms_key.secrets

    content {
      resources = ["secrets"]
      provider {
        key_arn = encryption_config.value.arn
      }
    }
  }

  upgrade_policy {
    support_type = var.cloud.support_type
  }

  zonal_shift_config {
    enabled = var.cloud.zonal_shift
  }

  # The log group first, or EKS makes one of its own: without key, retention and tags, and never deleted.
  depends_on = [
    aws_cloudwatch_log_group.this,
    aws_iam_role_policy_attachment.cluster,
    aws_iam_role_policy.cluster,
  ]
}

# Nodes and the control plane share the group that EKS makes; it lets in only its own members. Others are let in here.
resource "aws_vpc_security_group_ingress_rule" "api_clients" {
  for_each = toset(var.cloud.api_client_cidrs)

  security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  description       = "Kubernetes API from ${each.key}"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = merge(local.tags, { Name = "${var.name}-api-${each.key}" })
}

resource "aws_eks_access_entry" "admin" {
  for_each = toset(var.admin_groups)

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.key
  type          = "STANDARD"
  tags          = local.tags
}

resource "aws_eks_access_policy_association" "admin" {
  for_each = toset(var.admin_groups)

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.admin[each.key].principal_arn
  policy_arn    = "arn:${local.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}

check "somebody_administers" {
  assert {
    condition     = length(var.admin_groups) > 0
    error_message = "admin_groups is empty: nobody, the creator included, can use the Kubernetes API until an access entry is added."
  }
}
