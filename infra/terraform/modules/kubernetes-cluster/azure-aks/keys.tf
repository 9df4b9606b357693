# A vault with the cluster's keys: one for Kubernetes Secrets in etcd, one for disks when asked. Keys do not expire: an expired
# key stops the API server. A new key version is a change of the plan, made on purpose.

locals {
  vault_needed = var.secrets_encryption || var.cloud.disk_encryption

  # Vaults share one name space with the whole world: 11 letters of the name, 12 of a hash of who and where.
  vault_name = "${substr(replace(var.name, "-", ""), 0, 11)}-${substr(sha256("${data.azurerm_client_config.current.subscription_id}/${var.region}/${var.name}"), 0, 12)}"
  operator_cidrs = local.whole_internet ? [] : [
    for cidr in setunion(var.cloud.operator_cidrs, var.endpoint.allowed_cidrs) : cidr
    if !can(regex("^(10\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.)", cidr)) # a vault's firewall refuses private ranges
  ]

  # Without VNet integration the API server itself comes to the vault from outside.
  vault_closed   = length(local.operator_cidrs) > 0 && (var.cloud.api_server_vnet_integration || !var.secrets_encryption)
  vault_endpoint = local.vault_needed && contains(local.private_endpoints, "secrets")
}

resource "azurerm_key_vault" "this" {
  #checkov:skip=CKV_AZURE_109: Terraform makes keys through the vault's own address; cloud.operator_cidrs closes it to all others
  #checkov:skip=CKV_AZURE_189: as above; keys are guarded by Entra roles, and every use is logged
  #checkov:skip=CKV2_AZURE_32: has a private endpoint where private_endpoints asks for secrets
  count = local.vault_needed ? 1 : 0

  name                       = local.vault_name
  resource_group_name        = local.resource_group
  location                   = var.region
  tenant_id                  = local.tenant_id
  sku_name                   = var.cloud.key_vault_sku
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  soft_delete_retention_days = var.cloud.key_retention_days
  tags                       = local.tags

  network_acls {
    default_action = local.vault_closed ? "Deny" : "Allow"
    bypass         = "AzureServices"
    ip_rules       = local.operator_cidrs
  }
}

resource "azurerm_role_assignment" "key_operators" {
  for_each = local.vault_needed ? local.operator_principals : {}

  name                 = uuidv5("url", "${azurerm_key_vault.this[0].id}/Key Vault Crypto Officer/${each.value}")
  scope                = azurerm_key_vault.this[0].id
  role_definition_name = "Key Vault Crypto Officer"
  principal_id         = each.value
}

resource "time_sleep" "key_operators" {
  count = local.vault_needed ? 1 : 0

  create_duration = var.cloud.role_propagation

  depends_on = [azurerm_role_assignment.key_operators]
}

resource "azurerm_key_vault_key" "secrets" {
  #checkov:skip=CKV_AZURE_40: an expired key stops the API server; rotation is a new version on purpose
  #checkov:skip=CKV_AZURE_112: HSM-backed with cloud.key_vault_sku premium
  count = var.secrets_encryption ? 1 : 0

  name         = "kubernetes-secrets"
  key_vault_id = azurerm_key_vault.this[0].id
  key_type     = var.cloud.key_vault_sku == "premium" ? "RSA-HSM" : "RSA"
  key_size     = 3072
  key_opts     = ["decrypt", "encrypt"]
  tags         = local.tags

  depends_on = [time_sleep.key_operators]
}

resource "azurerm_key_vault_key" "disks" {
  #checkov:skip=CKV_AZURE_40: an expired key stops every node; rotation is a new version on purpose
  #checkov:skip=CKV_AZURE_112: HSM-backed with cloud.key_vault_sku premium
  count = var.cloud.disk_encryption ? 1 : 0

  name         = "disks"
  key_vault_id = azurerm_key_vault.this[0].id
  key_type     = var.cloud.key_vault_sku == "premium" ? "RSA-HSM" : "RSA"
  key_size     = 3072
  key_opts     = ["unwrapKey", "wrapKey"]
  tags         = local.tags

  depends_on = [time_sleep.key_operators]
}

resource "azurerm_user_assigned_identity" "disks" {
  count = var.cloud.disk_encryption ? 1 : 0

  name                = "${var.name}-disks"
  resource_group_name = local.resource_group
  location            = var.region
  tags                = local.tags
}

resource "azurerm_role_assignment" "disk_key" {
  count = var.cloud.disk_encryption ? 1 : 0

  name                 = uuidv5("url", "${azurerm_key_vault.this[0].id}/Key Vault Crypto Service Encryption User/${azurerm_user_assigned_identity.disks[0].principal_id}")
  scope                = azurerm_key_vault.this[0].id
  role_definition_name = "Key Vault Crypto Service Encryption User"
  principal_id         = azurerm_user_assigned_identity.disks[0].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_disk_encryption_set" "this" {
  count = var.cloud.disk_encryption ? 1 : 0

  name                      = "${var.name}-disks"
  resource_group_name       = local.resource_group
  location                  = var.region
  key_vault_key_id          = azurerm_key_vault_key.disks[0].versionless_id
  encryption_type           = "EncryptionAtRestWithPlatformAndCustomerKeys"
  auto_key_rotation_enabled = true
  tags                      = local.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.disks[0].id]
  }

  depends_on = [time_sleep.roles]
}

resource "azurerm_role_assignment" "disk_reader" {
  count = var.cloud.disk_encryption ? 1 : 0

  name                 = uuidv5("url", "${azurerm_disk_encryption_set.this[0].id}/Reader/${azurerm_user_assigned_identity.control_plane.principal_id}")
  scope                = azurerm_disk_encryption_set.this[0].id
  role_definition_name = "Reader"
  principal_id         = azurerm_user_assigned_identity.control_plane.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_private_endpoint" "vault" {
  count = local.vault_endpoint ? 1 : 0

  name                          = "${var.name}-vault"
  resource_group_name           = local.resource_group
  location                      = var.region
  subnet_id                     = var.network.cloud["endpoint_subnet_id"]
  custom_network_interface_name = "${var.name}-vault-nic"
  tags                          = local.tags

  private_service_connection {
    name                           = "vault"
    private_connection_resource_id = azurerm_key_vault.this[0].id
    subresource_names              = ["vault"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [var.network.cloud["vault_dns_zone_id"]]
  }
}

# Not an error: without ranges the vault still wants an Entra token with a role on it. But a reader of the plan should see it.
check "vault_firewall" {
  assert {
    condition     = !local.vault_needed || local.vault_closed
    error_message = "The key vault answers any address (with an Entra token only). Set cloud.operator_cidrs to the ranges that Terraform runs from to close it."
  }
}
