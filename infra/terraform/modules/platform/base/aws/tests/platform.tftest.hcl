# One apply in the shape of prod, a second run, then dev.

provider "aws" {
  region = "eu-west-1"
}

variables {
  name        = "demo"
  environment = "prod"
  region      = "eu-west-1"
  tags        = { team = "shop" }
  cluster = {
    cluster_id      = "arn:aws:eks:eu-west-1:123456789012:cluster/demo"
    cluster_name    = "demo"
    oidc_issuer_url = "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"
    workload_identity = {
      provider_arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"
    }
    cloud = {}
  }
  backups       = { retention_days = 365, cool_after_days = 30, archive_after_days = 90, lock = true, delete_with_cluster = false }
  traces        = { retention_days = 14 }
  logs          = { retention_days = 365 }
  secret_prefix = "hera/demo/"
  cloud         = {}
}

run "made" {
  command = apply

  assert {
    condition     = toset(keys(output.identities)) == toset(["hera-backup/backup", "hera-backup/restore", "hera-system/secrets-operator", "monitoring/tempo", "node-agents/fluent-bit"]) && toset(keys(output.account_annotations)) == toset(keys(output.identities))
    error_message = "every account that uses the cloud has an identity, and no other"
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : strcontains(role.assume_role_policy, "oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub")]) && strcontains(aws_iam_role.this["backup"].assume_role_policy, "system:serviceaccount:hera-backup:backup")
    error_message = "a role is for one service account of this cluster"
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.this["backup"].policy, "s3:Delete") && !strcontains(aws_iam_role_policy.this["restore"].policy, "s3:Put")
    error_message = "who makes backups deletes none, who restores writes none"
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.this["secrets-operator"].policy, ":secret:hera/demo/*") && !strcontains(aws_iam_role_policy.this["secrets-operator"].policy, "Put")
    error_message = "secrets of this cluster, read only"
  }

  assert {
    condition     = alltrue([for block in aws_s3_bucket_public_access_block.this : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "no bucket is public"
  }

  assert {
    condition     = [for step in aws_s3_bucket_lifecycle_configuration.this["backups"].rule[0].transition : "${step.days} ${step.storage_class}"] == ["30 STANDARD_IA", "90 GLACIER_IR"] || toset([for step in aws_s3_bucket_lifecycle_configuration.this["backups"].rule[0].transition : "${step.days} ${step.storage_class}"]) == toset(["30 STANDARD_IA", "90 GLACIER_IR"])
    error_message = "backups move to cheaper classes"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this["backups"].rule[0].expiration[0].days == 365 && aws_s3_bucket_lifecycle_configuration.this["traces"].rule[0].expiration[0].days == 14
    error_message = "both end one day"
  }

  assert {
    condition     = aws_s3_bucket.this["backups"].object_lock_enabled && !aws_s3_bucket.this["backups"].force_destroy && aws_s3_bucket_object_lock_configuration.backups[0].rule[0].default_retention[0].mode == "COMPLIANCE"
    error_message = "locked backups can be deleted by nobody before their time"
  }

  assert {
    condition     = length(aws_s3_bucket.this["backups"].bucket) <= 63 && output.backup_url == "s3://${aws_s3_bucket.this["backups"].bucket}"
    error_message = "the bucket's name fits and is told"
  }

  assert {
    condition     = output.account_annotations["hera-backup/backup"]["eks.amazonaws.com/role-arn"] == aws_iam_role.this["backup"].arn
    error_message = "the manifests get the role"
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 365 && aws_cloudwatch_log_group.this.kms_key_id == aws_kms_key.logs.arn
    error_message = "logs are kept as long as asked, encrypted"
  }
}

run "again_changes_nothing" {
  command = plan

  assert {
    condition     = output.backup_url == run.made.backup_url && output.identities == run.made.identities
    error_message = "a second run gives the same"
  }
}
