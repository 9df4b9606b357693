"""Our secrets operator beside External Secrets, one after the other on the same API server, each at its defaults.

`python -m benchmarks.secrets` makes `--size` ExternalSecrets of ten keys for each side and writes benchmarks/reports/secrets.md.
External Secrets reads from its `fake` provider, a table in its own memory; ours asks a Secret Manager double over the network
with Google's SDK. So what the comparison leaves out is on our side.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml

from benchmarks.measure import Figure, publish, table
from infra.host import parts
from infra.kube.api import Api, Object
from tests.soak.campaign import commit, today
from tests.support import apiserver, background, operator_process
from tests.support.apiserver import ApiServer
from tests.support.cli import PROJECT
from tests.support.operator_process import applied
from tests.support.ports import free_ports
from tests.support.waiting import until

REPORT = PROJECT / "benchmarks" / "reports" / "secrets.md"
KEYS, SHARE = 10, 10
"""Keys of an ExternalSecret, and how many ExternalSecrets read the same secret of the store."""
PATIENCE = 480.0
STILL_SECONDS = 10.0
"""How long the API server's writes are counted when nothing changed."""
PEER = "External Secrets 0.18.2"
MODULE = "github.com/external-secrets/external-secrets"


def values(source: int) -> str:
    """Return what the store holds under one name."""
    return json.dumps({f"k{key}": f"{source}-{key}-value" for key in range(KEYS)})


class Process(Protocol):
    """A side's operator while it runs."""

    def memory(self) -> float:
        """Return the most MiB that it has had."""
        ...

    def metric(self, name: str, **labels: str) -> float:
        """Return a figure of its own."""
        ...


@dataclass
class Side(ABC):
    """One operator: how it is started, what its objects are called, how it counts its rounds."""

    name: str
    group: str
    api: Api
    rounds: tuple[str, dict[str, str]]

    @abstractmethod
    def prepare(self, sources: int) -> None:
        """Make the store with its secrets."""

    @abstractmethod
    def running(self) -> Any:
        """Run the operator until the block ends."""

    def calls(self) -> int:
        """Return how often a store outside the operator was called."""
        return 0

    @property
    def objects(self) -> str:
        """Where its ExternalSecrets are."""
        return f"/apis/{self.group}/namespaces/{self.name}/externalsecrets"

    def ask(self, number: int, sources: int) -> None:
        """Make one ExternalSecret."""
        remotes = [{"key": f"source-{number % sources}", "property": f"k{key}"} for key in range(KEYS)]
        data = [{"secretKey": remote["property"], "remoteRef": remote} for remote in remotes]
        spec = {"secretStoreRef": {"name": "store", "kind": "SecretStore"}, "refreshInterval": "1h", "data": data}
        body = {"apiVersion": self.group, "kind": "ExternalSecret", "metadata": {"name": f"es-{number}"}, "spec": spec}
        self.api.create(self.objects, body)

    def synced(self) -> int:
        """Return how many ExternalSecrets are Ready."""
        return sum(_is_ready(item) for item in self.api.items(self.objects))

    def store_is_ready(self) -> bool:
        """Tell whether the store was looked at."""
        return _is_ready(self.api.get(f"/apis/{self.group}/namespaces/{self.name}/secretstores/store"))


def _is_ready(item: Object) -> bool:
    conditions = item.get("status", {}).get("conditions", ())
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


@dataclass
class Ours(Side):
    """Our operator and the double."""

    server: ApiServer
    cloud: Any
    log: Path

    def prepare(self, sources: int) -> None:
        """Make the store with its secrets."""
        for source in range(sources):
            self.cloud.put(f"source-{source}", values(source).encode())
        operator_process.make(self.api, "SecretStore", self.name, "store", {"provider": {self.cloud.entry: self.cloud.options}})

    def calls(self) -> int:
        """Return how often the double was called."""
        return len(self.cloud.reads)

    def running(self) -> Any:
        """Run the operator until the block ends."""
        lease = f"/apis/coordination.k8s.io/v1/namespaces/{operator_process.NAMESPACE}/leases/hera-secrets-operator"
        self.api.delete(lease)
        return operator_process.running(self.server.user(operator_process.USER), self.log)


