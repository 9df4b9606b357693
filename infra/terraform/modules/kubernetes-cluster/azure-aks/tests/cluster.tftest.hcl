# What the cluster layer makes, and how dev and prod differ. Runs on the simulator: `terraform test` with its environment.

provider "azurerm" {
  features {}
}

variables {
  name               = "demo"
  environment        = "prod"
  region             = "westeurope"
  tags               = { team = "shop" }
  pod_cidr           = "10.128.0.0/14"
  service_cidr       = "172.20.0.0/16"
  zones              = ["1", "2", "3"]
  kubernetes_version = "1.34"
  endpoint           = { public = false, allowed_cidrs = [] }
  control_plane_logs = { types = ["api", "audit", "authenticator", "controller-manager", "scheduler"], retention_days = 365 }
  secrets_encryption = true
  node_pools = {
    general = {
      machine_type = "Standard_D4ds_v5", min_size = 4, max_size = 8, spot = false, disk_gb = 100,
      labels       = { tier = "general" }, taints = [{ key = "tier", value = "general", effect = "PreferNoSchedule" }], zones = ["1", "2", "3"]
    }
  }
  autoscaler_profile  = "conservative"
  maintenance_window  = { day = "Sunday", start_hour = 3, duration_hours = 4 }
  deletion_protection = true
  admin_groups        = ["aaaaaaaa-0000-4000-8000-000000000001"]
  cloud               = { operator_cidrs = ["198.51.100.0/24"] }

  network = {
    network_id         = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/hera-demo/providers/Microsoft.Network/virtualNetworks/demo-vnet"
    network_name       = "demo-vnet"
    cidr               = "10.20.0.0/16"
    private_subnet_ids = { for zone in ["1", "2", "3"] : zone => "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/hera-demo/providers/Microsoft.Network/virtualNetworks/demo-vnet/subnets/private-${zone}" }
    public_subnet_ids  = { for zone in ["1", "2", "3"] : zone => "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/hera-demo/providers/Microsoft.Network/virtualNetworks/demo-vnet/subnets/public" }
    nat_public_ips     = ["20.0.0.1"]
    cloud = {
      resource_group       = "hera-demo"
      api_server_subnet_id = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/hera-demo/providers/Microsoft.Network/virtualNetworks/demo-vnet/subnets/api-server"
      endpoint_subnet_id   = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/hera-demo/providers/Microsoft.Network/virtualNetworks/demo-vnet/subnets/endpoints"
      private_endpoints    = "logs,registry,secrets,storage"
      vault_dns_zone_id    = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/hera-demo/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net"
      monitor_scope        = "demo-monitor"
    }
  }
}

