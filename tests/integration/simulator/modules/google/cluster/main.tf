# In the style of terraform-google-modules/terraform-google-kubernetes-engine (private-cluster), written from memory.
variable "project_id" { type = string }
variable "name" { type = string }
variable "region" { type = string }
variable "network" { type = string }
variable "subnetwork" { type = string }
variable "ip_range_pods" { type = string }
variable "ip_range_services" { type = string }
variable "kubernetes_version" {
  type    = string
  default = "latest"
}
variable "release_channel" {
  type    = string
  default = "REGULAR"
}
variable "master_authorized_networks" {
  type    = list(object({ cidr_block = string, display_name = string }))
  default = []
}
variable "node_pools" {
  type    = list(map(any))
  default = [{ name = "default-node-pool" }]
}
variable "node_pools_labels" {
  type    = map(map(string))
  default = { all = {} }
}
variable "node_pools_taints" {
  type    = map(list(object({ key = string, value = string, effect = string })))
  default = { all = [] }
}
variable "database_encryption" {
  type    = list(object({ state = string, key_name = string }))
  default = [{ state = "DECRYPTED", key_name = "" }]
}
data "google_compute_zones" "available" {
  provider = google-beta
  project  = var.project_id
  region   = var.region
}
data "google_container_engine_versions" "region" {
  location = var.region
  project  = var.project_id
}
data "google_project" "project" { project_id = var.project_id }
resource "random_shuffle" "available_zones" {
  input        = data.google_compute_zones.available.names
  result_count = 3
}
resource "random_string" "cluster_service_account_suffix" {
  upper   = false
  lower   = true
  special = false
  length  = 4
}
locals {
  node_pools             = zipmap([for p in var.node_pools : tostring(p["name"])], [for p in var.node_pools : p])
  master_version         = var.kubernetes_version == "latest" || var.release_channel != "UNSPECIFIED" ? data.google_container_engine_versions.region.latest_master_version : var.kubernetes_version
  cluster_network_policy = [{ enabled = false, provider = null }]
  service_account        = google_service_account.cluster_service_account[0].email
}
resource "google_service_account" "cluster_service_account" {
  count        = 1
  project      = var.project_id
  account_id   = "tf-gke-${substr(var.name, 0, min(15, length(var.name)))}-${random_string.cluster_service_account_suffix.result}"
  display_name = "Terraform-managed service account for cluster ${var.name}"
}
resource "google_project_iam_member" "cluster_service_account" {
  for_each = toset(["roles/container.defaultNodeServiceAccount", "roles/artifactregistry.reader"])
  project  = google_service_account.cluster_service_account[0].project
  role     = each.value
  member   = google_service_account.cluster_service_account[0].member
}
resource "google_container_cluster" "primary" {
  provider            = google-beta
  name                = var.name
  description         = ""
  project             = var.project_id
  resource_labels     = { "env" = "test" }
  location            = var.region
  node_locations      = coalescelist(sort(random_shuffle.available_zones.result))
  network             = "projects/${var.project_id}/global/networks/${var.network}"
  subnetwork          = "projects/${var.project_id}/regions/${var.region}/subnetworks/${var.subnetwork}"
  min_master_version  = var.release_channel == null || var.release_channel == "UNSPECIFIED" ? local.master_version : null
  deletion_protection = false
  dynamic "release_channel" {
    for_each = var.release_channel != null ? [{ channel = var.release_channel }] : []
    content {
      channel = release_channel.value.channel
    }
  }
  dynamic "network_policy" {
    for_each = local.cluster_network_policy
    content {
      enabled  = network_policy.value.enabled
      provider = network_policy.value.provider
    }
  }
  logging_service    = "logging.googleapis.com/kubernetes"
  monitoring_service = "monitoring.googleapis.com/kubernetes"
  cluster_autoscaling {
    enabled             = false
    autoscaling_profile = "BALANCED"
  }
  vertical_pod_autoscaling { enabled = true }
  datapath_provider        = "ADVANCED_DATAPATH"
  enable_shielded_nodes    = true
  remove_default_node_pool = true
  initial_node_count       = 1
  dynamic "master_authorized_networks_config" {
    for_each = length(var.master_authorized_networks) > 0 ? [{ cidr_blocks = var.master_authorized_networks }] : []
    content {
      dynamic "cidr_blocks" {
        for_each = master_authorized_networks_config.value.cidr_blocks
        content {
          cidr_block   = lookup(cidr_blocks.value, "cidr_block", "")
          display_name = lookup(cidr_blocks.value, "display_name", "")
        }
      }
    }
  }
  master_auth {
    client_certificate_config { issue_client_certificate = false }
  }
  addons_config {
    http_load_balancing { disabled = false }
    horizontal_pod_autoscaling { disabled = false }
    gce_persistent_disk_csi_driver_config { enabled = true }
    dns_cache_config { enabled = true }
  }
  ip_allocation_policy {
    cluster_secondary_range_name  = var.ip_range_pods
    services_secondary_range_name = var.ip_range_services
    stack_type                    = "IPV4"
  }
  private_cluster_config {
    enable_private_endpoint = true
    enable_private_nodes    = true
    master_ipv4_cidr_block  = "172.16.0.0/28"
    master_global_access_config { enabled = true }
  }
  maintenance_policy {
    dynamic "daily_maintenance_window" {
      for_each = [1]
      content {
        start_time = "05:00"
      }
    }
  }
  dynamic "database_encryption" {
    for_each = var.database_encryption
    content {
      key_name = database_encryption.value.key_name
      state    = database_encryption.value.state
    }
  }
  workload_identity_config { workload_pool = "${var.project_id}.svc.id.goog" }
  security_posture_config {
    mode               = "DISABLED"
    vulnerability_mode = "VULNERABILITY_DISABLED"
  }
  node_pool {
    name               = "default-pool"
    initial_node_count = 1
    node_config {
      image_type      = "COS_CONTAINERD"
      machine_type    = "e2-medium"
      service_account = local.service_account
    }
  }
  timeouts {
    create = "45m"
    update = "45m"
    delete = "45m"
  }
  lifecycle { ignore_changes = [node_pool, initial_node_count, resource_labels["asmv"]] }
}
resource "google_container_node_pool" "pools" {
  provider           = google-beta
  for_each           = local.node_pools
  name               = each.key
  project            = var.project_id
  location           = var.region
  cluster            = google_container_cluster.primary.name
  version            = lookup(each.value, "auto_upgrade", true) ? "" : local.master_version
  initial_node_count = lookup(each.value, "autoscaling", true) ? lookup(each.value, "initial_node_count", lookup(each.value, "min_count", 1)) : null
  node_count         = lookup(each.value, "autoscaling", true) ? null : lookup(each.value, "node_count", 1)
  dynamic "autoscaling" {
    for_each = lookup(each.value, "autoscaling", true) ? [each.value] : []
    content {
      min_node_count  = lookup(autoscaling.value, "min_count", 1)
      max_node_count  = lookup(autoscaling.value, "max_count", 100)
      location_policy = lookup(autoscaling.value, "location_policy", null)
    }
  }
  management {
    auto_repair  = lookup(each.value, "auto_repair", true)
    auto_upgrade = lookup(each.value, "auto_upgrade", true)
  }
  upgrade_settings {
    max_surge       = 1
    max_unavailable = 0
  }
  node_config {
    image_type   = lookup(each.value, "image_type", "COS_CONTAINERD")
    machine_type = lookup(each.value, "machine_type", "e2-medium")
    labels = merge({ "cluster_name" = var.name, "node_pool" = each.value["name"] }, var.node_pools_labels["all"],
    lookup(var.node_pools_labels, each.value["name"], {}))
    metadata = { "disable-legacy-endpoints" = true }
    dynamic "taint" {
      for_each = concat(var.node_pools_taints["all"], lookup(var.node_pools_taints, each.value["name"], []))
      content {
        effect = taint.value.effect
        key    = taint.value.key
        value  = taint.value.value
      }
    }
    tags            = concat(["gke-${var.name}"], ["gke-${var.name}-${each.value["name"]}"])
    disk_size_gb    = lookup(each.value, "disk_size_gb", 100)
    disk_type       = lookup(each.value, "disk_type", "pd-standard")
    service_account = lookup(each.value, "service_account", local.service_account)
    preemptible     = lookup(each.value, "preemptible", false)
    spot            = lookup(each.value, "spot", false)
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    workload_metadata_config { mode = "GKE_METADATA" }
    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
  }
  lifecycle { ignore_changes = [initial_node_count] }
}
output "endpoint" { value = google_container_cluster.primary.endpoint }
output "master_version" { value = google_container_cluster.primary.master_version }
output "ca_certificate" {
  sensitive = true
  value     = google_container_cluster.primary.master_auth[0].cluster_ca_certificate
}
output "peering" { value = google_container_cluster.primary.private_cluster_config[0].peering_name }
output "instance_groups" { value = flatten([for p in google_container_node_pool.pools : p.instance_group_urls]) }
