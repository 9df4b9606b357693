# Two buckets, closed to the public. Versions and soft deletion stand between a backup and a mistake.

locals {
  # Bucket names are one name space for everybody and take 63 letters.
  bucket_prefix = "${trimsuffix(substr(var.name, 0, 36), "-")}-${substr(sha256("${var.cloud.project_id}/${var.region}/${var.name}"), 0, 10)}"

  buckets = {
    backups = { expire = var.backups.retention_days, cool = var.backups.cool_after_days, archive = var.backups.archive_after_days }
    traces  = { expire = var.traces.retention_days, cool = 0, archive = 0 }
  }
  transitions = {
    for key, bucket in local.buckets : key => concat(
      bucket.cool > 0 ? [{ days = bucket.cool, class = "NEARLINE" }] : [],
      bucket.archive > 0 ? [{ days = bucket.archive, class = "COLDLINE" }] : [],
    )
  }
}

resource "google_storage_bucket" "this" {
  #checkov:skip=CKV_GCP_62: reads and writes are in Cloud Audit Logs, where data access logs are on; access logs by bucket are the older way
  for_each = local.buckets

  project                     = var.cloud.project_id
  name                        = "${local.bucket_prefix}-${each.key}"
  location                    = var.region
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = each.key == "traces" || var.backups.delete_with_cluster
  labels                      = local.tags

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = each.key == "traces" ? 0 : 604800
  }

  dynamic "encryption" {
    for_each = var.cloud.kms_key_id == null ? [] : [var.cloud.kms_key_id]

    content {
      default_kms_key_name = encryption.value
    }
  }

  dynamic "retention_policy" {
    for_each = each.key == "backups" && var.backups.lock ? [var.backups.retention_days] : []

    content {
      retention_period = retention_policy.value * 86400
      is_locked        = true
    }
  }

  dynamic "lifecycle_rule" {
    for_each = local.transitions[each.key]

    content {
      action {
        type          = "SetStorageClass"
        storage_class = lifecycle_rule.value.class
      }
      condition {
        age = lifecycle_rule.value.days
      }
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = each.value.expire
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 30
      with_state                 = "ARCHIVED"
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 2
    }
  }
}
