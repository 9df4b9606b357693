# Who talked to whom: flow logs into a log group that is encrypted with a key of the network's own.

locals {
  flow_logs      = var.flow_logs.enabled ? 1 : 0
  flow_log_group = "/hera/${var.name}/vpc-flow-logs"
}

resource "aws_kms_key" "flow_logs" {
  count = local.flow_logs

  description             = "Flow logs of the network of Hera cluster ${var.name}"
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
            "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${var.region}:${local.account_id}:log-group:${local.flow_log_group}"
          }
        }
      },
    ]
  })
  tags = merge(local.tags, { Name = "${var.name}-flow-logs" })
}

resource "aws_kms_alias" "flow_logs" {
  count = local.flow_logs

  name          = "alias/hera/${var.name}/flow-logs"
  target_key_id = aws_kms_key.flow_logs[0].key_id
}

resource "aws_cloudwatch_log_group" "flow_logs" {
  #checkov:skip=CKV_AWS_338: how long is the environment's choice (365 days in prod); a year of dev traffic helps nobody
  count = local.flow_logs

  name              = local.flow_log_group
  retention_in_days = var.flow_logs.retention_days
  kms_key_id        = aws_kms_key.flow_logs[0].arn
  tags              = local.tags
}

resource "aws_iam_role" "flow_logs" {
  count = local.flow_logs

  name                 = "${var.name}-${var.region}-flowlogs"
  path                 = "/hera/"
  description          = "VPC flow logs of Hera cluster ${var.name} write to their log group"
  permissions_boundary = var.cloud.permissions_boundary == "" ? null : var.cloud.permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
  tags = local.tags
}

# No logs:CreateLogGroup: records still under way after a destroy must not bring the group back.
resource "aws_iam_role_policy" "flow_logs" {
  count = local.flow_logs

  name = "write-flow-logs"
  role = aws_iam_role.flow_logs[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        Resource = "${aws_cloudwatch_log_group.flow_logs[0].arn}:*"
      },
      {
        Effect   = "Allow"
        Action   = "logs:DescribeLogGroups"
        Resource = "*"
      },
    ]
  })
}

resource "aws_flow_log" "this" {
  count = local.flow_logs

  vpc_id                   = aws_vpc.this.id
  traffic_type             = "ALL"
  log_destination_type     = "cloud-watch-logs"
  log_destination          = aws_cloudwatch_log_group.flow_logs[0].arn
  iam_role_arn             = aws_iam_role.flow_logs[0].arn
  max_aggregation_interval = 60
  tags                     = merge(local.tags, { Name = var.name })

  # The role must be able to write for as long as the flow log exists.
  depends_on = [aws_iam_role_policy.flow_logs]
}
