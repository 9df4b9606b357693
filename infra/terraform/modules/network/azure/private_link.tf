# Private Link for what has a target: the flow logs' account, Azure Monitor, and resources that the user names. The zone for
# Key Vault is made here and used by the cluster layer, whose vault does not exist yet.

locals {
  link_kinds = {
    storage  = { subresource = "blob", zone = "privatelink.blob.core.windows.net" }
    registry = { subresource = "registry", zone = "privatelink.azurecr.io" }
    secrets  = { subresource = "vault", zone = "privatelink.vaultcore.azure.net" }
  }

  # Azure Monitor's private link scope answers under all of these, or under none.
  monitor_zones = [
    "privatelink.monitor.azure.com",
    "privatelink.oms.opinsights.azure.com",
    "privatelink.ods.opinsights.azure.com",
    "privatelink.agentsvc.azure-automation.net",
    "privatelink.blob.core.windows.net",
  ]

  private_logs      = contains(var.private_endpoints, "logs")
  private_flow_logs = contains(var.private_endpoints, "storage") && var.flow_logs.enabled

  private_zones = toset(concat(
    local.private_logs ? local.monitor_zones : [],
    local.private_flow_logs ? [local.link_kinds.storage.zone] : [],
    contains(var.private_endpoints, "secrets") ? [local.link_kinds.secrets.zone] : [],
    [for link in values(var.cloud.private_links) : local.link_kinds[link.service].zone],
  ))

  links = merge(
    { for name, link in var.cloud.private_links : name => merge(local.link_kinds[link.service], { resource_id = link.resource_id }) },
    local.private_flow_logs ? { flow-logs = merge(local.link_kinds.storage, { resource_id = azurerm_storage_account.flow_logs[0].id }) } : {},
  )
}

resource "azurerm_private_dns_zone" "this" {
  for_each = local.private_zones

  name                = each.key
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  for_each = local.private_zones

  name                  = "${var.name}-${replace(each.key, ".", "-")}"
  resource_group_name   = azurerm_resource_group.this.name
  private_dns_zone_name = azurerm_private_dns_zone.this[each.key].name
  virtual_network_id    = azurerm_virtual_network.this.id
  registration_enabled  = false
  resolution_policy     = var.cloud.private_dns_resolution
  tags                  = local.tags
}

resource "azurerm_private_endpoint" "this" {
  for_each = local.links

  name                          = "${var.name}-${each.key}"
  resource_group_name           = azurerm_resource_group.this.name
  location                      = azurerm_resource_group.this.location
  subnet_id                     = azurerm_subnet.endpoints.id
  custom_network_interface_name = "${var.name}-${each.key}-nic"
  tags                          = local.tags

  private_service_connection {
    name                           = each.key
    private_connection_resource_id = each.value.resource_id
    subresource_names              = [each.value.subresource]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.this[each.value.zone].id]
  }
}

# Logs: one scope for the network. Ingestion from the VNet reaches only workspaces in the scope; people still query from outside.
resource "azurerm_monitor_private_link_scope" "this" {
  count = local.private_logs ? 1 : 0

  name                  = "${var.name}-monitor"
  resource_group_name   = azurerm_resource_group.this.name
  ingestion_access_mode = "PrivateOnly"
  query_access_mode     = "Open"
  tags                  = local.tags
}

resource "azurerm_private_endpoint" "monitor" {
  count = local.private_logs ? 1 : 0

  name                          = "${var.name}-monitor"
  resource_group_name           = azurerm_resource_group.this.name
  location                      = azurerm_resource_group.this.location
  subnet_id                     = azurerm_subnet.endpoints.id
  custom_network_interface_name = "${var.name}-monitor-nic"
  tags                          = local.tags

  private_service_connection {
    name                           = "monitor"
    private_connection_resource_id = azurerm_monitor_private_link_scope.this[0].id
    subresource_names              = ["azuremonitor"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [for zone in local.monitor_zones : azurerm_private_dns_zone.this[zone].id]
  }
}

resource "azurerm_monitor_private_link_scoped_service" "flow_logs" {
  count = local.private_logs && var.flow_logs.enabled ? 1 : 0

  name                = azurerm_log_analytics_workspace.flow_logs[0].name
  resource_group_name = azurerm_resource_group.this.name
  scope_name          = azurerm_monitor_private_link_scope.this[0].name
  linked_resource_id  = azurerm_log_analytics_workspace.flow_logs[0].id
}
