# What the platform needs of Google Cloud: rights of service accounts by Workload Identity, stores for backups and traces, a log bucket.

locals {
  tags = merge(var.tags, {
    "hera-cluster"     = var.name
    "hera-environment" = var.environment
    "hera-stage"       = "platform"
    "managed-by"       = "hera"
  })

  # Sinks take no labels: the description says whose they are.
  owner = "hera-cluster=${var.name} hera-environment=${var.environment} managed-by=hera"

  # The service accounts of k8s/base/rbac that use the cloud, and nothing but these.
  accounts = {
    backup           = "hera-backup/backup"
    restore          = "hera-backup/restore"
    secrets-operator = "hera-system/secrets-operator"
    tempo            = "monitoring/tempo"
    fluent-bit       = "node-agents/fluent-bit"
  }

  # The Kubernetes account itself is the principal: no service account of Google's stands between, and no annotation is needed.
  principals = {
    for key, account in local.accounts : key => format(
      "%sns/%s/sa/%s", var.cluster.workload_identity["principal_prefix"], split("/", account)[0], split("/", account)[1]
    )
  }

  bucket_grants = {
    backup-add   = { account = "backup", bucket = "backups", role = "roles/storage.objectCreator" }
    backup-read  = { account = "backup", bucket = "backups", role = "roles/storage.objectViewer" }
    restore-read = { account = "restore", bucket = "backups", role = "roles/storage.objectViewer" }
    tempo        = { account = "tempo", bucket = "traces", role = "roles/storage.objectUser" }
  }
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = local.bucket_grants

  bucket = google_storage_bucket.this[each.value.bucket].name
  role   = each.value.role
  member = local.principals[each.value.account]
}

resource "google_project_iam_member" "secrets" {
  project = var.cloud.project_id
  role    = "roles/secretmanager.secretAccessor"
  member  = local.principals["secrets-operator"]

  condition {
    title       = "${var.name}-prefix-only"
    description = local.owner
    expression  = "resource.name.startsWith(\"projects/${var.cluster.workload_identity["project_number"]}/secrets/${var.secret_prefix}\")"
  }
}

resource "google_project_iam_member" "logs" {
  project = var.cloud.project_id
  role    = "roles/logging.logWriter"
  member  = local.principals["fluent-bit"]
}