run "prod" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster.this.name == "demo" && azurerm_kubernetes_cluster.this.resource_group_name == "hera-demo" && azurerm_kubernetes_cluster.this.node_resource_group == "hera-demo-nodes"
    error_message = "Names derive from the cluster's name."
  }

  assert {
    condition     = alltrue([for tags in [azurerm_kubernetes_cluster.this.tags, azurerm_kubernetes_cluster_node_pool.this["general/1"].tags, azurerm_key_vault.this[0].tags, azurerm_user_assigned_identity.kubelet.tags] : tags["hera-cluster"] == "demo" && tags["hera-stage"] == "cluster" && tags["team"] == "shop"])
    error_message = "Every resource carries the ownership tags."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.private_cluster_enabled && azurerm_kubernetes_cluster.this.private_cluster_public_fqdn_enabled == false && azurerm_kubernetes_cluster.this.dns_prefix == null && azurerm_kubernetes_cluster.this.api_server_access_profile[0].virtual_network_integration_enabled && azurerm_kubernetes_cluster.this.api_server_access_profile[0].authorized_ip_ranges == null
    error_message = "The API server is private, in a subnet of the VNet."
  }

  assert {
    condition     = azurerm_private_dns_zone.api_server[0].name == "demo.privatelink.westeurope.azmk8s.io" && length(azurerm_private_dns_zone_virtual_network_link.api_server) == 1
    error_message = "With a zone of its own, linked to the VNet."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.local_account_disabled && azurerm_kubernetes_cluster.this.role_based_access_control_enabled && azurerm_kubernetes_cluster.this.azure_active_directory_role_based_access_control[0].azure_rbac_enabled && azurerm_kubernetes_cluster.this.azure_active_directory_role_based_access_control[0].admin_group_object_ids == tolist(["aaaaaaaa-0000-4000-8000-000000000001"])
    error_message = "Entra alone lets people in."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.oidc_issuer_enabled && azurerm_kubernetes_cluster.this.workload_identity_enabled && !azurerm_kubernetes_cluster.this.run_command_enabled
    error_message = "Workloads have identities; no back door by run command."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.network_profile[0].network_plugin == "azure" && azurerm_kubernetes_cluster.this.network_profile[0].network_plugin_mode == "overlay" && azurerm_kubernetes_cluster.this.network_profile[0].network_data_plane == "cilium" && azurerm_kubernetes_cluster.this.network_profile[0].network_policy == "cilium" && azurerm_kubernetes_cluster.this.network_profile[0].outbound_type == "userAssignedNATGateway" && azurerm_kubernetes_cluster.this.network_profile[0].dns_service_ip == "172.20.0.10"
    error_message = "Azure CNI overlay on Cilium, which enforces network policies; out through NAT."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.key_management_service[0].key_vault_network_access == "Private" && azurerm_key_vault_key.secrets[0].key_type == "RSA" && toset(azurerm_key_vault_key.secrets[0].key_opts) == toset(["encrypt", "decrypt"])
    error_message = "Secrets under a key of the cluster's own."
  }

  assert {
    condition     = azurerm_key_vault.this[0].purge_protection_enabled && azurerm_key_vault.this[0].rbac_authorization_enabled && azurerm_key_vault.this[0].soft_delete_retention_days == 90 && length(azurerm_key_vault.this[0].name) <= 24
    error_message = "Keys can not be destroyed by mistake."
  }

  assert {
    condition     = toset([for role in azurerm_role_assignment.control_plane : role.role_definition_name]) == toset(["Network Contributor", "Managed Identity Operator", "Private DNS Zone Contributor", "Key Vault Crypto User", "Key Vault Contributor"])
    error_message = "The control plane has the rights it needs, on what it needs them on."
  }

  assert {
    condition     = azurerm_role_assignment.control_plane["network"].scope == var.network.network_id && length(azurerm_role_assignment.registry) == 0
    error_message = "And no wider; nodes have none unless asked."
  }

  assert {
    condition     = toset([for log in azurerm_monitor_diagnostic_setting.control_plane[0].enabled_log : log.category]) == toset(["kube-apiserver", "kube-audit", "kube-audit-admin", "guard", "kube-controller-manager", "cloud-controller-manager", "cluster-autoscaler", "kube-scheduler"]) && azurerm_monitor_diagnostic_setting.control_plane[0].log_analytics_destination_type == "Dedicated"
    error_message = "All control-plane logs go to the workspace."
  }

  assert {
    condition     = azurerm_log_analytics_workspace.this.retention_in_days == 365 && length(azurerm_log_analytics_workspace_table.archived) == 0 && azurerm_log_analytics_workspace.this.local_authentication_enabled == false && length(azurerm_monitor_private_link_scoped_service.logs) == 1
    error_message = "Kept for a year, reached privately."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.default_node_pool[0].name == "system1" && azurerm_kubernetes_cluster.this.default_node_pool[0].only_critical_addons_enabled && azurerm_kubernetes_cluster.this.default_node_pool[0].zones == toset(["1"]) && keys(azurerm_kubernetes_cluster_node_pool.system) == ["2", "3"] && alltrue([for pool in azurerm_kubernetes_cluster_node_pool.system : pool.mode == "System" && pool.min_count == 1 && pool.max_count == 2])
    error_message = "AKS's own pods have a pool in each zone."
  }

  assert {
    condition     = { for key, pool in azurerm_kubernetes_cluster_node_pool.this : key => "${pool.name} ${pool.min_count}-${pool.max_count}" } == { "general/1" = "general1 2-3", "general/2" = "general2 1-3", "general/3" = "general3 1-2" }
    error_message = "A pool's sizes are shared over its zones, earlier ones first."
  }

  assert {
    condition     = alltrue([for pool in azurerm_kubernetes_cluster_node_pool.this : pool.host_encryption_enabled && pool.auto_scaling_enabled && !pool.node_public_ip_enabled && pool.priority == "Regular" && pool.upgrade_settings[0].max_surge == "33%" && pool.vnet_subnet_id == var.network.private_subnet_ids[one(pool.zones)]])
    error_message = "Nodes are encrypted, private, and in their zone's subnet."
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this["general/1"].node_labels == tomap({ tier = "general", "hera.dev/pool" = "general" }) && azurerm_kubernetes_cluster_node_pool.this["general/1"].node_taints == tolist(["tier=general:PreferNoSchedule"])
    error_message = "Labels and taints as asked, and the pool's name over its zones."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.auto_scaler_profile[0].scale_down_unneeded == "20m" && azurerm_kubernetes_cluster.this.auto_scaler_profile[0].skip_nodes_with_local_storage && azurerm_kubernetes_cluster.this.auto_scaler_profile[0].balance_similar_node_groups
    error_message = "Conservative scale-down."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.maintenance_window_auto_upgrade[0].day_of_week == "Sunday" && azurerm_kubernetes_cluster.this.maintenance_window_auto_upgrade[0].start_time == "03:00" && azurerm_kubernetes_cluster.this.maintenance_window_auto_upgrade[0].duration == 4 && azurerm_kubernetes_cluster.this.maintenance_window_node_os[0].utc_offset == "+00:00" && azurerm_kubernetes_cluster.this.maintenance_window[0].allowed != null
    error_message = "Upgrades in the window."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.automatic_upgrade_channel == "patch" && azurerm_kubernetes_cluster.this.node_os_upgrade_channel == "NodeImage" && azurerm_kubernetes_cluster.this.sku_tier == "Standard" && azurerm_kubernetes_cluster.this.azure_policy_enabled && azurerm_kubernetes_cluster.this.image_cleaner_enabled && azurerm_kubernetes_cluster.this.key_vault_secrets_provider[0].secret_rotation_enabled
    error_message = "Patches by themselves, and the add-ons."
  }

  assert {
    condition     = length(azurerm_management_lock.cluster) == 1 && azurerm_management_lock.cluster[0].lock_level == "CanNotDelete"
    error_message = "Azure itself refuses to delete the cluster."
  }
}

