# IAM: what the control plane, nodes and system pods may do. Pods get roles of their own, so nodes need next to nothing.

locals {
  issuer = trimprefix(aws_eks_cluster.this.identity[0].oidc[0].issuer, "https://")

  # Service accounts with a role of their own; the platform layer binds those that Hera's own add-ons do not.
  service_accounts = merge(
    {
      "vpc-cni" = { namespace = "kube-system", service_account = "aws-node" }
      "ebs-csi" = { namespace = "kube-system", service_account = "ebs-csi-controller-sa" }
      "scaler"  = { namespace = "kube-system", service_account = "cluster-autoscaler" }
    },
    {
      for name, role in var.cloud.workload_roles : name => {
        namespace       = role.namespace
        service_account = role.service_account
      }
    }
  )

  managed_policies = merge(
    {
      "vpc-cni" = { role = "vpc-cni", arn = "arn:${local.partition}:iam::aws:policy/AmazonEKS_CNI_Policy" }
      "ebs-csi" = { role = "ebs-csi", arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy" }
    },
    merge([
      for name, role in var.cloud.workload_roles : {
        for arn in role.policy_arns : "${name}/${arn}" => { role = name, arn = arn }
      }
    ]...)
  )

  node_policies = setunion(
    ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"],
    var.cloud.node_session_manager ? ["AmazonSSMManagedInstanceCore"] : []
  )
}

resource "aws_iam_role" "cluster" {
  name                 = "${local.role_prefix}-cluster"
  path                 = "/hera/"
  description          = "Control plane of Hera cluster ${var.name}"
  permissions_boundary = local.boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "eks.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AmazonEKSClusterPolicy"
}

# The key for Secrets; and no log group of EKS's own: late records must not bring it back after a destroy.
resource "aws_iam_role_policy" "cluster" {
  name = "hera"
  role = aws_iam_role.cluster.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "NoLogGroupOfItsOwn"
        Effect   = "Deny"
        Action   = ["logs:CreateLogGroup"]
        Resource = "*"
      }],
      [for key in aws_kms_key.secrets : {
        Sid      = "SecretsKey"
        Effect   = "Allow"
        Action   = ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:ListGrants", "kms:CreateGrant"]
        Resource = key.arn
      }]
    )
  })
}

resource "aws_iam_role" "node" {
  name                 = "${local.role_prefix}-node"
  path                 = "/hera/"
  description          = "Nodes of Hera cluster ${var.name}"
  permissions_boundary = local.boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each = local.node_policies

  role       = aws_iam_role.node.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/${each.key}"
}

# No thumbprint: AWS checks the issuer's certificate against its own authorities, and a plan needs no way to the issuer.
resource "aws_iam_openid_connect_provider" "this" {
  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
  tags           = merge(local.tags, { Name = var.name })
}

resource "aws_iam_role" "service_account" {
  for_each = local.service_accounts

  name                 = "${local.role_prefix}-${each.key}"
  path                 = "/hera/"
  description          = "${each.value.namespace}/${each.value.service_account} in Hera cluster ${var.name}"
  permissions_boundary = local.boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = aws_iam_openid_connect_provider.this.arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.issuer}:aud" = "sts.amazonaws.com"
          "${local.issuer}:sub" = "system:serviceaccount:${each.value.namespace}:${each.value.service_account}"
        }
      }
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy_attachment" "service_account" {
  for_each = local.managed_policies

  role       = aws_iam_role.service_account[each.value.role].name
  policy_arn = each.value.arn
}

resource "aws_iam_role_policy" "autoscaler" {
  name = "scale-own-groups"
  role = aws_iam_role.service_account["scaler"].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Look"
        Effect = "Allow"
        Action = [
          "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
          "autoscaling:DescribeLaunchConfigurations", "autoscaling:DescribeScalingActivities", "autoscaling:DescribeTags",
          "ec2:DescribeImages", "ec2:DescribeInstanceTypes", "ec2:DescribeLaunchTemplateVersions",
          "ec2:GetInstanceTypesFromInstanceRequirements",
        ]
        Resource = "*"
      },
      {
        Sid      = "LookAtOwnGroups"
        Effect   = "Allow"
        Action   = "eks:DescribeNodegroup"
        Resource = "arn:${local.partition}:eks:${var.region}:${local.account_id}:nodegroup/${var.name}/*"
      },
      {
        Sid       = "ScaleOwnGroups"
        Effect    = "Allow"
        Action    = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:ResourceTag/k8s.io/cluster-autoscaler/${var.name}" = "owned" } }
      },
    ]
  })
}
