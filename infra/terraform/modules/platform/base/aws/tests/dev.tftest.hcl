# The shape of dev: short-lived, and gone with the cluster.

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

run "dev" {
  command = apply

  variables {
    backups = { retention_days = 14, cool_after_days = 0, archive_after_days = 0, lock = false, delete_with_cluster = true }
  }

  assert {
    condition     = aws_s3_bucket.this["backups"].force_destroy && !aws_s3_bucket.this["backups"].object_lock_enabled && length(aws_s3_bucket_object_lock_configuration.backups) == 0 && length(aws_s3_bucket_lifecycle_configuration.this["backups"].rule[0].transition) == 0
    error_message = "a dev cluster takes its backups along"
  }
}
