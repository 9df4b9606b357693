"""What is particular to each provider, as data tables and small functions; everything else works from the schema."""

from importlib import import_module

from infra.simulator.clouds.base import Cloud

MODULES = {
    "aws": "infra.simulator.clouds.aws",
    "azurerm": "infra.simulator.clouds.azurerm",
    "azapi": "infra.simulator.clouds.azapi",
    "google": "infra.simulator.clouds.google",
    "google-beta": "infra.simulator.clouds.google",
    "tls": "infra.simulator.clouds.tls",
    "time": "infra.simulator.clouds.clock",
    "random": "infra.simulator.clouds.chance",
    "local": "infra.simulator.clouds.files",
    "cloudinit": "infra.simulator.clouds.cloudinit",
    "kubernetes": "infra.simulator.clouds.kubernetes",
    "helm": "infra.simulator.clouds.kubernetes",
    "http": "infra.simulator.clouds.kubernetes",
    "null": "infra.simulator.clouds.nothing",
}


def cloud_for(provider: str) -> Cloud:
    """Give the special knowledge of a provider, or the generic one."""
    name = MODULES.get(provider)
    if name is None:
        return Cloud(provider)
    made: Cloud = import_module(name).make(provider)
    return made
