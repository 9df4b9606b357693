# What the network layer makes, and how dev and prod differ. Runs on the simulator: `make test-terraform` or, for this module,
# `terraform test` with the simulator's environment.

provider "azurerm" {
  features {}
}

variables {
  name              = "demo"
  environment       = "prod"
  region            = "westeurope"
  tags              = { team = "shop", managed-by = "somebody" }
  cidr              = "10.20.0.0/16"
  pod_cidr          = "10.128.0.0/14"
  service_cidr      = "172.20.0.0/16"
  zones             = ["1", "2", "3"]
  nat_mode          = "zone"
  private_endpoints = ["storage", "registry", "secrets", "logs"]
  flow_logs         = { enabled = true, retention_days = 365 }
}

run "prod" {
  command = plan

  assert {
    condition     = azurerm_resource_group.this.name == "hera-demo" && azurerm_virtual_network.this.name == "demo-vnet"
    error_message = "Names derive from the cluster's name."
  }

  assert {
    condition = alltrue([for tags in [azurerm_resource_group.this.tags, azurerm_virtual_network.this.tags, azurerm_nat_gateway.this["1"].tags, azurerm_storage_account.flow_logs[0].tags] :
    tags["hera-cluster"] == "demo" && tags["hera-environment"] == "prod" && tags["hera-stage"] == "network" && tags["managed-by"] == "hera" && tags["team"] == "shop"])
    error_message = "Every resource carries the ownership tags, which win over the user's."
  }

  assert {
    condition     = { for zone, subnet in azurerm_subnet.private : zone => one(subnet.address_prefixes) } == { "1" = "10.20.0.0/18", "2" = "10.20.64.0/18", "3" = "10.20.128.0/18" }
    error_message = "Each zone's nodes have a quarter of the range."
  }

  assert {
    condition     = one(azurerm_subnet.public.address_prefixes) == "10.20.192.0/20" && one(azurerm_subnet.endpoints.address_prefixes) == "10.20.208.0/20" && one(azurerm_subnet.api_server.address_prefixes) == "10.20.224.0/20"
    error_message = "The last quarter holds public, endpoint and API server subnets."
  }

  assert {
    condition     = toset(keys(azurerm_nat_gateway.this)) == toset(["1", "2", "3"]) && alltrue([for zone, gateway in azurerm_nat_gateway.this : one(gateway.zones) == zone]) && alltrue([for zone, address in azurerm_public_ip.nat : one(address.zones) == zone && address.sku == "Standard"])
    error_message = "A zonal NAT gateway and address in each zone."
  }

  assert {
    condition     = alltrue([for subnet in azurerm_subnet.private : subnet.default_outbound_access_enabled == false && subnet.private_endpoint_network_policies == "Enabled"])
    error_message = "Nothing leaves but through NAT, and security groups hold for endpoints."
  }

  assert {
    condition     = alltrue([for subnet in azurerm_subnet.private : toset(subnet.service_endpoints) == toset(["Microsoft.Storage", "Microsoft.ContainerRegistry", "Microsoft.KeyVault"])])
    error_message = "Services without a target are reached by service endpoint."
  }

  assert {
    condition     = azurerm_subnet.api_server.delegation[0].service_delegation[0].name == "Microsoft.ContainerService/managedClusters"
    error_message = "The API server's subnet is delegated to AKS."
  }

  assert {
    condition     = azurerm_virtual_network.this.encryption[0].enforcement == "AllowUnencrypted"
    error_message = "The VNet encrypts traffic."
  }

  assert {
    condition = toset(keys(azurerm_private_dns_zone.this)) == toset([
      "privatelink.agentsvc.azure-automation.net", "privatelink.blob.core.windows.net", "privatelink.monitor.azure.com",
    "privatelink.ods.opinsights.azure.com", "privatelink.oms.opinsights.azure.com", "privatelink.vaultcore.azure.net"])
    error_message = "A private zone for each service with a target."
  }

  assert {
    condition     = toset(keys(azurerm_private_endpoint.this)) == toset(["flow-logs"]) && length(azurerm_private_endpoint.monitor) == 1 && azurerm_monitor_private_link_scope.this[0].ingestion_access_mode == "PrivateOnly"
    error_message = "Private Link for the flow logs' account and for Azure Monitor."
  }

  assert {
    condition     = azurerm_network_watcher_flow_log.this[0].retention_policy[0].days == 365 && azurerm_network_watcher_flow_log.this[0].retention_policy[0].enabled && azurerm_network_watcher_flow_log.this[0].traffic_analytics[0].enabled
    error_message = "Flow logs for a year, analysed."
  }

  assert {
    condition     = azurerm_network_watcher_flow_log.this[0].network_watcher_name == "NetworkWatcher_westeurope" && azurerm_network_watcher_flow_log.this[0].resource_group_name == "NetworkWatcherRG"
    error_message = "The region's own network watcher, of which there is one."
  }

  assert {
    condition     = azurerm_log_analytics_workspace.flow_logs[0].retention_in_days == 365 && azurerm_log_analytics_workspace.flow_logs[0].local_authentication_enabled == false
    error_message = "The workspace keeps as long, and takes no keys."
  }

  assert {
    condition     = azurerm_storage_account.flow_logs[0].network_rules[0].default_action == "Deny" && azurerm_storage_account.flow_logs[0].min_tls_version == "TLS1_2" && azurerm_storage_account.flow_logs[0].account_replication_type == "ZRS" && !azurerm_storage_account.flow_logs[0].allow_nested_items_to_be_public
    error_message = "Flow records are closed in."
  }

  assert {
    condition     = length(azurerm_storage_account.flow_logs[0].name) <= 24 && can(regex("^[a-z0-9]+$", azurerm_storage_account.flow_logs[0].name))
    error_message = "A storage account's name is short and plain."
  }

  assert {
    condition     = length(azurerm_network_security_group.this["private"].security_rule) == 0 && length(azurerm_network_security_group.this["endpoints"].security_rule) == 2
    error_message = "Nothing from the internet unless asked."
  }

  assert {
    condition     = length(azurerm_subnet_network_security_group_association.private) == 3 && length(azurerm_subnet_network_security_group_association.others) == 3
    error_message = "Every subnet has a security group."
  }
}

