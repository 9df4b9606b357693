locals {
  tags = merge(var.tags, {
    "hera-cluster"     = var.name
    "hera-environment" = var.environment
    "hera-stage"       = "cluster"
    "managed-by"       = "hera"
  })

  # Service accounts and sinks take no labels: the description says whose they are.
  owner = "hera-cluster=${var.name} hera-environment=${var.environment} managed-by=hera"

  project_number = var.cloud.project_number != null ? var.cloud.project_number : data.google_project.this[0].number
  workload_pool  = "${var.cloud.project_id}.svc.id.goog"
  cluster_path   = "projects/${var.cloud.project_id}/locations/${var.region}/clusters/${var.name}"

  # SYSTEM_COMPONENTS is what GKE demands before any other component.
  log_components = concat(
    ["SYSTEM_COMPONENTS"],
    [for type, component in { api = "APISERVER", controller-manager = "CONTROLLER_MANAGER", scheduler = "SCHEDULER" } : component if contains(var.control_plane_logs.types, type)],
    var.cloud.workload_logs ? ["WORKLOADS"] : [],
  )

  # The window's first occurrence lies in the week of Monday, 1 January 2024; the rule repeats it.
  weekdays           = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
  maintenance_start  = timeadd("2024-01-01T00:00:00Z", "${index(local.weekdays, var.maintenance_window.day) * 24 + var.maintenance_window.start_hour}h")
  maintenance_hours  = max(var.maintenance_window.duration_hours, 12)
  maintenance_end    = timeadd(local.maintenance_start, "${local.maintenance_hours}h")
  maintenance_repeat = "FREQ=WEEKLY;BYDAY=${upper(substr(var.maintenance_window.day, 0, 2))}"

  security_group = (
    var.cloud.rbac_security_group != null ? var.cloud.rbac_security_group :
    length(var.admin_groups) > 0 ? "gke-security-groups@${split("@", var.admin_groups[0])[1]}" : null
  )

  authorized_ranges = merge(
    { "the network" = var.network.cidr },
    { for range in var.endpoint.allowed_cidrs : "allowed ${range}" => range },
  )
}

# Only the number is read, and only where nobody said it: Google's service agents are named by it.
data "google_project" "this" {
  count = var.cloud.project_number == null ? 1 : 0

  project_id = var.cloud.project_id
}

