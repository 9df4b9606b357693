# The control plane. It waits for its identity's rights and its key; node pools of the user start when it answers.

data "azurerm_client_config" "current" {}

locals {
  tags = merge(var.tags, {
    "hera-cluster"     = var.name
    "hera-environment" = var.environment
    "hera-stage"       = "cluster"
    "managed-by"       = "hera"
  })

  resource_group    = var.network.cloud["resource_group"]
  private_endpoints = toset(split(",", var.network.cloud["private_endpoints"]))
  private_only      = !var.endpoint.public
  whole_internet    = contains(var.endpoint.allowed_cidrs, "0.0.0.0/0") # which AKS says by naming no range
  zone_label        = trimsuffix(substr(var.name, 0, 32), "-")          # AKS takes no longer one
  tenant_id         = data.azurerm_client_config.current.tenant_id

  autoscaler = {
    aggressive = {
      unneeded = "5m", unready = "10m", after_add = "5m", threshold = "0.65", keep_local = false, keep_system = false, bulk = "20"
    }
    conservative = {
      unneeded = "20m", unready = "20m", after_add = "20m", threshold = "0.4", keep_local = true, keep_system = true, bulk = "5"
    }
  }[var.autoscaler_profile]
}

resource "azurerm_private_dns_zone" "api_server" {
  count = local.private_only ? 1 : 0

  name                = "${local.zone_label}.privatelink.${var.region}.azmk8s.io"
  resource_group_name = local.resource_group
  tags                = local.tags
}

# Linked here and not by AKS, so that a destroy takes the link away before the zone.
resource "azurerm_private_dns_zone_virtual_network_link" "api_server" {
  count = local.private_only ? 1 : 0

  name                  = "${var.name}-api-server"
  resource_group_name   = local.resource_group
  private_dns_zone_name = azurerm_private_dns_zone.api_server[0].name
  virtual_network_id    = var.network.network_id
  registration_enabled  = false
  tags                  = local.tags
}