run "dev" {
  command = plan

  variables {
    environment         = "dev"
    autoscaler_profile  = "aggressive"
    deletion_protection = false
    control_plane_logs  = { types = ["audit"], retention_days = 14 }
    node_pools = {
      general = { machine_type = "Standard_D2ds_v5", min_size = 1, max_size = 2, spot = true, disk_gb = 50, labels = {}, taints = [], zones = ["1", "2", "3"] }
    }
    cloud = {
      operator_cidrs     = ["198.51.100.0/24"]
      sku_tier           = "Free"
      audit_reads        = false
      key_retention_days = 7
      system_pool        = { machine_type = "Standard_D2ds_v5", min_size = 1, max_size = 3, disk_gb = 50 }
    }
  }

  assert {
    condition     = { for key, pool in azurerm_kubernetes_cluster_node_pool.this : key => "${pool.min_count}-${pool.max_count}" } == { "general/1" = "1-1", "general/2" = "0-1" }
    error_message = "Zones without a share have no pool."
  }

  assert {
    condition     = alltrue([for pool in azurerm_kubernetes_cluster_node_pool.this : pool.priority == "Spot" && pool.eviction_policy == "Delete" && pool.spot_max_price == -1 && contains(pool.node_taints, "kubernetes.azure.com/scalesetpriority=spot:NoSchedule") && pool.node_labels["kubernetes.azure.com/scalesetpriority"] == "spot" && length(pool.upgrade_settings) == 0])
    error_message = "Spot nodes, tainted as AKS does it, without a surge that Azure refuses."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.auto_scaler_profile[0].scale_down_unneeded == "5m" && azurerm_kubernetes_cluster.this.auto_scaler_profile[0].skip_nodes_with_local_storage == false
    error_message = "Aggressive scale-down."
  }

  assert {
    condition     = length(azurerm_management_lock.cluster) == 0
    error_message = "No lock."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.sku_tier == "Free" && length(azurerm_kubernetes_cluster_node_pool.system) == 0 && azurerm_kubernetes_cluster.this.default_node_pool[0].max_count == 3 && !azurerm_kubernetes_cluster.this.default_node_pool[0].only_critical_addons_enabled
    error_message = "A free control plane and one system pool, which takes ordinary pods because spot nodes do not."
  }

  assert {
    condition     = toset([for log in azurerm_monitor_diagnostic_setting.control_plane[0].enabled_log : log.category]) == toset(["kube-audit-admin"]) && azurerm_log_analytics_workspace.this.retention_in_days == 30
    error_message = "Only changes are audited; a workspace keeps no less than 30 days."
  }

  assert {
    condition     = azurerm_key_vault.this[0].soft_delete_retention_days == 7
    error_message = "Deleted keys go soon."
  }
}

