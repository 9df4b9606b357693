# One apply in the shape of prod on a network of its own, then its neighbours as plans.

provider "google" {
  project = "hera-tests"
  region  = "europe-west1"
}

variables {
  name               = "gke"
  environment        = "prod"
  region             = "europe-west1"
  tags               = { team = "platform" }
  pod_cidr           = "10.136.0.0/14"
  service_cidr       = "172.22.0.0/16"
  zones              = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
  kubernetes_version = "1.34"
  endpoint           = { public = false, allowed_cidrs = [] }
  control_plane_logs = { types = ["api", "audit", "authenticator", "controller-manager", "scheduler"], retention_days = 365 }
  secrets_encryption = true
  node_pools = {
    default = { machine_type = "n2-standard-4", min_size = 3, max_size = 12, spot = false, disk_gb = 100, labels = {}, taints = [], zones = ["europe-west1-b", "europe-west1-c", "europe-west1-d"] }
    batch   = { machine_type = "n2-standard-8", min_size = 0, max_size = 12, spot = true, disk_gb = 100, labels = { "hera.dev/spot" = "true" }, taints = [{ key = "hera.dev/spot", value = "true", effect = "NoSchedule" }], zones = ["europe-west1-b", "europe-west1-c"] }
  }
  autoscaler_profile  = "conservative"
  maintenance_window  = { day = "Sunday", start_hour = 3, duration_hours = 4 }
  deletion_protection = false
  admin_groups        = ["kube-admins@example.com"]
  cloud               = { project_id = "hera-tests", project_number = "123456789012" }
}

run "network" {
  module {
    source = "../../network/gcp"
  }

  variables {
    cidr              = "10.32.0.0/16"
    nat_mode          = "zone"
    private_endpoints = []
    flow_logs         = { enabled = false, retention_days = 30 }
    cloud             = { project_id = "hera-tests" }
  }
}