resource "google_container_cluster" "this" {
  #checkov:skip=CKV_GCP_12: Dataplane V2 (datapath_provider) enforces network policies itself; the old Calico block must stay off with it
  #checkov:skip=CKV_GCP_21: labels are local.tags; checkov does not follow the merge through a calling module
  #checkov:skip=CKV_GCP_66: binary_authorization is on by cloud.binary_authorization's default; checkov can't follow the conditional
  project     = var.cloud.project_id
  name        = var.name
  description = local.owner
  location    = var.region

  # GKE makes no cluster without a pool; the first one is removed at once, and every pool that stays is a resource of its own.
  node_locations           = var.zones
  initial_node_count       = 1
  remove_default_node_pool = true

  min_master_version  = var.kubernetes_version
  deletion_protection = var.deletion_protection
  resource_labels     = local.tags

  network                     = var.network.network_id
  subnetwork                  = var.network.private_subnet_ids[var.zones[0]]
  networking_mode             = "VPC_NATIVE"
  datapath_provider           = "ADVANCED_DATAPATH"
  enable_intranode_visibility = true
  enable_l4_ilb_subsetting    = true
  default_max_pods_per_node   = var.cloud.max_pods_per_node

  enable_shielded_nodes = true
  enable_legacy_abac    = false

  ip_allocation_policy {
    cluster_secondary_range_name  = lookup(var.network.cloud, "pods_range", "")
    services_secondary_range_name = lookup(var.network.cloud, "services_range", "")
    stack_type                    = "IPV4"
  }

  private_cluster_config {
    enable_private_nodes        = true
    enable_private_endpoint     = !var.endpoint.public
    private_endpoint_subnetwork = lookup(var.network.cloud, "control_plane_subnet", "")

    master_global_access_config {
      enabled = true
    }
  }

  master_authorized_networks_config {
    gcp_public_cidrs_access_enabled      = false
    private_endpoint_enforcement_enabled = true

    dynamic "cidr_blocks" {
      for_each = local.authorized_ranges

      content {
        display_name = cidr_blocks.key
        cidr_block   = cidr_blocks.value
      }
    }
  }

  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = var.cloud.dns_endpoint
    }

    ip_endpoints_config {
      enabled = true
    }
  }

  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }

  anonymous_authentication_config {
    mode = "LIMITED"
  }

  rbac_binding_config {
    enable_insecure_binding_system_authenticated   = false
    enable_insecure_binding_system_unauthenticated = false
  }

  dynamic "authenticator_groups_config" {
    for_each = local.security_group == null ? [] : [local.security_group]

    content {
      security_group = authenticator_groups_config.value
    }
  }

  workload_identity_config {
    workload_pool = local.workload_pool
  }

  # Said in both cases: a missing block would leave a cluster encrypted after secrets_encryption is switched off.
  database_encryption {
    state    = var.secrets_encryption ? "ENCRYPTED" : "DECRYPTED"
    key_name = var.secrets_encryption ? local.secrets_key_id : null
  }

  # The first pool lives for a minute, yet an organisation's policies and the least-privilege identity hold for it too.
  node_config {
    service_account   = google_service_account.nodes.email
    oauth_scopes      = ["https://www.googleapis.com/auth/cloud-platform"]
    boot_disk_kms_key = local.disk_key_id
    tags              = [lookup(var.network.cloud, "node_tag", "")]
    resource_labels   = local.tags

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }

    workload_metadata_config {
      mode = "GKE_METADATA"
    }
  }

  node_pool_defaults {
    node_config_defaults {
      insecure_kubelet_readonly_port_enabled = "FALSE"
    }
  }

  cluster_autoscaling {
    enabled             = false
    autoscaling_profile = var.autoscaler_profile == "aggressive" ? "OPTIMIZE_UTILIZATION" : "BALANCED"
  }

  vertical_pod_autoscaling {
    enabled = true
  }

  release_channel {
    channel = var.cloud.release_channel
  }

  maintenance_policy {
    recurring_window {
      start_time = local.maintenance_start
      end_time   = local.maintenance_end
      recurrence = local.maintenance_repeat
    }

    dynamic "maintenance_exclusion" {
      for_each = var.cloud.maintenance_exclusions

      content {
        exclusion_name = maintenance_exclusion.key
        start_time     = maintenance_exclusion.value.start
        end_time       = maintenance_exclusion.value.end

        exclusion_options {
          scope = maintenance_exclusion.value.scope
        }
      }
    }
  }

  logging_config {
    enable_components = local.log_components
  }

  monitoring_config {
    enable_components = ["SYSTEM_COMPONENTS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER"]

    managed_prometheus {
      enabled = var.cloud.managed_prometheus
    }

    advanced_datapath_observability_config {
      enable_metrics = true
      enable_relay   = false
    }
  }

  addons_config {
    http_load_balancing {
      disabled = false
    }

    horizontal_pod_autoscaling {
      disabled = false
    }

    network_policy_config {
      disabled = true
    }

    dns_cache_config {
      enabled = true
    }

    gce_persistent_disk_csi_driver_config {
      enabled = true
    }

    gke_backup_agent_config {
      enabled = var.cloud.backup_agent
    }
  }

  gateway_api_config {
    channel = "CHANNEL_STANDARD"
  }

  binary_authorization {
    evaluation_mode = var.cloud.binary_authorization ? "PROJECT_SINGLETON_POLICY_ENFORCE" : "DISABLED"
  }

  security_posture_config {
    mode               = "BASIC"
    vulnerability_mode = var.cloud.vulnerability_scanning ? "VULNERABILITY_BASIC" : "VULNERABILITY_DISABLED"
  }

  cost_management_config {
    enabled = true
  }

  service_external_ips_config {
    enabled = false
  }

  timeouts {
    create = "45m"
    update = "60m"
    delete = "45m"
  }

  # The first pool is gone once the cluster is made: what described it is no drift.
  lifecycle {
    ignore_changes = [node_config, initial_node_count]
  }

  depends_on = [
    google_kms_crypto_key_iam_member.secrets,
    google_kms_crypto_key_iam_member.disks,
    google_project_iam_member.nodes,
  ]
}
