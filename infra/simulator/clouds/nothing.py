"""The null provider: triggers replace, nothing else happens."""

from infra.simulator.clouds.base import Cloud, Scope, Tables
from infra.simulator.values import ObjectValue


def make(provider: str) -> "Nothing":
    """Make the provider's special knowledge."""
    return Nothing(provider)


class Nothing(Cloud):
    """Resources that only carry triggers."""

    tables = Tables(replaces={"null_resource": ("triggers",)})

    def identify(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Give a number, as the real provider does."""
        import secrets

        return str(secrets.randbelow(9 * 10**18))
