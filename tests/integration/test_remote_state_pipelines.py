"""Pipelines as pods run them: state in a store that speaks S3, the simulated cloud behind a server, and nothing kept on disk.

Every container of a pipeline is a process here with a home and a root of its own that are empty when it starts; only the store
and the server outlive it. A killed one is killed with everything it started, as a container is.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from infra.host import parts
from infra.providers.aws import session
from infra.simulator.cloud import SimulatedCloud
from infra.stores import open_store
from steps.common.ledger import Ledgers
from tests.support.cli import EXAMPLES, PROJECT
from tests.support.inventory import difference, in_cloud
from tests.support.ports import free_port
from tests.support.specs import with_bigger_pool

SECRET = {"AWS_ACCESS_KEY_ID": "hera-test", "AWS_SECRET_ACCESS_KEY": "hera-test-secret"}
CREATE = (("lifecycle.admit", "network.plan"), ("network.apply", "cluster.plan"), ("cluster.apply", "lifecycle.record"))
DELETE = ("lifecycle.admit", "lifecycle.drain", "cluster.destroy", "network.destroy", "lifecycle.prove", "lifecycle.record")

LOST = "google_logging_project_bucket_config"
"""Its name holds a time that only the state knew, and it can carry no label: a kill before the state is stored leaves it."""


def eventually(condition: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of an S3 store that checks signatures."""
    binary, port = parts.ensure("minio", progress=print) / "minio", free_port()
    folder = tmp_path_factory.mktemp("minio")
    environment = {**os.environ, "MINIO_ROOT_USER": SECRET["AWS_ACCESS_KEY_ID"]}
    environment["MINIO_ROOT_PASSWORD"] = SECRET["AWS_SECRET_ACCESS_KEY"]
    command = [str(binary), "server", str(folder), "--address", f"127.0.0.1:{port}", "--console-address", "127.0.0.1:0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: answers(port))
        yield f"http://127.0.0.1:{port}"
        process.terminate()


@dataclass
class World:
    """A store, a simulated cloud, and the pods that come and go."""

    folder: Path
    state: str
    environment: dict[str, str]
    spec: str
    name: str
    pods: int = 0
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def cloud(self) -> SimulatedCloud:
        return SimulatedCloud(self.folder / "simulation" / "cloud")

    @property
    def log(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("pod-*.log"))[-2:])

    def start(self, run: str, *links: str, **parameters: str) -> tuple[subprocess.Popen[bytes], Path]:
        self.pods += 1
        root = self.folder / f"pod-{self.pods:02d}"
        values = {"run": run, "cluster": self.name, "spec": self.spec, "simulate": "true", "state": self.state, "actor": "ann"}
        values |= {"operation": "create", "status": "Succeeded", **{k.replace("_", "-"): v for k, v in parameters.items()}}
        environment = self.environment | {f"HERA_{key.upper().replace('-', '_')}": value for key, value in values.items()}
        environment |= {"HERA_ROOT": str(root), "HERA_HOME": str(root / "home")}
        with root.with_suffix(".log").open("wb") as log:
            command = [sys.executable, "-m", "steps.chain", *links]
            return subprocess.Popen(command, env=environment, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True), root

    def pod(self, run: str, *links: str, **parameters: str) -> dict[str, str]:
        process, root = self.start(run, *links, **parameters)
        assert process.wait(timeout=180) == 0, self.log
        return {path.name: path.read_text() for path in (root / "outputs").glob("*")}

    def apply(self, run: str, links: tuple[str, ...], planned: dict[str, str]) -> dict[str, str]:
        return self.pod(run, *links, changes=planned["changes"], plan_digest=planned["plan-digest"], approved_by="bob")

    def create(self, run: str) -> None:
        planned = self.pod(run, *CREATE[0])
        planned = self.apply(run, CREATE[1], planned)
        self.apply(run, CREATE[2], planned)

    def kill_while(self, run: str, links: tuple[str, ...], planned: dict[str, str], kind: str) -> None:
        """Kill a pod and all in it while the cloud makes an object of a kind."""
        process, _ = self.start(
            run, *links, changes=planned["changes"], plan_digest=planned["plan-digest"], approved_by="bob"
        )  # fmt: skip
        calls = len(self.cloud.calls())
        eventually(lambda: any(c.type == kind and c.operation == "create" for c in self.cloud.calls()[calls:]), 120)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def differs(self) -> list[str]:
        """Compare the states in the store with the cloud."""
        place = self.folder / "simulation" / "clusters" / self.name
        place.mkdir(parents=True, exist_ok=True)
        for stage in ("network", "cluster"):
            stored = open_store(self.state).get(f"clusters/{self.name}/{stage}.tfstate")
            (place / f"{stage}.tfstate").write_bytes(stored.data if stored else b"{}")
        return difference(self.folder / "simulation", self.name)


