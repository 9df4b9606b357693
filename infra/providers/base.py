"""What a cloud is to Hera: the contract of a provider folder, version `v1`.

| Rule | Mandatory | Note |
|---|---|---|
| The folder's `__init__` offers `PROVIDER: Provider` | yes | found by `infra.providers.get`; nothing else lists clouds |
| Importing the folder imports no SDK and takes under 10 ms | yes | SDKs come in where they are used, and live in an extra |
| Facts are data (regions, versions, error texts, prices, security rules) | yes | data files beside the code |
| Every refusal is a `Problem` or an error of `infra.errors` | yes | the cloud's own text goes to `detail` |
| The suite in tests/contract/test_providers.py passes | yes | |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from infra.errors import HeraError, Problem
from infra.locations import StateLocation as StateLocation
from infra.locations import state_key as state_key
from infra.objects import ObjectStore
from infra.spec.model import Cluster

CONTRACT = "v1"
OWNER_TAG = "hera-cluster"
"""The tag or label that says which cluster a cloud object belongs to; the modules set it."""


@dataclass(frozen=True)
class Identity:
    """Who the credentials belong to, for showing."""

    account: str
    principal: str


@dataclass(frozen=True)
class CloudObject:
    """Something a cloud holds, found by its ownership tag."""

    type: str
    id: str
    name: str = ""


@dataclass(frozen=True)
class ErrorPattern:
    """A cloud's (or its Terraform provider's) error text and what it means to Hera."""

    pattern: str
    """Regular expression, searched case-insensitively in the whole text."""
    error: type[HeraError]
    next_step: str = ""


@dataclass(frozen=True)
class SecurityRule:
    """A change that a reviewer looks at first."""

    type: str
    """Resource type, `fnmatch` pattern."""
    reason: str
    attribute: str = ""
    """Dotted path inside the planned values (list steps are searched through); empty: any change of the type."""
    values: tuple[str, ...] = ()
    """Only when the attribute then holds one of these (compared as JSON text without quotes); empty: whenever it changes on an
    object that is there already."""


class Provider(Protocol):
    """One cloud."""

    contract: str
    """Version of this contract that the provider was written for: `v1`."""
    name: str
    """The word in the spec's `cloud` field and the name of the folder."""
    title: str
    options: type[BaseModel]
    """Model of the spec's `cloudOptions`; refuses unknown fields; every field has a default or is checked in `check`."""
    state_schemes: tuple[str, ...]
    """URL schemes of `StateLocation` that this provider serves."""
    error_patterns: Sequence[ErrorPattern]
    security_rules: Sequence[SecurityRule]

    def regions(self) -> Mapping[str, tuple[str, ...]]:
        """Return every region with its zones, in the words of the spec and of Terraform."""
        ...

    def kubernetes_versions(self) -> tuple[str, ...]:
        """Return the supported versions, newest first; the first is the default."""
        ...

    def machine_type(self, environment: str) -> str:
        """Return the default machine type of an environment."""
        ...

    def check(self, cluster: Cluster) -> list[Problem]:
        """Return what this cloud would refuse: names, range sizes for zones and pools, machine types' form, tags.

        Paths are those of the YAML file (`spec.network.cidr`); `file` and `line` are filled in by the caller. Region, zones and
        version are checked by the caller from `regions` and `kubernetes_versions`.
        """
        ...

    def module(self, stage: str) -> Path:
        """Return the folder of the stage's Terraform module."""
        ...

    def required_providers(self) -> Mapping[str, Mapping[str, str]]:
        """Return terraform's `required_providers` for the root that composes the modules."""
        ...

    def provider_blocks(self, cluster: Cluster) -> Mapping[str, Any]:
        """Return terraform's `provider` blocks in JSON form: local name to arguments."""
        ...

    def cloud_variables(self, stage: str, cluster: Cluster) -> dict[str, Any]:
        """Return the module's `cloud` object for a stage."""
        ...

    def protected_addresses(self) -> tuple[str, ...]:
        """Return addresses inside the cluster module whose own deletion protection is lifted before a destroy."""
        ...

    def imports(self, cluster: Cluster | None = None) -> Mapping[str, str]:
        """Return how terraform imports each type that the modules make: type to import id, planned values as `{name}`.

        `{owned}` stands for the id of the owned object (see `inventory`) of that type with the planned `Name` tag or name. This
        is how objects are adopted that a killed run made and could not record. Types that overwrite themselves need no entry.
        """
        ...

    def backend(self, location: StateLocation, key: str) -> tuple[str, dict[str, Any]]:
        """Return terraform's backend type and its arguments for the state at `key`; no credentials in it."""
        ...

    def state_object(self, location: StateLocation, cluster: str, stage: str) -> str:
        """Return the key in `object_store` of the object that `backend` makes for a stage's state (its `key` is `state_key`)."""
        ...

    def artifact_repository(self, location: StateLocation, keys: str) -> Mapping[str, Any]:
        """Return Argo's `artifactRepository` in this store, with the pods' own identity; `keys` is the form of its objects' keys.

        `keys` names the whole key, the location's prefix included. No credentials in it.
        """
        ...

    def object_store(self, location: StateLocation) -> ObjectStore:
        """Return the store behind a location of one of `state_schemes`."""
        ...

    def create_state_store(self, location: StateLocation, region: str) -> list[str]:
        """Make the bucket (versioned, encrypted, private) unless it is there, repair its settings, say what was done."""
        ...

    def credentials(self, cluster: Cluster | None = None) -> Identity:
        """Ask the cloud who we are; raises `AuthDenied` saying what to type."""
        ...

    def kubeconfig(self, cluster: Cluster, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return a kubeconfig that gets tokens from the cloud's own command; no secret in it."""
        ...

    def inventory(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Return what the cloud holds with `OWNER_TAG` = `name` (or made by Kubernetes for it); `options` are `cloudOptions`."""
        ...

    def drain(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Remove what Kubernetes made in the cloud for the cluster (load balancers, volumes, …); return what was removed."""
        ...

    def prices(self) -> Mapping[str, Any]:
        """Return the offline price table (`prices.json`, its form is described in `infra.plans.cost`)."""
        ...

    def permissions(self) -> Path:
        """Return the policy file with the rights that this provider's modules and commands need."""
        ...
