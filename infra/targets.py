"""The two worlds terraform's calls can go to: a real cloud, or the simulator; everything above asks only this.

A target is chosen once per run and said in every result.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from infra.errors import CloudUnavailable
from infra.providers.base import OWNER_TAG, CloudObject, Identity, Provider

if TYPE_CHECKING:
    from infra.simulator.cloud import SimulatedObject


class Target(Protocol):
    """Where the cluster is made."""

    simulated: bool

    def environment(self) -> Mapping[str, str]:
        """Return what terraform's environment needs beyond ours."""
        ...

    def identity(self) -> Identity:
        """Return who we are there; raises `AuthDenied`."""
        ...

    def inventory(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Return what carries the cluster's ownership tag."""
        ...

    def drain(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Remove what Kubernetes made for the cluster; return what was removed."""
        ...


class CloudTarget:
    """A provider's real cloud."""

    simulated = False

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def environment(self) -> Mapping[str, str]:
        """Terraform finds credentials as its providers do; nothing is added."""
        return {}

    def identity(self) -> Identity:
        """Ask the cloud."""
        return self._provider.credentials()

    def inventory(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Ask the cloud's index of tags."""
        return self._provider.inventory(name, region, options)

    def drain(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Remove load balancers, volumes and the like."""
        return self._provider.drain(name, region, options)


class SimulatorTarget:
    """The simulated cloud in a folder, or behind the server that `HERA_SIMULATOR_URL` names."""

    simulated = True

    def __init__(self, home: Path) -> None:
        self._home = home

    def environment(self) -> Mapping[str, str]:
        """Point terraform at the simulator's plugins."""
        from infra.simulator.environment import environment

        return environment(self._home)

    def identity(self) -> Identity:
        """Anybody may."""
        return Identity("simulated", "nobody")

    def inventory(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """List what carries the cluster's tag, whatever its type."""
        return [CloudObject(item.type, item.id, _name(item)) for item in self._owned(name)]

    def drain(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Remove what was added outside terraform and says that Kubernetes owns it."""
        from infra.simulator.cloud import SimulatedCloud

        found = [item for item in self._owned(name) if item.tags.get(MADE_BY_KUBERNETES) == "owned"]
        for item in found:
            with _reached():
                SimulatedCloud(self._home).remove(item.id)
        return [CloudObject(item.type, item.id, _name(item)) for item in found]

    def _owned(self, name: str) -> list[SimulatedObject]:
        from infra.simulator.cloud import SimulatedCloud

        with _reached():
            return SimulatedCloud(self._home).objects(tags={OWNER_TAG: name})


def without_dummies(wanted: Mapping[str, str]) -> Mapping[str, str]:
    """Return a simulation's environment without made-up credentials, where the state's store needs the real ones.

    The simulator's plugins call nobody; terraform's backend does.
    """
    real = {name for name in wanted if name.startswith(("AWS_", "GOOGLE_")) or (name.startswith("ARM_") and name in os.environ)}
    return {name: value for name, value in wanted.items() if name not in real}


@contextmanager
def _reached() -> Iterator[None]:
    """Say in our words that the simulator's server is away."""
    from infra.simulator.errors import CloudError

    try:
        yield
    except CloudError as error:
        raise CloudUnavailable(error.summary) from error


MADE_BY_KUBERNETES = "kubernetes.io/created-for"
"""Tag by which the simulator's load balancers and volumes say that Kubernetes, not terraform, made them."""


def _name(item: SimulatedObject) -> str:
    return item.tags.get("Name", item.name)