@dataclass
class Theirs(Side):
    """External Secrets with its `fake` provider."""

    server: ApiServer
    log: Path

    def prepare(self, sources: int) -> None:
        """Make the store with its secrets."""
        data = [{"key": f"source-{source}", "value": values(source)} for source in range(sources)]
        body = {
            "apiVersion": self.group,
            "kind": "SecretStore",
            "metadata": {"name": "store"},
            "spec": {"provider": {"fake": {"data": data}}},
        }
        self.api.create(f"/apis/{self.group}/namespaces/{self.name}/secretstores", body)

    def running(self) -> Any:
        """Run the operator until the block ends."""
        return _external_secrets(self.server, self.log)


@contextmanager
def _external_secrets(server: ApiServer, log: Path) -> Iterator[Process]:
    program = parts.ensure("external-secrets", progress=print) / "external-secrets"
    metrics = free_ports(1)[0]
    argv = [str(program), f"--metrics-addr=127.0.0.1:{metrics}"]
    with background.process(argv, log, {**os.environ, "KUBECONFIG": str(server.kubeconfig)}) as process:
        found = operator_process.Operator(process, metrics, log)
        until(lambda: _answers(found), "External Secrets does not start", 60)
        yield found


def _answers(found: operator_process.Operator) -> bool:
    assert found.process.poll() is None, found.log.read_text()[-3000:]
    with suppress(OSError):
        return found.page("/metrics")[0] == 200
    return False


def definitions() -> list[Object]:
    """Return the peer's kinds, out of its module."""
    folder = parts.SOURCES / "external-secrets"
    argv = ["go", "list", "-m", "-f", "{{.Dir}}", MODULE]
    found = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return list(yaml.load_all((Path(found) / "deploy" / "crds" / "bundle.yaml").read_text(), loader))


@dataclass(frozen=True)
class Measured:
    """What one side needed."""

    first: float
    again: float
    memory: float
    writes: float
    calls: int


def measure(side: Side, server: ApiServer, size: int) -> Measured:
    """Make all ExternalSecrets, wait for their Secrets, start the operator again, and count what it writes then."""
    sources = size // SHARE
    side.api.create("/api/v1/namespaces", {"metadata": {"name": side.name}})
    side.prepare(sources)
    with side.running() as operator:
        until(side.store_is_ready, f"the store of {side.name} is not ready", 60)
        began = time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda number: side.ask(number, sources), range(size)))
        until(lambda: side.synced() >= size, f"not all of {side.name} are synced", PATIENCE, pause=0.5)
        first, memory, calls = time.monotonic() - began, operator.memory(), side.calls()
    before = written(server)
    began = time.monotonic()
    with side.running() as operator:
        name, labels = side.rounds
        until(lambda: operator.metric(name, **labels) >= size, f"{side.name} does not look at all again", PATIENCE, pause=0.2)
        again = time.monotonic() - began
        time.sleep(STILL_SECONDS)
        writes = written(server) - before
        memory = max(memory, operator.memory())
    print(f"{side.name}: first {first:.1f} s, again {again:.1f} s, {memory:.0f} MiB, {writes:.0f} writes", flush=True)
    clear(side)
    return Measured(first, again, memory, writes, calls)


def written(server: ApiServer) -> float:
    """Return how many writes of Secrets, ExternalSecrets and Events the API server has taken, by its own count."""
    text = "\n".join(line.decode() for line in server.connect()._lines("/metrics", {}, 30))
    lines = re.findall(r"^apiserver_request_total\{(.*)\} (\S+)$", text, re.MULTILINE)
    kinds = re.compile(r'resource="(secrets|externalsecrets|events)"')
    verbs = re.compile(r'verb="(POST|PUT|PATCH|APPLY|DELETE)"')
    return sum(float(count) for labels, count in lines if kinds.search(labels) and verbs.search(labels))


