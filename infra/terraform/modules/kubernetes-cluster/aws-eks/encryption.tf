# Keys and the log group. Two keys, because whoever reads logs must not be able to decrypt Secrets.

locals {
  account_administers = {
    Sid       = "AccountAdministers"
    Effect    = "Allow"
    Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }
}

resource "aws_kms_key" "secrets" {
  count = var.secrets_encryption ? 1 : 0

  description             = "Kubernetes Secrets of Hera cluster ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.cloud.key_deletion_days
  policy                  = jsonencode({ Version = "2012-10-17", Statement = [local.account_administers] })
  tags                    = merge(local.tags, { Name = "${var.name}-secrets" })
}

resource "aws_kms_alias" "secrets" {
  count = var.secrets_encryption ? 1 : 0

  name          = "alias/hera/${var.name}/secrets"
  target_key_id = aws_kms_key.secrets[0].key_id
}

resource "aws_kms_key" "logs" {
  count = local.logs

  description             = "Control-plane logs of Hera cluster ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.cloud.key_deletion_days
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.account_administers,
      {
        Sid       = "LogGroupEncrypts"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.region}.amazonaws.com" }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
        Resource  = "*"
        Condition = {
          ArnEquals = {
            "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${var.region}:${local.account_id}:log-group:${local.log_group}"
          }
        }
      },
    ]
  })
  tags = merge(local.tags, { Name = "${var.name}-logs" })
}

resource "aws_kms_alias" "logs" {
  count = local.logs

  name          = "alias/hera/${var.name}/logs"
  target_key_id = aws_kms_key.logs[0].key_id
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338: how long is the environment's choice (365 days in prod); a year of dev logs helps nobody
  count = local.logs

  name              = local.log_group
  retention_in_days = var.control_plane_logs.retention_days
  kms_key_id        = aws_kms_key.logs[0].arn
  tags              = local.tags
}
