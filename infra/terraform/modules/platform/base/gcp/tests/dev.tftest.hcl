# The shape of dev: short-lived, and gone with the cluster.

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

run "dev" {
  command = apply

  variables {
    backups = { retention_days = 14, cool_after_days = 0, archive_after_days = 0, lock = false, delete_with_cluster = true }
  }

  assert {
    condition     = google_storage_bucket.this["backups"].force_destroy && length(google_storage_bucket.this["backups"].retention_policy) == 0 && length([for rule in google_storage_bucket.this["backups"].lifecycle_rule : rule if one(rule.action).type == "SetStorageClass"]) == 0
    error_message = "a dev cluster takes its backups along"
  }
}