resource "azurerm_kubernetes_cluster" "this" {
  #checkov:skip=CKV_AZURE_4: control-plane logs go out by diagnostic setting; container insights is cloud.container_insights
  #checkov:skip=CKV_AZURE_6: private unless the spec says otherwise, and then only for endpoint.allowed_cidrs, never empty
  #checkov:skip=CKV_AZURE_115: private unless endpoint.public asks otherwise; the private address is there in both cases
  #checkov:skip=CKV_AZURE_116: cloud.azure_policy is on unless asked otherwise
  #checkov:skip=CKV_AZURE_117: disks are encrypted with platform keys; under the cluster's own key with cloud.disk_encryption
  #checkov:skip=CKV_AZURE_170: cloud.sku_tier is Standard unless a dev environment asks for Free
  #checkov:skip=CKV_AZURE_168: cloud.max_pods is 110 unless asked otherwise, and never below 30
  #checkov:skip=CKV_AZURE_227: cloud.host_encryption is on unless asked otherwise
  #checkov:skip=CKV_AZURE_232: on, unless every pool of the user keeps ordinary pods away
  #checkov:skip=CKV_AZURE_226: ephemeral OS disks fit only some VM sizes; cloud.os_disk_type asks for them
  name                       = var.name
  location                   = var.region
  resource_group_name        = local.resource_group
  node_resource_group        = "hera-${var.name}-nodes"
  kubernetes_version         = var.kubernetes_version
  sku_tier                   = var.cloud.sku_tier
  support_plan               = var.cloud.long_term_support ? "AKSLongTermSupport" : "KubernetesOfficial"
  dns_prefix                 = local.private_only ? null : var.name
  dns_prefix_private_cluster = local.private_only ? var.name : null

  private_cluster_enabled             = local.private_only
  private_cluster_public_fqdn_enabled = false
  private_dns_zone_id                 = local.private_only ? azurerm_private_dns_zone.api_server[0].id : null
  run_command_enabled                 = false

  role_based_access_control_enabled = true
  local_account_disabled            = true
  oidc_issuer_enabled               = true
  workload_identity_enabled         = true

  automatic_upgrade_channel    = var.cloud.upgrade_channel == "none" ? null : var.cloud.upgrade_channel
  node_os_upgrade_channel      = var.cloud.node_os_channel
  azure_policy_enabled         = var.cloud.azure_policy
  image_cleaner_enabled        = true
  image_cleaner_interval_hours = var.cloud.image_cleaner_hours
  disk_encryption_set_id       = var.cloud.disk_encryption ? azurerm_disk_encryption_set.this[0].id : null
  tags                         = local.tags

  api_server_access_profile {
    virtual_network_integration_enabled = var.cloud.api_server_vnet_integration
    subnet_id                           = var.cloud.api_server_vnet_integration ? var.network.cloud["api_server_subnet_id"] : null
    authorized_ip_ranges                = local.private_only || local.whole_internet ? null : var.endpoint.allowed_cidrs
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.control_plane.id]
  }

  kubelet_identity {
    client_id                 = azurerm_user_assigned_identity.kubelet.client_id
    object_id                 = azurerm_user_assigned_identity.kubelet.principal_id
    user_assigned_identity_id = azurerm_user_assigned_identity.kubelet.id
  }

  azure_active_directory_role_based_access_control {
    azure_rbac_enabled     = true
    admin_group_object_ids = var.admin_groups
    tenant_id              = local.tenant_id
  }

  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_data_plane  = "cilium"
    network_policy      = "cilium"
    load_balancer_sku   = "standard"
    outbound_type       = "userAssignedNATGateway"
    pod_cidr            = var.pod_cidr
    service_cidr        = var.service_cidr
    dns_service_ip      = cidrhost(var.service_cidr, 10)

    dynamic "advanced_networking" {
      for_each = var.cloud.advanced_networking ? ["on"] : []

      content {
        observability_enabled = true
        security_enabled      = true
      }
    }
  }

  # AKS's own pods, in the first zone; system pools of the other zones are in node_pools.tf.
  default_node_pool {
    name                         = "system${var.zones[0]}"
    vm_size                      = var.cloud.system_pool.machine_type
    orchestrator_version         = var.kubernetes_version
    vnet_subnet_id               = var.network.private_subnet_ids[var.zones[0]]
    zones                        = [var.zones[0]]
    auto_scaling_enabled         = true
    min_count                    = local.system_sizes[var.zones[0]].min
    max_count                    = local.system_sizes[var.zones[0]].max
    max_pods                     = var.cloud.max_pods
    os_sku                       = var.cloud.os_sku
    os_disk_type                 = var.cloud.os_disk_type
    os_disk_size_gb              = var.cloud.system_pool.disk_gb
    host_encryption_enabled      = var.cloud.host_encryption
    fips_enabled                 = var.cloud.fips
    node_public_ip_enabled       = false
    only_critical_addons_enabled = local.system_only
    node_labels                  = { "hera.dev/pool" = "system" }
    temporary_name_for_rotation  = "systemtmp"
    tags                         = local.tags

    upgrade_settings {
      max_surge                     = var.cloud.max_surge
      drain_timeout_in_minutes      = var.cloud.drain_minutes
      node_soak_duration_in_minutes = 0
    }
  }

  # Node pools of one kind differ only by zone, so the autoscaler keeps them even.
  auto_scaler_profile {
    balance_similar_node_groups      = true
    expander                         = "least-waste"
    max_graceful_termination_sec     = "600"
    scan_interval                    = "10s"
    scale_down_delay_after_add       = local.autoscaler.after_add
    scale_down_unneeded              = local.autoscaler.unneeded
    scale_down_unready               = local.autoscaler.unready
    scale_down_utilization_threshold = local.autoscaler.threshold
    skip_nodes_with_local_storage    = local.autoscaler.keep_local
    skip_nodes_with_system_pods      = local.autoscaler.keep_system
    empty_bulk_delete_max            = local.autoscaler.bulk
  }

  maintenance_window {
    allowed {
      day   = var.maintenance_window.day
      hours = [for hour in range(var.maintenance_window.start_hour, min(24, var.maintenance_window.start_hour + var.maintenance_window.duration_hours)) : hour]
    }
  }

  maintenance_window_auto_upgrade {
    frequency   = "Weekly"
    interval    = 1
    day_of_week = var.maintenance_window.day
    start_time  = format("%02d:00", var.maintenance_window.start_hour)
    duration    = var.maintenance_window.duration_hours
    utc_offset  = "+00:00"
  }

  maintenance_window_node_os {
    frequency   = "Weekly"
    interval    = 1
    day_of_week = var.maintenance_window.day
    start_time  = format("%02d:00", var.maintenance_window.start_hour)
    duration    = var.maintenance_window.duration_hours
    utc_offset  = "+00:00"
  }

  storage_profile {
    disk_driver_enabled         = true
    file_driver_enabled         = true
    blob_driver_enabled         = false
    snapshot_controller_enabled = true
  }

  dynamic "key_management_service" {
    for_each = var.secrets_encryption ? ["on"] : []

    content {
      key_vault_key_id         = azurerm_key_vault_key.secrets[0].id
      key_vault_network_access = var.cloud.api_server_vnet_integration ? "Private" : "Public"
    }
  }

  dynamic "key_vault_secrets_provider" {
    for_each = var.cloud.secrets_store ? ["on"] : []

    content {
      secret_rotation_enabled  = true
      secret_rotation_interval = "2m"
    }
  }

  dynamic "microsoft_defender" {
    for_each = var.cloud.defender ? ["on"] : []

    content {
      log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id
    }
  }

  dynamic "oms_agent" {
    for_each = var.cloud.container_insights ? ["on"] : []

    content {
      log_analytics_workspace_id      = azurerm_log_analytics_workspace.this.id
      msi_auth_for_monitoring_enabled = true
    }
  }

  # AKS asks for these rights while it is being made, and for the zone's link when nodes resolve the API server.
  depends_on = [
    time_sleep.roles,
    azurerm_role_assignment.disk_reader,
    azurerm_private_dns_zone_virtual_network_link.api_server,
  ]

  lifecycle {
    ignore_changes = [default_node_pool[0].node_count]
  }
}

# The lock is the last thing made and the first thing taken off. Azure counts pools, roles on the cluster and its diagnostic
# setting as parts of the cluster: a change that may delete one takes the lock off first, and puts it back when all is done.
resource "terraform_data" "parts" {
  input = {
    system    = var.cloud.system_pool.machine_type
    zones     = local.system_zones
    pools     = { for key, pool in local.pools : key => "${pool.machine_type}/${pool.disk_gb}/${pool.spot}" }
    admins    = sort(var.admin_groups)
    operators = local.operator_principals
    logs      = length(local.categories) > 0
  }
}

resource "azurerm_management_lock" "cluster" {
  count = var.deletion_protection ? 1 : 0

  name       = "${var.name}-keep"
  scope      = azurerm_kubernetes_cluster.this.id
  lock_level = "CanNotDelete"
  notes      = "Deletion protection of Hera; set deletionProtection to false in the cluster spec to take it off."

  depends_on = [
    azurerm_kubernetes_cluster_node_pool.this,
    azurerm_kubernetes_cluster_node_pool.system,
    azurerm_role_assignment.admins,
    azurerm_role_assignment.operators,
    azurerm_monitor_diagnostic_setting.control_plane,
  ]

  lifecycle {
    replace_triggered_by = [terraform_data.parts]
  }
}
