# One apply in the shape of prod, a second run, then dev.

provider "google" {
  project = "hera-tests"
  region  = "europe-west1"
}

variables {
  name        = "demo"
  environment = "prod"
  region      = "europe-west1"
  tags        = { team = "shop" }
  cluster = {
    cluster_id      = "projects/hera-tests/locations/europe-west1/clusters/demo"
    cluster_name    = "demo"
    oidc_issuer_url = "https://container.googleapis.com/v1/projects/hera-tests/locations/europe-west1/clusters/demo"
    workload_identity = {
      project_number   = "123456789012"
      principal_prefix = "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/hera-tests.svc.id.goog/subject/"
    }
    cloud = {}
  }
  backups       = { retention_days = 365, cool_after_days = 30, archive_after_days = 90, lock = true, delete_with_cluster = false }
  traces        = { retention_days = 14 }
  logs          = { retention_days = 365 }
  secret_prefix = "hera/demo/"
  cloud         = { project_id = "hera-tests" }
}

run "made" {
  command = apply

  assert {
    condition     = toset(keys(output.identities)) == toset(["hera-backup/backup", "hera-backup/restore", "hera-system/secrets-operator", "monitoring/tempo", "node-agents/fluent-bit"]) && toset(keys(output.account_annotations)) == toset(keys(output.identities))
    error_message = "every account that uses the cloud has an identity, and no other"
  }

  assert {
    condition     = google_storage_bucket_iam_member.this["backup-add"].member == "${var.cluster.workload_identity["principal_prefix"]}ns/hera-backup/sa/backup"
    error_message = "the Kubernetes account itself is the principal"
  }

  assert {
    condition     = toset([for grant in google_storage_bucket_iam_member.this : grant.role if endswith(grant.member, "/restore")]) == toset(["roles/storage.objectViewer"]) && !contains([for grant in google_storage_bucket_iam_member.this : grant.role if endswith(grant.member, "/backup")], "roles/storage.objectAdmin")
    error_message = "who makes backups deletes none, who restores writes none"
  }

  assert {
    condition     = strcontains(google_project_iam_member.secrets.condition[0].expression, "projects/123456789012/secrets/hera/demo/")
    error_message = "secrets of this cluster only"
  }

  assert {
    condition     = alltrue([for bucket in google_storage_bucket.this : bucket.uniform_bucket_level_access && bucket.public_access_prevention == "enforced"])
    error_message = "no bucket is public"
  }

  assert {
    condition     = toset([for rule in google_storage_bucket.this["backups"].lifecycle_rule : "${one(rule.condition).age} ${one(rule.action).storage_class}" if one(rule.action).type == "SetStorageClass"]) == toset(["30 NEARLINE", "90 COLDLINE"])
    error_message = "backups move to cheaper classes"
  }

  assert {
    condition     = google_storage_bucket.this["backups"].retention_policy[0].is_locked && google_storage_bucket.this["backups"].retention_policy[0].retention_period == 31536000 && !google_storage_bucket.this["backups"].force_destroy
    error_message = "locked backups can be deleted by nobody before their time"
  }

  assert {
    condition     = google_storage_bucket.this["backups"].labels == tomap({ team = "shop", hera-cluster = "demo", hera-environment = "prod", hera-stage = "platform", managed-by = "hera" })
    error_message = "the user's and the ownership labels"
  }

  assert {
    condition     = google_logging_project_bucket_config.this.retention_days == 365 && google_logging_project_exclusion.this.filter == google_logging_project_sink.this.filter
    error_message = "logs are kept as long as asked, and once only"
  }

  assert {
    condition     = output.manifest_components == ["node-metadata"]
    error_message = "the manifests open the metadata server"
  }
}

run "again_changes_nothing" {
  command = plan

  assert {
    condition     = output.backup_url == run.made.backup_url && output.identities == run.made.identities
    error_message = "a second run gives the same"
  }
}