run "prod" {
  variables {
    network = run.network
  }

  assert {
    condition     = google_container_cluster.this.private_cluster_config[0].enable_private_endpoint && google_container_cluster.this.private_cluster_config[0].enable_private_nodes
    error_message = "the API and the nodes are private"
  }

  assert {
    condition     = google_container_cluster.this.private_cluster_config[0].private_endpoint_subnetwork == run.network.cloud["control_plane_subnet"]
    error_message = "the control plane's address comes from its own subnet"
  }

  assert {
    condition     = one(google_container_cluster.this.master_authorized_networks_config[0].cidr_blocks).cidr_block == "10.32.0.0/16" && !google_container_cluster.this.master_authorized_networks_config[0].gcp_public_cidrs_access_enabled
    error_message = "only the network reaches the API"
  }

  assert {
    condition     = !google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].allow_external_traffic
    error_message = "the DNS endpoint is closed to the outside"
  }

  assert {
    condition     = google_container_cluster.this.datapath_provider == "ADVANCED_DATAPATH" && google_container_cluster.this.addons_config[0].network_policy_config[0].disabled
    error_message = "Dataplane V2 enforces network policies"
  }

  assert {
    condition     = google_container_cluster.this.database_encryption[0].state == "ENCRYPTED" && google_container_cluster.this.database_encryption[0].key_name == google_kms_crypto_key.secrets[0].id && output.secrets_key_id == google_kms_crypto_key.secrets[0].id
    error_message = "Secrets are under the cluster's own key"
  }

  assert {
    condition     = google_kms_crypto_key.secrets[0].rotation_period == "7776000s" && startswith(google_kms_key_ring.this[0].name, "gke-2")
    error_message = "the key rotates and its ring is named after the time of its making"
  }

  assert {
    condition     = google_kms_crypto_key_iam_member.secrets[0].member == "serviceAccount:service-123456789012@container-engine-robot.iam.gserviceaccount.com"
    error_message = "GKE's service agent may use the key"
  }

  assert {
    condition     = toset(google_container_cluster.this.logging_config[0].enable_components) == toset(["SYSTEM_COMPONENTS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER", "WORKLOADS"])
    error_message = "control-plane and container logs are on"
  }

  assert {
    condition     = google_logging_project_bucket_config.control_plane[0].retention_days == 365 && output.log_destination == google_logging_project_bucket_config.control_plane[0].id && strcontains(google_logging_project_sink.control_plane[0].filter, "cloudaudit.googleapis.com/activity")
    error_message = "control-plane and audit logs are kept as long as asked"
  }

  assert {
    condition     = google_container_cluster.this.workload_identity_config[0].workload_pool == "hera-tests.svc.id.goog" && output.workload_identity["pool"] == "hera-tests.svc.id.goog"
    error_message = "workload identity is on"
  }

  assert {
    condition     = output.oidc_issuer_url == "https://container.googleapis.com/v1/projects/hera-tests/locations/europe-west1/clusters/gke" && startswith(output.endpoint, "https://")
    error_message = "the issuer is the cluster's"
  }

  assert {
    condition     = { for key, member in google_project_iam_member.nodes : key => member.role } == { "hera-tests/container.defaultNodeServiceAccount" = "roles/container.defaultNodeServiceAccount", "hera-tests/artifactregistry.reader" = "roles/artifactregistry.reader" }
    error_message = "nodes may write logs and metrics, and read images"
  }

  assert {
    condition     = google_project_iam_member.admins["kube-admins@example.com"].role == "roles/container.admin" && strcontains(google_project_iam_member.admins["kube-admins@example.com"].condition[0].expression, "clusters/gke") && google_container_cluster.this.authenticator_groups_config[0].security_group == "gke-security-groups@example.com"
    error_message = "admin groups administer this cluster alone, and RBAC knows Google groups"
  }

  assert {
    condition     = google_container_node_pool.this["default"].autoscaling[0].total_min_node_count == 3 && google_container_node_pool.this["default"].autoscaling[0].total_max_node_count == 12 && google_container_node_pool.this["default"].initial_node_count == 1 && google_container_node_pool.this["default"].autoscaling[0].location_policy == "BALANCED"
    error_message = "sizes count the whole pool and are spread evenly"
  }

  assert {
    condition     = google_container_node_pool.this["batch"].node_config[0].spot && google_container_node_pool.this["batch"].autoscaling[0].location_policy == "ANY" && google_container_node_pool.this["batch"].node_locations == toset(["europe-west1-b", "europe-west1-c"]) && one(google_container_node_pool.this["batch"].node_config[0].taint).effect == "NO_SCHEDULE"
    error_message = "spot pools take capacity where it is, and carry their taints and labels"
  }

  assert {
    condition     = google_container_node_pool.this["default"].node_config[0].shielded_instance_config[0].enable_secure_boot && google_container_node_pool.this["default"].node_config[0].workload_metadata_config[0].mode == "GKE_METADATA" && google_container_node_pool.this["default"].node_config[0].service_account == google_service_account.nodes.email && google_container_node_pool.this["default"].node_config[0].tags == tolist(["gke-node"])
    error_message = "nodes are shielded, hide the metadata server and have an identity of their own"
  }

  assert {
    condition     = google_container_node_pool.this["default"].upgrade_settings[0].max_surge == 1 && google_container_node_pool.this["default"].upgrade_settings[0].max_unavailable == 0 && google_container_node_pool.this["default"].management[0].auto_repair
    error_message = "upgrades surge and lose no capacity"
  }

  assert {
    condition     = google_container_cluster.this.maintenance_policy[0].recurring_window[0].start_time == "2024-01-07T03:00:00Z" && google_container_cluster.this.maintenance_policy[0].recurring_window[0].end_time == "2024-01-07T15:00:00Z" && google_container_cluster.this.maintenance_policy[0].recurring_window[0].recurrence == "FREQ=WEEKLY;BYDAY=SU"
    error_message = "the window is weekly and has the 12 hours that GKE's 48 hours in 32 days come to"
  }

  assert {
    condition     = google_container_cluster.this.cluster_autoscaling[0].autoscaling_profile == "BALANCED"
    error_message = "conservative is BALANCED"
  }

  assert {
    condition     = google_container_cluster.this.resource_labels == tomap({ team = "platform", hera-cluster = "gke", hera-environment = "prod", hera-stage = "cluster", managed-by = "hera" }) && google_container_node_pool.this["default"].node_config[0].resource_labels == google_container_cluster.this.resource_labels
    error_message = "the cluster and the nodes' machines carry the ownership labels"
  }

  assert {
    condition     = toset(keys(output.node_pool_ids)) == toset(["default", "batch"]) && output.cluster_name == "gke" && startswith(output.kubernetes_version, "1.34")
    error_message = "outputs name the cluster and its pools"
  }
}