run "public_endpoint" {
  command = plan

  variables {
    endpoint = { public = true, allowed_cidrs = ["203.0.113.0/24"] }
  }

  assert {
    condition     = !azurerm_kubernetes_cluster.this.private_cluster_enabled && azurerm_kubernetes_cluster.this.api_server_access_profile[0].authorized_ip_ranges == toset(["203.0.113.0/24"]) && azurerm_kubernetes_cluster.this.dns_prefix == "demo" && length(azurerm_private_dns_zone.api_server) == 0
    error_message = "Public for the ranges asked for."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.api_server_access_profile[0].virtual_network_integration_enabled
    error_message = "And still private inside the VNet."
  }

  assert {
    condition     = azurerm_key_vault.this[0].network_acls[0].default_action == "Deny" && azurerm_key_vault.this[0].network_acls[0].ip_rules == toset(["198.51.100.0/24", "203.0.113.0/24"])
    error_message = "The same ranges reach the key vault, and nobody else."
  }
}

run "private_link_api_server" {
  command = plan

  variables {
    cloud = { api_server_vnet_integration = false, operator_cidrs = ["203.0.113.0/24"] }
  }

  expect_failures = [check.vault_firewall]

  assert {
    condition     = azurerm_kubernetes_cluster.this.api_server_access_profile[0].virtual_network_integration_enabled == false && azurerm_kubernetes_cluster.this.api_server_access_profile[0].subnet_id == null && azurerm_kubernetes_cluster.this.key_management_service[0].key_vault_network_access == "Public"
    error_message = "By Private Link, Secrets' key is asked from outside."
  }

  assert {
    condition     = azurerm_key_vault.this[0].network_acls[0].default_action == "Allow" && !contains(keys(azurerm_role_assignment.control_plane), "vault")
    error_message = "So the vault has to answer."
  }
}

run "closed_vault" {
  command = plan

  variables {
    cloud = { operator_cidrs = ["203.0.113.7/32", "10.0.0.0/8"], operator_ids = ["bbbbbbbb-0000-4000-8000-000000000001"], key_vault_sku = "premium" }
  }

  assert {
    condition     = azurerm_key_vault.this[0].network_acls[0].default_action == "Deny" && azurerm_key_vault.this[0].network_acls[0].ip_rules == toset(["203.0.113.7/32"])
    error_message = "Public ranges only: a vault's firewall refuses private ones."
  }

  assert {
    condition     = azurerm_role_assignment.key_operators["bbbbbbbb-0000-4000-8000-000000000001"].principal_id == "bbbbbbbb-0000-4000-8000-000000000001" && azurerm_key_vault_key.secrets[0].key_type == "RSA-HSM"
    error_message = "Named operators, keys in an HSM."
  }
}

