# Add-ons. Those that make a node Ready come before nodes, those that need a node to run on come after.

locals {
  before_nodes = {
    # Network policies are enforced by the CNI's own agent; prefixes instead of single addresses let a node take max_pods.
    "vpc-cni" = jsonencode({
      enableNetworkPolicy = "true"
      env = {
        ENABLE_PREFIX_DELEGATION = "true"
        WARM_PREFIX_TARGET       = "1"
      }
    })
    "kube-proxy"             = null
    "eks-pod-identity-agent" = null
  }

  after_nodes = {
    "coredns" = jsonencode({
      autoScaling = { enabled = true, minReplicas = 2, maxReplicas = 10 }
    })
    # The tag finds volumes that a deleted cluster's claims left behind.
    "aws-ebs-csi-driver" = jsonencode({
      controller = { extraVolumeTags = { "hera-cluster" = var.name, "managed-by" = "hera" } }
    })
  }

  addon_roles = {
    "vpc-cni"            = "vpc-cni"
    "aws-ebs-csi-driver" = "ebs-csi"
  }
}

# Add-ons follow the Kubernetes version, or an upgrade would leave kube-proxy and the others behind.
data "aws_eks_addon_version" "default" {
  for_each = setsubtract(keys(merge(local.before_nodes, local.after_nodes)), keys(var.cloud.addon_versions))

  addon_name         = each.key
  kubernetes_version = var.kubernetes_version
}

locals {
  addon_versions = merge({ for name, addon in data.aws_eks_addon_version.default : name => addon.version }, var.cloud.addon_versions)
}

resource "aws_eks_addon" "before_nodes" {
  for_each = local.before_nodes

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = local.addon_versions[each.key]
  configuration_values        = each.value
  service_account_role_arn    = contains(keys(local.addon_roles), each.key) ? aws_iam_role.service_account[local.addon_roles[each.key]].arn : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
  tags                        = local.tags

  # The CNI needs its rights until the last node has given its interfaces back.
  depends_on = [aws_iam_role_policy_attachment.service_account]
}

resource "aws_eks_addon" "after_nodes" {
  for_each = local.after_nodes

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = local.addon_versions[each.key]
  configuration_values        = each.value
  service_account_role_arn    = contains(keys(local.addon_roles), each.key) ? aws_iam_role.service_account[local.addon_roles[each.key]].arn : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
  tags                        = local.tags

  depends_on = [
    aws_eks_node_group.this,
    aws_iam_role_policy_attachment.service_account,
  ]
}
