terraform {
  required_version = ">= 1.11"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.55, < 5.0"
    }
    time = {
      source  = "hashicorp/time"
      version = ">= 0.12, < 1.0"
    }
  }

  # State is a local file until this is filled in; README.md says how.
  # backend "azurerm" {
  #   storage_account_name = "mystate"
  #   container_name       = "hera"
  #   key                  = "dev/terraform.tfstate"
  #   use_azuread_auth     = true
  # }
}

provider "azurerm" {
  subscription_id     = var.subscription_id
  storage_use_azuread = true

  features {
    # The group is the cluster's own, and Azure puts things into it that Terraform did not make (traffic analytics' rules):
    # they go with the group.
    resource_group {
      prevent_deletion_if_contains_resources = false
    }

    # No workspace that lingers for two weeks and holds its name.
    log_analytics_workspace {
      permanently_delete_on_destroy = true
    }

    # Vaults are protected from purging: a cluster of the same name gets its vault and keys back.
    key_vault {
      purge_soft_delete_on_destroy       = false
      purge_soft_deleted_keys_on_destroy = false
      recover_soft_deleted_key_vaults    = true
      recover_soft_deleted_keys          = true
    }

    # The flow logs' account is closed to this machine.
    storage {
      data_plane_available = false
    }
  }
}
