"""Microsoft Azure: AKS in a VNet and resource group of its own, states in a storage account."""

from infra.providers.azure.provider import Azure

PROVIDER = Azure()
