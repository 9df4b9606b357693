"""AWS: ids and ARNs as AWS makes them, the references it checks, the words it refuses with."""

from infra.simulator.clouds.aws.provider import Aws


def make(provider: str) -> Aws:
    """Make the provider's special knowledge."""
    return Aws(provider)