run "dev" {
  command = plan

  variables {
    environment = "dev"
    nat_mode    = "single"
    flow_logs   = { enabled = true, retention_days = 14 }
    cloud       = { flow_log_replication = "LRS", analytics_minutes = 60 }
  }

  assert {
    condition     = keys(azurerm_nat_gateway.this) == ["1"] && keys(azurerm_subnet_nat_gateway_association.private) == ["1", "2", "3"]
    error_message = "One NAT gateway for all zones."
  }

  assert {
    condition     = azurerm_network_watcher_flow_log.this[0].retention_policy[0].days == 14 && azurerm_log_analytics_workspace.flow_logs[0].retention_in_days == 30 && azurerm_network_watcher_flow_log.this[0].traffic_analytics[0].interval_in_minutes == 60
    error_message = "Two weeks of records; a workspace keeps no less than 30 days."
  }

  assert {
    condition     = azurerm_storage_account.flow_logs[0].account_replication_type == "LRS" && azurerm_resource_group.this.tags["hera-environment"] == "dev"
    error_message = "Cheaper copies."
  }
}

run "long_retention" {
  command = plan

  variables {
    flow_logs = { enabled = true, retention_days = 1000 }
  }

  assert {
    condition     = azurerm_network_watcher_flow_log.this[0].retention_policy[0].enabled == false && azurerm_storage_management_policy.flow_logs[0].rule[0].actions[0].base_blob[0].delete_after_days_since_modification_greater_than == 1000
    error_message = "More than a year is kept by lifecycle rule."
  }

  assert {
    condition     = azurerm_log_analytics_workspace.flow_logs[0].retention_in_days == 730
    error_message = "The workspace keeps as long as it can."
  }
}

