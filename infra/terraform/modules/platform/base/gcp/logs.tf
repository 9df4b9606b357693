# Log lines of pods, in a log bucket with the retention that was asked for.

# A deleted log bucket keeps its name for seven days: hence the time of its making.
resource "terraform_data" "generation" {
  input = formatdate("YYYYMMDDhhmmss", timestamp())

  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  log_filter = join(" AND ", [
    "resource.type=\"k8s_container\"",
    "resource.labels.cluster_name=\"${var.cluster.cluster_name}\"",
    "resource.labels.location=\"${var.region}\"",
  ])
}

resource "google_logging_project_bucket_config" "this" {
  project        = var.cloud.project_id
  location       = var.region
  bucket_id      = "${var.name}-applications-${terraform_data.generation.output}"
  description    = local.owner
  retention_days = var.logs.retention_days
}

resource "google_logging_project_sink" "this" {
  project                = var.cloud.project_id
  name                   = "${var.name}-applications"
  description            = local.owner
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.this.id}"
  filter                 = local.log_filter
  unique_writer_identity = true
}

# Without it the same lines are also kept, and paid for, in _Default.
resource "google_logging_project_exclusion" "this" {
  project     = var.cloud.project_id
  name        = "${var.name}-applications"
  description = local.owner
  filter      = local.log_filter

  depends_on = [google_logging_project_sink.this]
}
