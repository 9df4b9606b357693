# Log lines of applications and components: Fluent Bit hands them to a collection rule, which writes them to a table.

locals {
  log_stream = "Custom-HeraApplications_CL"
  log_columns = {
    TimeGenerated = "datetime"
    Namespace     = "string"
    Pod           = "string"
    Container     = "string"
    Message       = "string"
  }
}

resource "azurerm_log_analytics_workspace" "this" {
  name                         = "${var.name}-applications"
  resource_group_name          = local.resource_group
  location                     = var.region
  sku                          = "PerGB2018"
  retention_in_days            = max(var.logs.retention_days, 30)
  local_authentication_enabled = false
  tags                         = local.tags
}

resource "azurerm_log_analytics_workspace_table_custom_log" "this" {
  name              = trimprefix(local.log_stream, "Custom-")
  workspace_id      = azurerm_log_analytics_workspace.this.id
  retention_in_days = max(var.logs.retention_days, 30)

  dynamic "column" {
    for_each = local.log_columns

    content {
      name = column.key
      type = column.value == "datetime" ? "dateTime" : column.value
    }
  }
}

resource "azurerm_monitor_data_collection_endpoint" "this" {
  name                = "${var.name}-applications"
  resource_group_name = local.resource_group
  location            = var.region
  tags                = local.tags
}

resource "azurerm_monitor_data_collection_rule" "this" {
  name                        = "${var.name}-applications"
  resource_group_name         = local.resource_group
  location                    = var.region
  data_collection_endpoint_id = azurerm_monitor_data_collection_endpoint.this.id
  tags                        = local.tags

  destinations {
    log_analytics {
      name                  = "workspace"
      workspace_resource_id = azurerm_log_analytics_workspace.this.id
    }
  }

  stream_declaration {
    stream_name = local.log_stream

    dynamic "column" {
      for_each = local.log_columns

      content {
        name = column.key
        type = column.value
      }
    }
  }

  data_flow {
    streams       = [local.log_stream]
    destinations  = ["workspace"]
    output_stream = local.log_stream
    transform_kql = "source"
  }

  depends_on = [azurerm_log_analytics_workspace_table_custom_log.this]
}
