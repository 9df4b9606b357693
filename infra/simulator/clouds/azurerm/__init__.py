"""Azure: resource ids as Resource Manager makes them, the references it checks, the words it refuses with."""

from infra.simulator.clouds.azurerm.provider import Azure


def make(provider: str) -> Azure:
    """Make the provider's special knowledge."""
    return Azure(provider)
