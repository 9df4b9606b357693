# Network logs go to a bucket of the cluster's own, because _Default keeps 30 days for the whole project.
locals {
  log_bucket = "${var.name}-network-${terraform_data.generation.output}"

  log_filter = join(" OR ", [
    "(log_id(\"compute.googleapis.com/vpc_flows\") AND resource.labels.subnetwork_name=~\"^${var.name}-(private|public|control-plane)$\")",
    "(log_id(\"compute.googleapis.com/firewall\") AND jsonPayload.vpc.vpc_name=\"${var.name}\")",
    "(log_id(\"compute.googleapis.com/nat_flows\") AND resource.labels.gateway_name=\"${var.name}\")",
    "(log_id(\"dns.googleapis.com/dns_queries\") AND jsonPayload.sourceNetwork=\"${var.name}\")",
  ])
}

# A deleted log bucket keeps its name for seven days, so a network made again under the same name needs a new one.
resource "terraform_data" "generation" {
  input = formatdate("YYYYMMDDhhmmss", timestamp())

  lifecycle {
    ignore_changes = [input]
  }
}

resource "google_logging_project_bucket_config" "network" {
  count = var.flow_logs.enabled ? 1 : 0

  project        = var.cloud.project_id
  location       = var.region
  bucket_id      = local.log_bucket
  description    = local.owner
  retention_days = var.flow_logs.retention_days

  dynamic "cmek_settings" {
    for_each = var.cloud.log_kms_key_id == null ? [] : [var.cloud.log_kms_key_id]

    content {
      kms_key_name = cmek_settings.value
    }
  }
}

resource "google_logging_project_sink" "network" {
  count = var.flow_logs.enabled ? 1 : 0

  project                = var.cloud.project_id
  name                   = "${var.name}-network"
  description            = local.owner
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.network[0].id}"
  filter                 = local.log_filter
  unique_writer_identity = true
}

# Without it the same entries are also kept, and paid for, in _Default.
resource "google_logging_project_exclusion" "network" {
  count = var.flow_logs.enabled ? 1 : 0

  project     = var.cloud.project_id
  name        = "${var.name}-network"
  description = local.owner
  filter      = local.log_filter

  depends_on = [google_logging_project_sink.network]
}

resource "google_dns_policy" "this" {
  project        = var.cloud.project_id
  name           = var.name
  description    = local.owner
  enable_logging = var.flow_logs.enabled

  networks {
    network_url = google_compute_network.this.id
  }
}
