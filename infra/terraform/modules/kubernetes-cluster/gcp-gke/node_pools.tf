# One GKE pool spans its zones and is bounded as a whole: that is what the contract's sizes mean, and what lets the autoscaler
# move capacity between zones. Pools do not depend on each other and are made at once.
locals {
  # A pool of two nodes at most does not need a third zone: earlier zones first.
  pool_zones = { for name, pool in var.node_pools : name => slice(pool.zones, 0, min(length(pool.zones), pool.max_size)) }

  taint_effects = { NoSchedule = "NO_SCHEDULE", PreferNoSchedule = "PREFER_NO_SCHEDULE", NoExecute = "NO_EXECUTE" }
}

resource "google_container_node_pool" "this" {
  for_each = var.node_pools

  project           = var.cloud.project_id
  name              = each.key
  location          = var.region
  cluster           = google_container_cluster.this.name
  node_locations    = local.pool_zones[each.key]
  max_pods_per_node = var.cloud.max_pods_per_node

  # The cloud counts per zone here: enough for the smallest size, and never more than the largest allows.
  initial_node_count = min(
    ceil(each.value.min_size / length(local.pool_zones[each.key])),
    floor(each.value.max_size / length(local.pool_zones[each.key])),
  )

  autoscaling {
    total_min_node_count = each.value.min_size
    total_max_node_count = each.value.max_size
    location_policy      = each.value.spot ? "ANY" : "BALANCED"
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  upgrade_settings {
    strategy        = "SURGE"
    max_surge       = var.cloud.max_surge
    max_unavailable = var.cloud.max_unavailable
  }

  network_config {
    enable_private_nodes = true
  }

  node_config {
    machine_type      = each.value.machine_type
    image_type        = var.cloud.image_type
    disk_type         = var.cloud.disk_type
    disk_size_gb      = each.value.disk_gb
    spot              = each.value.spot
    labels            = each.value.labels
    tags              = [lookup(var.network.cloud, "node_tag", "")]
    resource_labels   = local.tags
    service_account   = google_service_account.nodes.email
    boot_disk_kms_key = local.disk_key_id

    # The service account's roles are the limit; a narrower scope would only hide which.
    oauth_scopes = ["https://www.googleapis.com/auth/cloud-platform"]

    metadata = {
      disable-legacy-endpoints = "true"
    }

    dynamic "taint" {
      for_each = each.value.taints

      content {
        key    = taint.value.key
        value  = taint.value.value
        effect = local.taint_effects[taint.value.effect]
      }
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }

    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    kubelet_config {
      insecure_kubelet_readonly_port_enabled = "FALSE"
      pod_pids_limit                         = 4096
    }

    linux_node_config {
      cgroup_mode = "CGROUP_MODE_V2"
    }

    gvnic {
      enabled = true
    }
  }

  timeouts {
    create = "30m"
    update = "120m"
    delete = "30m"
  }

  # The autoscaler owns the size from here on, and a changed starting size would replace the pool.
  lifecycle {
    ignore_changes = [initial_node_count]
  }
}