@pytest.fixture
def world(request: pytest.FixtureRequest, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in [name for name in os.environ if name.startswith(("AWS_", "HERA_"))]:
        monkeypatch.delenv(name)
    for name, value in SECRET.items():
        monkeypatch.setenv(name, value)
    session._session.cache_clear()
    example: Path = EXAMPLES / request.param
    bucket = f"hera-{example.stem}-{len(request.node.name)}"
    import boto3

    boto3.client("s3", endpoint_url=store, region_name="us-east-1").create_bucket(Bucket=bucket)
    port, home = free_port(), tmp_path / "simulation" / "cloud"
    environment = {**os.environ, "HERA_SIMULATOR_TOKEN": "a-token", "HERA_SIMULATOR_URL": f"http://127.0.0.1:{port}"}
    command = [sys.executable, "-m", "infra.simulator", "serve", "--home", str(home), "--listen", f"127.0.0.1:{port}"]
    spec = example.read_text()
    name = yaml.safe_load(spec)["metadata"]["name"]
    with subprocess.Popen(command, env=environment, cwd=PROJECT, stdout=subprocess.DEVNULL) as server:
        eventually(lambda: answers(port))
        yield World(tmp_path, f"s3://{bucket}/x?endpoint={store}&region=us-east-1", environment, spec, name)
        server.terminate()
    session._session.cache_clear()


@pytest.mark.parametrize("world", ["aws-dev.yaml"], indirect=True)
def test_create_change_kill_resume_delete(world: World, tmp_path: Path) -> None:
    planned = world.pod("one", *CREATE[0])
    planned = world.apply("one", CREATE[1], planned)
    world.cloud.set_latency_scale(0.01)
    world.kill_while("one", CREATE[2], planned, "aws_eks_cluster")
    world.cloud.set_latency_scale(0)
    world.create("two")
    assert "took over" in (tmp_path / "pod-04.log").read_text() and "adopted" in (tmp_path / "pod-05.log").read_text()
    assert world.differs() == []
    file = tmp_path / "cluster.yaml"
    file.write_text(world.spec)
    world.spec = with_bigger_pool(file)
    world.create("three")
    assert world.differs() == []
    ledger = Ledgers(open_store(world.state)).get(world.name)
    assert (ledger.phase, ledger.run and ledger.run.phase) == ("ready", "succeeded")
    world.pod("four", *DELETE, operation="delete", unprotect="true")
    assert list(in_cloud(tmp_path / "simulation")) == []
    assert list(open_store(world.state).list("clusters/")) == []


@pytest.mark.parametrize("world", ["azure-dev.yaml"], indirect=True)
def test_a_killed_network_is_adopted_from_the_store_alone(world: World, tmp_path: Path) -> None:
    planned = world.pod("one", *CREATE[0])
    world.cloud.set_latency_scale(0.02)
    world.kill_while("one", CREATE[1], planned, "azurerm_subnet")
    world.cloud.set_latency_scale(0)
    world.create("two")
    assert world.differs() == []
    world.pod("three", *DELETE, operation="delete", unprotect="true")
    assert list(in_cloud(tmp_path / "simulation")) == []


@pytest.mark.parametrize("world", ["gcp-dev.yaml"], indirect=True)
def test_a_pod_that_is_tried_again_goes_on_with_the_same_plan(world: World, tmp_path: Path) -> None:
    planned = world.pod("one", *CREATE[0])
    world.cloud.set_latency_scale(0.02)
    world.kill_while("one", CREATE[1], planned, "google_compute_subnetwork")
    world.cloud.set_latency_scale(0)
    planned = world.apply("one", CREATE[1], planned)
    again = world.apply("one", ("network.apply",), {"changes": "safe", "plan-digest": digest(world)})
    assert again.keys() == {"report"} and "applied already" in world.log
    world.apply("one", CREATE[2], planned)
    assert [item for item in world.differs() if LOST not in item] == []
    world.pod("two", *DELETE, operation="delete", unprotect="true")
    assert {kind for kind, _ in in_cloud(tmp_path / "simulation")} <= {LOST}


def digest(world: World) -> str:
    return Ledgers(open_store(world.state)).get(world.name).stage("network").plan_digest
