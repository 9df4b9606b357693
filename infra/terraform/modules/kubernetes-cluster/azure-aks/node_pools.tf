# One AKS pool for each pool and zone, so that a zone's nodes use the zone's subnet and NAT gateway, and the autoscaler can
# bring back nodes where a zonal disk is. A pool's sizes are shared evenly, earlier zones first.

locals {
  pool_zones = merge([
    for name, pool in var.node_pools : {
      for index, zone in pool.zones : "${name}/${zone}" => merge(pool, {
        pool = name
        zone = zone
        min  = floor(pool.min_size / length(pool.zones)) + (index < pool.min_size % length(pool.zones) ? 1 : 0)
        max  = floor(pool.max_size / length(pool.zones)) + (index < pool.max_size % length(pool.zones) ? 1 : 0)
      })
    }
  ]...)

  pools = { for key, pool in local.pool_zones : key => pool if pool.max > 0 }

  # A system pool is never empty: zones beyond the pool's smallest size go without.
  system_zones = slice(var.zones, 0, min(length(var.zones), var.cloud.system_pool.min_size))
  system_sizes = {
    for index, zone in local.system_zones : zone => {
      min = floor(var.cloud.system_pool.min_size / length(local.system_zones)) + (index < var.cloud.system_pool.min_size % length(local.system_zones) ? 1 : 0)
      max = floor(var.cloud.system_pool.max_size / length(local.system_zones)) + (index < var.cloud.system_pool.max_size % length(local.system_zones) ? 1 : 0)
    }
  }

  # Where every pool of the user's keeps ordinary pods away (AKS taints spot nodes), the system nodes take them.
  system_only = anytrue([for pool in values(var.node_pools) : !pool.spot && alltrue([for taint in pool.taints : taint.effect == "PreferNoSchedule"])])

  spot_label = "kubernetes.azure.com/scalesetpriority"
}

resource "azurerm_kubernetes_cluster_node_pool" "system" {
  #checkov:skip=CKV_AZURE_168: cloud.max_pods is 110 unless asked otherwise, and never below 30
  #checkov:skip=CKV_AZURE_227: cloud.host_encryption is on unless asked otherwise
  #checkov:skip=CKV_AZURE_226: ephemeral OS disks fit only some VM sizes; cloud.os_disk_type asks for them
  for_each = { for zone in slice(local.system_zones, 1, length(local.system_zones)) : zone => local.system_sizes[zone] }

  name                        = "system${each.key}"
  kubernetes_cluster_id       = azurerm_kubernetes_cluster.this.id
  mode                        = "System"
  vm_size                     = var.cloud.system_pool.machine_type
  orchestrator_version        = var.kubernetes_version
  vnet_subnet_id              = var.network.private_subnet_ids[each.key]
  zones                       = [each.key]
  auto_scaling_enabled        = true
  min_count                   = each.value.min
  max_count                   = each.value.max
  max_pods                    = var.cloud.max_pods
  os_sku                      = var.cloud.os_sku
  os_disk_type                = var.cloud.os_disk_type
  os_disk_size_gb             = var.cloud.system_pool.disk_gb
  host_encryption_enabled     = var.cloud.host_encryption
  fips_enabled                = var.cloud.fips
  node_public_ip_enabled      = false
  node_labels                 = { "hera.dev/pool" = "system" }
  node_taints                 = local.system_only ? ["CriticalAddonsOnly=true:NoSchedule"] : []
  temporary_name_for_rotation = "tsystem${each.key}"
  tags                        = local.tags

  upgrade_settings {
    max_surge                     = var.cloud.max_surge
    drain_timeout_in_minutes      = var.cloud.drain_minutes
    node_soak_duration_in_minutes = 0
  }

  lifecycle {
    ignore_changes = [node_count]
  }
}

resource "azurerm_kubernetes_cluster_node_pool" "this" {
  #checkov:skip=CKV_AZURE_168: cloud.max_pods is 110 unless asked otherwise, and never below 30
  #checkov:skip=CKV_AZURE_227: cloud.host_encryption is on unless asked otherwise
  #checkov:skip=CKV_AZURE_226: ephemeral OS disks fit only some VM sizes; cloud.os_disk_type asks for them
  for_each = local.pools

  name                        = "${each.value.pool}${each.value.zone}"
  kubernetes_cluster_id       = azurerm_kubernetes_cluster.this.id
  mode                        = "User"
  vm_size                     = each.value.machine_type
  orchestrator_version        = var.kubernetes_version
  vnet_subnet_id              = var.network.private_subnet_ids[each.value.zone]
  zones                       = [each.value.zone]
  auto_scaling_enabled        = true
  min_count                   = each.value.min
  max_count                   = each.value.max
  max_pods                    = var.cloud.max_pods
  os_sku                      = var.cloud.os_sku
  os_disk_type                = var.cloud.os_disk_type
  os_disk_size_gb             = each.value.disk_gb
  host_encryption_enabled     = var.cloud.host_encryption
  fips_enabled                = var.cloud.fips
  node_public_ip_enabled      = false
  priority                    = each.value.spot ? "Spot" : "Regular"
  eviction_policy             = each.value.spot ? var.cloud.spot_eviction_policy : null
  spot_max_price              = each.value.spot ? var.cloud.spot_max_price : null
  temporary_name_for_rotation = "t${substr(md5(each.key), 0, 10)}"
  tags                        = local.tags

  # AKS adds the spot label and taint itself; naming them keeps the next plan empty.
  node_labels = merge(each.value.labels, { "hera.dev/pool" = each.value.pool }, each.value.spot ? { (local.spot_label) = "spot" } : {})
  node_taints = concat(
    each.value.spot ? ["${local.spot_label}=spot:NoSchedule"] : [],
    [for taint in each.value.taints : "${taint.key}=${taint.value}:${taint.effect}"],
  )

  # Azure refuses a surge for spot nodes.
  dynamic "upgrade_settings" {
    for_each = each.value.spot ? [] : ["on"]

    content {
      max_surge                     = var.cloud.max_surge
      drain_timeout_in_minutes      = var.cloud.drain_minutes
      node_soak_duration_in_minutes = 0
    }
  }

  lifecycle {
    ignore_changes = [node_count]
  }
}
