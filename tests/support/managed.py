"""A management cluster as a campaign needs it: its user, what runs on it, and its simulated cloud beside the states."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.host.cluster import Host, find
from infra.kube.api import Api
from infra.kube.inside import Inside
from infra.kube.manifests.ready import is_ready
from infra.management.record import Management
from infra.simulator.cloud import SimulatedCloud
from tests.support.cli import Cli
from tests.support.inventory import Item, compared, held
from tests.support.inventory import managed as managed_objects
from tests.support.surroundings import environment
from tests.support.waiting import until
from workflows.argo.runs import path

VOLUME = {"medium": "Memory", "sizeLimit": "384Mi"}
"""The object store's volume: one that can be filled."""


@dataclass(frozen=True)
class Managed:
    """A user of a management cluster."""

    name: str
    cli: Cli
    host: Host
    management: Management
    api: Api

    def running(self, pipeline: str, clusters: Sequence[str]) -> list[str]:
        """Return the runs of a pipeline that go on for one of the clusters."""
        selector = f"hera.dev/pipeline={pipeline},hera.dev/cluster in ({','.join(clusters)}),workflows.argoproj.io/phase=Running"
        return [item["metadata"]["name"] for item in self.api.items(path(self.management.namespace), labelSelector=selector)]

    def difference(self, clusters: Sequence[str]) -> list[str]:
        """Say what only the simulated cloud or only the clusters' states have; empty when they agree."""
        return compared(self.in_states(clusters), self.in_cloud())

    def in_states(self, clusters: Sequence[str]) -> Iterator[Item]:
        """Yield every managed object in the clusters' states."""
        with Inside(self.api, self.management.namespace) as inside:
            store = inside.open_store(self.management.state)
            for name in clusters:
                for key in store.list(f"clusters/{name}/"):
                    if key.endswith(".tfstate") and (found := store.get(key)):
                        yield from managed_objects(json.loads(found.data))

    def in_cloud(self) -> list[Item]:
        """Return everything in the simulated cloud."""
        with self.cloud() as cloud:
            return list(held(cloud))

    def locks(self, clusters: Sequence[str]) -> list[str]:
        """Return the locks of the clusters that somebody holds."""
        with Inside(self.api, self.management.namespace) as inside:
            store = inside.open_store(self.management.state)
            return [key for name in clusters for key in store.list(f"clusters/{name}/") if key.endswith("lock.json")]

    @contextmanager
    def cloud(self) -> Iterator[SimulatedCloud]:
        """Reach the simulated cloud through a tunnel."""
        with Inside(self.api, self.management.namespace) as inside:
            url, token = inside.simulator()
            with environment(HERA_SIMULATOR_URL=url, HERA_SIMULATOR_TOKEN=token):
                yield SimulatedCloud(self.cli.home)

    def limit_store(self) -> None:
        """Give the object store a small volume of its own; what it held is gone."""
        store = "/apis/apps/v1/namespaces/hera-simulation/deployments/minio"
        volumes = self.api.get(store)["spec"]["template"]["spec"]["volumes"]
        number = next(index for index, volume in enumerate(volumes) if volume["name"] == "data")
        operation = {"op": "replace", "path": f"/spec/template/spec/volumes/{number}/emptyDir", "value": VOLUME}
        self.api.patch(store, [operation], kind="json")
        until(lambda: is_ready(self.api.get(store)), "the object store did not come back with its small volume", 120, pause=0.5)


@contextmanager
def managed(name: str, home: Path) -> Iterator[Managed]:
    """Bring a management cluster up for a campaign and take it down at the end."""
    home.mkdir(parents=True, exist_ok=True)
    cli = Cli(home)
    words = ("--target", "host", "--name", name)
    try:
        cli.run("bootstrap", *words, "--simulate", "--yes", timeout=1800).ok()
        yield of(name, cli)
    finally:
        cli.run("bootstrap", *words, "--down", "--yes", timeout=300)


def of(name: str, cli: Cli) -> Managed:
    """Return the management cluster that a user has."""
    with environment(HERA_HOME=str(cli.home)):
        host, management = find(name), Management.load()
    assert host and management, f"no management cluster {name} in {cli.home}"
    return Managed(name, cli, host, management, management.api())
