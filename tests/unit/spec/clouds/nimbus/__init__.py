"""Nimbus, a cloud that is a folder: each of its objects is a file in `$NIMBUS_HOME`, made by real terraform without a plugin.

It shows what a provider has to have, and stands for "any cloud" in tests that must not depend on a real one's facts.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from infra.errors import AuthDenied, Problem, QuotaExceeded, UsageError
from infra.objects import ObjectStore
from infra.providers.base import CloudObject, ErrorPattern, Identity, SecurityRule, StateLocation
from infra.spec.model import Cluster, Model

_HERE = Path(__file__).parent


class Options(Model):
    """What only Nimbus has."""

    altitude: int = Field(default=2000, ge=100, le=12000, description="Height of the cloud in metres.")


class Nimbus:
    """The provider."""

    contract = "v1"
    name = "nimbus"
    title = "Nimbus"
    options = Options
    state_schemes: tuple[str, ...] = ()
    error_patterns = (ErrorPattern(r"sky is full", QuotaExceeded),)
    security_rules = (SecurityRule("terraform_data", "the wall has a door", "input.public", ("true",)),)

    def regions(self) -> Mapping[str, tuple[str, ...]]:
        """Return two regions, one with fewer zones than most."""
        return {"north": ("north-1", "north-2", "north-3", "north-4"), "south": ("south-1", "south-2")}

    def kubernetes_versions(self) -> tuple[str, ...]:
        """Return the versions."""
        return ("1.34", "1.33", "1.32")

    def machine_type(self, environment: str) -> str:
        """Return the machine type."""
        return {"dev": "wisp"}.get(environment, "anvil")

    def check(self, cluster: Cluster) -> list[Problem]:
        """Refuse a range with fewer than 256 addresses a zone, and names that another cloud's tag form would break."""
        problems = []
        if ipaddress.ip_network(cluster.spec.network.cidr).num_addresses < 256 * len(cluster.spec.network.zones):
            accepted = f"256 addresses for each of {len(cluster.spec.network.zones)} zones"
            problems.append(Problem("spec.network.cidr", cluster.spec.network.cidr, accepted))
        if "--" in cluster.name:
            problems.append(Problem("metadata.name", cluster.name, "a name without two hyphens in a row"))
        return problems

    def module(self, stage: str) -> Path:
        """Return the module."""
        return _HERE / stage

    def required_providers(self) -> Mapping[str, Mapping[str, str]]:
        """Need no plugin: `terraform_data` is built in."""
        return {}

    def provider_blocks(self, cluster: Cluster) -> Mapping[str, Any]:
        """Need no provider block."""
        return {}

    def cloud_variables(self, stage: str, cluster: Cluster) -> dict[str, Any]:
        """Return the options and where the cloud is."""
        options = Options.model_validate(cluster.spec.cloud_options)
        return {"altitude": options.altitude, "home": str(_home())}

    def protected_addresses(self) -> tuple[str, ...]:
        """Have no protection of its own."""
        return ()

    def imports(self, cluster: Cluster | None = None) -> Mapping[str, str]:
        """Have nothing to adopt: terraform keeps its own data."""
        return {}

    def backend(self, location: StateLocation, key: str) -> tuple[str, dict[str, Any]]:
        """Serve no remote state."""
        raise UsageError(f"Nimbus stores no state; accepted: file://, not {location.scheme}://")

    def state_object(self, location: StateLocation, cluster: str, stage: str) -> str:
        """Serve no remote state."""
        raise UsageError(f"Nimbus stores no state; accepted: file://, not {location.scheme}://")

    def artifact_repository(self, location: StateLocation, keys: str) -> Mapping[str, Any]:
        """Serve no object store."""
        raise UsageError(f"Nimbus stores no artifacts; accepted: file://, not {location.scheme}://")

    def object_store(self, location: StateLocation) -> ObjectStore:
        """Serve no object store."""
        raise UsageError(f"Nimbus stores no state; accepted: file://, not {location.scheme}://")

    def create_state_store(self, location: StateLocation, region: str) -> list[str]:
        """Serve no object store."""
        raise UsageError(f"Nimbus stores no state; accepted: file://, not {location.scheme}://")

    def credentials(self, cluster: Cluster | None = None) -> Identity:
        """Accept whoever may write the folder."""
        if "NIMBUS_HOME" not in os.environ:
            raise AuthDenied("NIMBUS_HOME is not set", next_step="export NIMBUS_HOME=/some/folder")
        return Identity("sky", "pilot")

    def kubeconfig(self, cluster: Cluster, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return a kubeconfig with a command for tokens."""
        user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "nimbus", "args": ["token", cluster.name]}}
        where = {"server": outputs["endpoint"], "certificate-authority-data": outputs["ca_certificate"]}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": cluster.name, "cluster": where}],
            "users": [{"name": cluster.name, "user": user}],
            "contexts": [{"name": cluster.name, "context": {"cluster": cluster.name, "user": cluster.name}}],
            "current-context": cluster.name,
        }

    def inventory(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """List the cluster's files."""
        return [CloudObject("file", path.name) for path in sorted(_home().glob(f"{name}.*"))]

    def drain(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Have no Kubernetes that made anything."""
        return []

    def prices(self) -> Mapping[str, Any]:
        """Return a price list of one item."""
        item = {"type": "terraform_data", "label": "cloudlet", "monthly": 1.0}
        return {"date": "2026-11-01", "currency": "USD", "source": "made up", "excludes": [], "regions": {}, "items": [item]}

    def permissions(self) -> Path:
        """Return the policy file."""
        return _HERE / "permissions.json"


def _home() -> Path:
    return Path(os.environ.get("NIMBUS_HOME", "/nonexistent"))


PROVIDER = Nimbus()
