# What the platform needs of AWS: one role a service account (IRSA), stores for backups and traces, a log group.

data "aws_caller_identity" "current" {}

locals {
  tags = merge(var.tags, {
    "hera-cluster"     = var.name
    "hera-environment" = var.environment
    "hera-stage"       = "platform"
    "managed-by"       = "hera"
  })

  partition  = startswith(var.region, "us-gov-") ? "aws-us-gov" : "aws"
  account_id = data.aws_caller_identity.current.account_id
  issuer     = trimprefix(var.cluster.oidc_issuer_url, "https://")
  boundary   = var.cloud.permissions_boundary == "" ? null : var.cloud.permissions_boundary

  # The service accounts of k8s/base/rbac that use the cloud, and nothing but these.
  accounts = {
    backup           = "hera-backup/backup"
    restore          = "hera-backup/restore"
    secrets-operator = "hera-system/secrets-operator"
    tempo            = "monitoring/tempo"
    fluent-bit       = "node-agents/fluent-bit"
  }

  secrets_arn = "arn:${local.partition}:secretsmanager:${var.region}:${local.account_id}:secret:${var.secret_prefix}*"
  bucket_arns = { for key, bucket in aws_s3_bucket.this : key => bucket.arn }

  # What each may do, and nothing else: backups are added and never deleted by who makes them; the lifecycle does that.
  grants = {
    backup = [
      { actions = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], resources = [local.bucket_arns["backups"]] },
      { actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], resources = ["${local.bucket_arns["backups"]}/*"] },
      { actions = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"], resources = [aws_kms_key.stores.arn] },
    ]
    restore = [
      { actions = ["s3:ListBucket", "s3:GetBucketLocation"], resources = [local.bucket_arns["backups"]] },
      { actions = ["s3:GetObject", "s3:GetObjectVersion"], resources = ["${local.bucket_arns["backups"]}/*"] },
      { actions = ["kms:Decrypt"], resources = [aws_kms_key.stores.arn] },
    ]
    secrets-operator = [
      { actions = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"], resources = [local.secrets_arn] },
    ]
    tempo = [
      { actions = ["s3:ListBucket", "s3:GetBucketLocation"], resources = [local.bucket_arns["traces"]] },
      { actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], resources = ["${local.bucket_arns["traces"]}/*"] },
      { actions = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"], resources = [aws_kms_key.stores.arn] },
    ]
    fluent-bit = [
      { actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], resources = ["${aws_cloudwatch_log_group.this.arn}:*"] },
    ]
  }
}

resource "aws_iam_role" "this" {
  for_each = local.accounts

  # IAM is global and takes 64 letters: a long name is cut and told apart by its digest.
  name                 = "${substr(var.name, 0, 30)}-${substr(sha256("${var.region}/${var.name}"), 0, 8)}-${each.key}"
  path                 = "/hera/"
  description          = "${each.value} in Hera cluster ${var.name}"
  permissions_boundary = local.boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = var.cluster.workload_identity["provider_arn"] }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.issuer}:aud" = "sts.amazonaws.com"
          "${local.issuer}:sub" = "system:serviceaccount:${replace(each.value, "/", ":")}"
        }
      }
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = local.accounts

  name = "hera"
  role = aws_iam_role.this[each.key].name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for grant in local.grants[each.key] : { Effect = "Allow", Action = grant.actions, Resource = grant.resources }]
  })
}
