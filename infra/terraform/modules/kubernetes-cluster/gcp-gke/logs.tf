# GKE writes control-plane and audit logs by itself; the bucket gives them the retention that was asked for.
locals {
  log_filters = {
    api                = "(resource.type=\"k8s_control_plane_component\" AND resource.labels.component_name=\"apiserver\")"
    controller-manager = "(resource.type=\"k8s_control_plane_component\" AND resource.labels.component_name=\"controller-manager\")"
    scheduler          = "(resource.type=\"k8s_control_plane_component\" AND resource.labels.component_name=\"scheduler\")"
    audit              = "(log_id(\"cloudaudit.googleapis.com/activity\") OR log_id(\"cloudaudit.googleapis.com/data_access\"))"
    # GKE has no log of its own for authentication: refused calls are in the policy audit log.
    authenticator = "log_id(\"cloudaudit.googleapis.com/policy\")"
  }

  log_filter = join(" AND ", [
    "resource.labels.cluster_name=\"${var.name}\"",
    "resource.labels.location=\"${var.region}\"",
    "(${join(" OR ", [for type in sort(tolist(var.control_plane_logs.types)) : local.log_filters[type]])})",
  ])

  log_bucket = length(var.control_plane_logs.types) > 0
}

# A deleted log bucket keeps its name for seven days: hence the generation.
resource "google_logging_project_bucket_config" "control_plane" {
  count = local.log_bucket ? 1 : 0

  project        = var.cloud.project_id
  location       = var.region
  bucket_id      = "${var.name}-control-plane-${terraform_data.generation.output}"
  description    = local.owner
  retention_days = var.control_plane_logs.retention_days

  dynamic "cmek_settings" {
    for_each = var.cloud.log_kms_key_id == null ? [] : [var.cloud.log_kms_key_id]

    content {
      kms_key_name = cmek_settings.value
    }
  }
}

resource "google_logging_project_sink" "control_plane" {
  count = local.log_bucket ? 1 : 0

  project                = var.cloud.project_id
  name                   = "${var.name}-control-plane"
  description            = local.owner
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.control_plane[0].id}"
  filter                 = local.log_filter
  unique_writer_identity = true
}

# Without it the same entries are also kept, and paid for, in _Default. (Admin activity stays in _Required in any case.)
resource "google_logging_project_exclusion" "control_plane" {
  count = local.log_bucket ? 1 : 0

  project     = var.cloud.project_id
  name        = "${var.name}-control-plane"
  description = local.owner
  filter      = local.log_filter

  depends_on = [google_logging_project_sink.control_plane]
}