run "open_vault" {
  command = plan

  variables {
    cloud = {}
  }

  # Open to Entra tokens until somebody says where Terraform runs, and the plan says so.
  expect_failures = [check.vault_firewall]
}

run "without_encryption" {
  command = plan

  variables {
    secrets_encryption = false
  }

  assert {
    condition     = length(azurerm_key_vault.this) + length(azurerm_key_vault_key.secrets) + length(azurerm_private_endpoint.vault) + length(time_sleep.key_operators) == 0 && length(azurerm_kubernetes_cluster.this.key_management_service) == 0 && output.secrets_key_id == ""
    error_message = "No key, no vault."
  }
}

run "disk_encryption" {
  command = plan

  variables {
    secrets_encryption = false
    cloud              = { disk_encryption = true, operator_cidrs = ["198.51.100.0/24"] }
  }

  assert {
    condition     = length(azurerm_disk_encryption_set.this) == 1 && azurerm_disk_encryption_set.this[0].encryption_type == "EncryptionAtRestWithPlatformAndCustomerKeys" && azurerm_disk_encryption_set.this[0].auto_key_rotation_enabled && length(azurerm_key_vault_key.disks) == 1 && length(azurerm_key_vault_key.secrets) == 0
    error_message = "Disks under a key of their own, whatever Secrets are."
  }

  assert {
    condition     = azurerm_role_assignment.disk_key[0].role_definition_name == "Key Vault Crypto Service Encryption User" && azurerm_role_assignment.disk_reader[0].role_definition_name == "Reader"
    error_message = "With the rights for it."
  }
}

run "add_ons" {
  command = plan

  variables {
    cloud = {
      operator_cidrs = ["198.51.100.0/24"]
      defender       = true, container_insights = true, advanced_networking = true, azure_policy = false, secrets_store = false, upgrade_channel = "none",
      os_disk_type   = "Ephemeral", os_sku = "Ubuntu", long_term_support = true, sku_tier = "Premium"
      registry_ids   = { images = "/subscriptions/s/resourceGroups/r/providers/Microsoft.ContainerRegistry/registries/images" }
    }
  }

  assert {
    condition     = length(azurerm_kubernetes_cluster.this.microsoft_defender) == 1 && length(azurerm_kubernetes_cluster.this.oms_agent) == 1 && azurerm_kubernetes_cluster.this.network_profile[0].advanced_networking[0].security_enabled && !azurerm_kubernetes_cluster.this.azure_policy_enabled && length(azurerm_kubernetes_cluster.this.key_vault_secrets_provider) == 0
    error_message = "Add-ons on and off as asked."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.support_plan == "AKSLongTermSupport" && azurerm_kubernetes_cluster.this.sku_tier == "Premium" && azurerm_kubernetes_cluster.this.automatic_upgrade_channel == null && azurerm_role_assignment.registry["images"].role_definition_name == "AcrPull"
    error_message = "Support, channel, registry."
  }

  assert {
    condition     = alltrue([for pool in azurerm_kubernetes_cluster_node_pool.this : pool.os_disk_type == "Ephemeral" && pool.os_sku == "Ubuntu"])
    error_message = "Nodes as asked."
  }
}

run "long_retention" {
  command = plan

  variables {
    control_plane_logs = { types = ["audit"], retention_days = 800 }
  }

  assert {
    condition     = azurerm_log_analytics_workspace.this.retention_in_days == 730 && alltrue([for table in azurerm_log_analytics_workspace_table.archived : table.total_retention_in_days == 1095])
    error_message = "Beyond two years the archive keeps them, by its next step."
  }
}

run "no_logs" {
  command = plan

  variables {
    control_plane_logs = { types = [], retention_days = 30 }
  }

  assert {
    condition     = length(azurerm_monitor_diagnostic_setting.control_plane) == 0 && length(azurerm_monitor_diagnostic_setting.vault) == 1
    error_message = "Only what was asked for; key use is always logged."
  }
}
