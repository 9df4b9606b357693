# Two buckets, closed to the public, encrypted with a key of the cluster's own. Versions stand between a backup and a mistake.

locals {
  # Bucket names are one name space for everybody and take 63 letters.
  bucket_prefix = "${trimsuffix(substr(var.name, 0, 36), "-")}-${substr(sha256("${local.account_id}/${var.region}/${var.name}"), 0, 10)}"

  buckets = {
    backups = { expire = var.backups.retention_days, cool = var.backups.cool_after_days, archive = var.backups.archive_after_days }
    traces  = { expire = var.traces.retention_days, cool = 0, archive = 0 }
  }
  transitions = {
    for key, bucket in local.buckets : key => concat(
      bucket.cool > 0 ? [{ days = bucket.cool, class = "STANDARD_IA" }] : [],
      bucket.archive > 0 ? [{ days = bucket.archive, class = "GLACIER_IR" }] : [],
    )
  }
}

resource "aws_kms_key" "stores" {
  description             = "Backups and traces of Hera cluster ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.cloud.key_deletion_days
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountAdministers"
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
  tags = merge(local.tags, { Name = "${var.name}-stores" })
}

resource "aws_kms_alias" "stores" {
  name          = "alias/hera/${var.name}/stores"
  target_key_id = aws_kms_key.stores.key_id
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18: cloud.access_log_bucket takes access logs where there is a bucket for them
  #checkov:skip=CKV_AWS_144: a copy in another region is a matter of multi-region plans, not of every cluster
  #checkov:skip=CKV2_AWS_62: nobody listens for events; the newest good backup is watched by its age
  for_each = local.buckets

  bucket              = "${local.bucket_prefix}-${each.key}"
  force_destroy       = each.key == "traces" || var.backups.delete_with_cluster
  object_lock_enabled = each.key == "backups" && var.backups.lock
  tags                = merge(local.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.stores.arn
    }
  }
}

resource "aws_s3_bucket_object_lock_configuration" "backups" {
  count = var.backups.lock ? 1 : 0

  bucket = aws_s3_bucket.this["backups"].id

  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = var.backups.retention_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    id     = "age"
    status = "Enabled"

    filter {}

    dynamic "transition" {
      for_each = local.transitions[each.key]

      content {
        days          = transition.value.days
        storage_class = transition.value.class
      }
    }

    expiration {
      days = each.value.expire
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_logging" "this" {
  for_each = var.cloud.access_log_bucket == "" ? {} : local.buckets

  bucket        = aws_s3_bucket.this[each.key].id
  target_bucket = var.cloud.access_log_bucket
  target_prefix = "${aws_s3_bucket.this[each.key].bucket}/"
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyEncryptedConnections"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.this[each.key].arn, "${aws_s3_bucket.this[each.key].arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}
