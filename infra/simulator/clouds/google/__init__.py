"""Google Cloud: resource names and self links, the references it checks, the words it refuses with."""

from infra.simulator.clouds.google.provider import Google


def make(provider: str) -> Google:
    """Make the provider's special knowledge."""
    return Google(provider)