run "dev" {
  command = plan

  variables {
    environment        = "dev"
    network            = run.network
    autoscaler_profile = "aggressive"
    control_plane_logs = { types = ["api", "audit"], retention_days = 7 }
    maintenance_window = { day = "Saturday", start_hour = 20, duration_hours = 24 }
    admin_groups       = []
    node_pools = {
      default = { machine_type = "e2-standard-4", min_size = 1, max_size = 2, spot = true, disk_gb = 50, labels = {}, taints = [], zones = ["europe-west1-b", "europe-west1-c", "europe-west1-d"] }
    }
  }

  assert {
    condition     = google_container_cluster.this.cluster_autoscaling[0].autoscaling_profile == "OPTIMIZE_UTILIZATION"
    error_message = "aggressive is OPTIMIZE_UTILIZATION"
  }

  assert {
    condition     = !google_container_cluster.this.deletion_protection
    error_message = "dev may be deleted"
  }

  assert {
    condition     = toset(google_container_cluster.this.logging_config[0].enable_components) == toset(["SYSTEM_COMPONENTS", "APISERVER", "WORKLOADS"]) && google_logging_project_bucket_config.control_plane[0].retention_days == 7
    error_message = "dev logs less and keeps it a week"
  }

  assert {
    condition     = google_container_node_pool.this["default"].node_config[0].spot && google_container_node_pool.this["default"].node_locations == toset(["europe-west1-b", "europe-west1-c"])
    error_message = "dev runs on spot, and a pool of two nodes at most takes the first two zones"
  }

  assert {
    condition     = google_container_cluster.this.maintenance_policy[0].recurring_window[0].end_time == "2024-01-07T20:00:00Z" && google_container_cluster.this.maintenance_policy[0].recurring_window[0].recurrence == "FREQ=WEEKLY;BYDAY=SA"
    error_message = "a long window runs over midnight"
  }

  assert {
    condition     = length(google_container_cluster.this.authenticator_groups_config) == 0 && length(google_project_iam_member.admins) == 0
    error_message = "no admin groups, no bindings"
  }
}

run "protected" {
  command = plan

  variables {
    network             = run.network
    deletion_protection = true
  }

  assert {
    condition     = google_container_cluster.this.deletion_protection
    error_message = "prod may not be deleted"
  }
}

run "public_endpoint" {
  command = plan

  variables {
    network  = run.network
    endpoint = { public = true, allowed_cidrs = ["203.0.113.0/24"] }
    cloud    = { project_id = "hera-tests", project_number = "123456789012", dns_endpoint = true }
  }

  assert {
    condition     = !google_container_cluster.this.private_cluster_config[0].enable_private_endpoint && google_container_cluster.this.private_cluster_config[0].enable_private_nodes
    error_message = "the API has a public address too, nodes stay private"
  }

  assert {
    condition     = toset([for block in google_container_cluster.this.master_authorized_networks_config[0].cidr_blocks : block.cidr_block]) == toset(["10.32.0.0/16", "203.0.113.0/24"])
    error_message = "the allowed ranges and the network reach the API"
  }

  assert {
    condition     = google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].allow_external_traffic
    error_message = "the DNS endpoint opens when asked"
  }
}

run "own_keys" {
  command = plan

  variables {
    network = run.network
    cloud = {
      project_id           = "hera-tests"
      project_number       = "123456789012"
      disk_encryption      = true
      kms_protection_level = "HSM"
      registry_projects    = ["hera-images", "hera-tests"]
    }
  }

  assert {
    condition     = length(google_kms_crypto_key.disks) == 1 && google_kms_crypto_key.disks[0].version_template[0].protection_level == "HSM" && google_kms_crypto_key_iam_member.disks[0].member == "serviceAccount:service-123456789012@compute-system.iam.gserviceaccount.com"
    error_message = "boot disks have a key that Compute Engine may use"
  }

  assert {
    condition     = contains(keys(google_project_iam_member.nodes), "hera-images/artifactregistry.reader") && length(google_project_iam_member.nodes) == 3
    error_message = "nodes read images of the other project"
  }
}

run "foreign_key" {
  command = plan

  variables {
    network = run.network
    cloud   = { project_id = "hera-tests", project_number = "123456789012", kms_key_id = "projects/keys-project/locations/europe-west1/keyRings/r/cryptoKeys/k" }
  }

  assert {
    condition     = length(google_kms_key_ring.this) == 0 && google_container_cluster.this.database_encryption[0].key_name == "projects/keys-project/locations/europe-west1/keyRings/r/cryptoKeys/k"
    error_message = "an existing key is used as it is"
  }
}

run "no_secrets_encryption" {
  command = plan

  variables {
    network            = run.network
    secrets_encryption = false
    control_plane_logs = { types = [], retention_days = 7 }
  }

  assert {
    condition     = google_container_cluster.this.database_encryption[0].state == "DECRYPTED" && length(google_kms_crypto_key.secrets) == 0 && output.secrets_key_id == ""
    error_message = "no key where encryption is off"
  }

  assert {
    condition     = length(google_logging_project_bucket_config.control_plane) == 0 && output.log_destination == ""
    error_message = "no control-plane logs, no bucket"
  }
}

run "long_name" {
  command = plan

  variables {
    network = run.network
    name    = "a-cluster-with-a-name-of-forty-letters-x"
  }

  assert {
    condition     = length(google_service_account.nodes.account_id) == 30 && startswith(google_service_account.nodes.account_id, "a-cluster-with-a-")
    error_message = "account ids take 30 characters"
  }
}