run "without_endpoints_and_flow_logs" {
  command = plan

  variables {
    private_endpoints = []
    flow_logs         = { enabled = false, retention_days = 30 }
    cloud             = { encryption = false }
  }

  assert {
    condition     = length(azurerm_private_dns_zone.this) + length(azurerm_private_endpoint.this) + length(azurerm_private_endpoint.monitor) + length(azurerm_monitor_private_link_scope.this) == 0
    error_message = "No endpoint is made that nobody asked for."
  }

  assert {
    condition     = length(azurerm_storage_account.flow_logs) + length(azurerm_network_watcher_flow_log.this) + length(azurerm_log_analytics_workspace.flow_logs) == 0
    error_message = "No flow logs, no account and no workspace."
  }

  assert {
    condition     = alltrue([for subnet in azurerm_subnet.private : length(coalesce(subnet.service_endpoints, [])) == 0]) && length(azurerm_virtual_network.this.encryption) == 0
    error_message = "No service endpoints, no encryption."
  }
}

run "only_logs" {
  command = plan

  variables {
    private_endpoints = ["logs"]
  }

  assert {
    condition     = length(azurerm_private_endpoint.this) == 0 && length(azurerm_private_endpoint.monitor) == 1 && length(azurerm_monitor_private_link_scoped_service.flow_logs) == 1
    error_message = "Each service by itself."
  }

  assert {
    condition     = azurerm_log_analytics_workspace.flow_logs[0].internet_ingestion_enabled == false
    error_message = "With a private way there is no other for ingestion."
  }
}

run "asked_for" {
  command = plan

  variables {
    cloud = {
      public_ingress_ports = [443]
      public_ingress_cidrs = ["203.0.113.0/24"]
      dns_servers          = ["10.20.200.4"]
      private_links        = { images = { service = "registry", resource_id = "/subscriptions/s/resourceGroups/r/providers/Microsoft.ContainerRegistry/registries/images" } }
    }
  }

  assert {
    condition     = one(azurerm_network_security_group.this["private"].security_rule).source_address_prefixes == toset(["203.0.113.0/24"]) && one(azurerm_network_security_group.this["public"].security_rule).destination_port_ranges == toset(["443"])
    error_message = "Public ingress for whom and what was asked."
  }

  assert {
    condition     = azurerm_private_endpoint.this["images"].private_service_connection[0].subresource_names == tolist(["registry"]) && contains(keys(azurerm_private_dns_zone.this), "privatelink.azurecr.io")
    error_message = "Private Link for the user's registry, with its zone."
  }

  assert {
    condition     = azurerm_virtual_network.this.dns_servers == tolist(["10.20.200.4"])
    error_message = "The user's resolvers."
  }
}

run "subnets_stay_where_they_are" {
  command = plan

  variables {
    zones = ["3", "1"]
  }

  assert {
    condition     = one(azurerm_subnet.private["3"].address_prefixes) == "10.20.128.0/18" && one(azurerm_subnet.private["1"].address_prefixes) == "10.20.0.0/18"
    error_message = "A zone's range depends on its number alone."
  }
}

run "applied" {
  command = apply

  assert {
    condition     = toset(keys(output.private_subnet_ids)) == toset(["1", "2", "3"]) && length(distinct(values(output.private_subnet_ids))) == 3
    error_message = "A subnet for each zone."
  }

  assert {
    condition     = length(distinct(values(output.public_subnet_ids))) == 1 && toset(keys(output.public_subnet_ids)) == toset(["1", "2", "3"])
    error_message = "All zones share the public subnet."
  }

  assert {
    condition     = length(output.nat_public_ips) == 3 && alltrue([for address in output.nat_public_ips : can(cidrhost("${address}/32", 0))])
    error_message = "An address of each NAT gateway."
  }

  assert {
    condition     = output.cloud["private_endpoints"] == "logs,registry,secrets,storage" && output.cloud["resource_group"] == "hera-demo" && output.cloud["vault_dns_zone_id"] != "" && output.cloud["monitor_scope"] == "demo-monitor"
    error_message = "What the cluster layer asks for."
  }

  assert {
    condition     = output.cidr == "10.20.0.0/16" && output.network_name == "demo-vnet" && endswith(output.network_id, "/virtualNetworks/demo-vnet")
    error_message = "The contract's outputs."
  }
}

# From one NAT gateway a zone to one, and back: subnets stay.
run "to_single_nat" {
  command = apply

  variables {
    nat_mode = "single"
  }

  assert {
    condition     = length(output.nat_public_ips) == 1 && output.network_id == run.applied.network_id && output.private_subnet_ids == run.applied.private_subnet_ids
    error_message = "Only gateways change."
  }
}
