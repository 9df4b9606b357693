# Log lines of applications and components, under a key of their own: whoever reads logs must not be able to read backups.

locals {
  log_group = "/hera/${var.name}/applications"
}

resource "aws_kms_key" "logs" {
  description             = "Application logs of Hera cluster ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.cloud.key_deletion_days
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountAdministers"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
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
  tags = merge(local.tags, { Name = "${var.name}-applications" })
}

resource "aws_kms_alias" "logs" {
  name          = "alias/hera/${var.name}/applications"
  target_key_id = aws_kms_key.logs.key_id
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338: how long is the environment's choice; a year of dev logs helps nobody
  name              = local.log_group
  retention_in_days = var.logs.retention_days
  kms_key_id        = aws_kms_key.logs.arn
  tags              = local.tags
}