def clear(side: Side) -> None:
    """Remove a side's objects: nothing collects garbage here."""
    secrets = f"/api/v1/namespaces/{side.name}/secrets"
    paths = [f"{where}/{item['metadata']['name']}" for where in (side.objects, secrets) for item in side.api.items(where)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(side.api.delete, paths))


def figures(ours: Measured, theirs: Measured, size: int) -> Iterator[Figure]:
    """Compare the two sides, and ours with what was promised."""
    yield Figure(f"first sync of {size}", ours.first, theirs.first, PEER, 0.5)
    note = f"{PEER}, which reads nothing then: {theirs.again:.1f} s"
    yield Figure("restart until all were looked at and read again", ours.again, 60.0, "a minute", 1.0, note=note)
    note = f"{size // SHARE} secrets, each read by {SHARE} ExternalSecrets"
    yield Figure("calls to the store, first sync", ours.calls, size * KEYS, "keys read", 0.1, unit="", note=note)
    yield Figure("memory, at most", ours.memory, 160.0, "promised", 1.0, unit="MiB", note=f"{PEER}: {theirs.memory:.0f} MiB")
    note = f"after the restart and {STILL_SECONDS:.0f} s, by the API server's count; {PEER}: {theirs.writes:.0f}"
    yield Figure("writes when nothing changed", ours.writes, 1.0, "one write", 0.0, unit="", note=note)


def report(found: Sequence[Figure], size: int, load: float) -> str:
    """Return the report."""
    where = f"Commit {commit()}, {today()}, {os.cpu_count()} cores, load before {load:.1f}."
    how = (
        f"{size} ExternalSecrets of {KEYS} keys a side, each operator at its defaults, one after the other on one API server "
        f"(etcd and kube-apiserver, no node). {PEER} reads from its `fake` provider, in its own memory; ours from a Secret "
        "Manager double over the network with Google's SDK. The first sync is from the first creation to the last Ready, by "
        "lists every 0.5 s."
    )
    return f"# Secrets beside External Secrets\n\n{where} `python -m benchmarks.secrets` measures again. {how}\n\n{table(found)}"


def run(folder: Path, size: int) -> list[Figure]:
    """Measure both sides."""
    secret_clouds = importlib.import_module("tests.support.secret_clouds")  # mypy takes Google's half-typed packages amiss
    with (
        pytest.MonkeyPatch.context() as patch,
        apiserver.running(folder / "api", [operator_process.USER]) as server,
        secret_clouds.running("gcpsm", folder / "cloud", patch) as cloud,
    ):
        api = operator_process.install(server)
        for item in definitions():
            until(lambda item=item: applied(api, item), "a kind is not accepted")  # type: ignore[misc]
        reconciles = ("controller_runtime_reconcile_total", {"controller": "externalsecret"})
        peer = Theirs("theirs", "external-secrets.io/v1", api, reconciles, server, folder / "theirs.log")
        theirs = measure(peer, server, size)
        rounds = ("hera_operator_reconciles_total", {"kind": "ExternalSecret", "outcome": "ok"})
        our = Ours("ours", "secrets.hera.dev/v1", api, rounds, server, cloud, folder / "ours.log")
        ours = measure(our, server, size)
        return list(figures(ours, theirs, size))


def main() -> int:
    """Measure, show, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="40 a side, no report: does it work?")
    args = parser.parse_args()
    load, size = os.getloadavg()[0], 40 if args.quick else args.size
    with tempfile.TemporaryDirectory(prefix="hera-bench-") as folder:
        found = run(Path(folder), size)
    return publish(report(found, size, load), found, REPORT, quick=args.quick)


if __name__ == "__main__":
    sys.exit(main())
