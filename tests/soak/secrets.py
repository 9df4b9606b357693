"""The secrets operator killed in the middle of its work, and 1,000 ExternalSecrets at once.

`python -m tests.soak.secrets --rounds 100` first measures `--size` ExternalSecrets: first sync, resync after a restart, memory,
calls to the store, writes. Then it kills the operator at a random moment while ExternalSecrets are made, rotated and repaired:
every Secret that is there then must be whole and of one version, and after the next start all must be there and current.
"""

from __future__ import annotations

import base64
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.kube.api import Api
from tests.soak import campaign
from tests.support import apiserver, operator_process, secret_clouds
from tests.support.apiserver import ApiServer
from tests.support.operator_process import Operator, make, until
from tests.support.secret_clouds import Gcp

REPORT = "benchmarks/reports/secrets.md"
KEYS = 10
NAMESPACE = "default"
SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"


@dataclass(frozen=True)
class Round:
    """What came of one kill."""

    number: int
    after: float
    whole: int
    """Secrets that were there right after the kill, each of them whole."""
    seconds: float
    """Until all were there and current again."""
    problems: list[str] = field(default_factory=list)


def put(cloud: Gcp, source: int, version: int) -> None:
    cloud.put(f"source-{source}", json.dumps({f"k{key}": f"{source}-{key}-v{version}" for key in range(KEYS)}).encode())


def ask(api: Api, name: str, source: int, interval: str) -> None:
    spec = {
        "secretStoreRef": {"name": "store"},
        "refreshInterval": interval,
        "data": [
            {"secretKey": f"k{key}", "remoteRef": {"key": f"source-{source}", "property": f"k{key}"}} for key in range(KEYS)
        ],
    }
    make(api, "ExternalSecret", NAMESPACE, name, spec)


def versions(api: Api) -> dict[str, set[str]]:
    """Return for each Secret which versions of its source are in it; a missing key is the version `none`."""
    found: dict[str, set[str]] = {}
    for item in api.items(SECRETS, labelSelector="secrets.hera.dev/managed=true"):
        values = {key: base64.b64decode(value).decode() for key, value in (item.get("data") or {}).items()}
        found[item["metadata"]["name"]] = {values.get(f"k{key}", "-none").rsplit("-", 1)[-1] for key in range(KEYS)}
    return found


def play(server: ApiServer, api: Api, cloud: Gcp, number: int, seed: int, log: Path) -> Round:
    """Rotate all sources, remove some Secrets, and kill the operator while it makes good for that."""
    chance = random.Random(f"{seed}-{number}")
    names = [f"es-{index}" for index in range(20)]
    problems: list[str] = []
    with operator_process.running(server.user(operator_process.USER), log) as operator:
        for index, name in enumerate(names):
            put(cloud, index, number)
            if chance.random() < 0.3:
                api.delete(f"{SECRETS}/{name}")
            ask(api, name, index, f"{1 + number % 2}s")
        after = chance.random() * 0.6
        time.sleep(after)
        operator.stop(signal.SIGKILL)
    there = versions(api)
    problems += [f"{name} is in part {sorted(found)}" for name, found in there.items() if len(found) != 1 or "none" in found]
    api.delete(f"/apis/coordination.k8s.io/v1/namespaces/{operator_process.NAMESPACE}/leases/hera-secrets-operator")
    with operator_process.running(server.user(operator_process.USER), log) as operator:
        wanted = {name: {f"v{number}"} for name in names}
        try:
            seconds = until(lambda: versions(api) == wanted, "not all current", 30)
        except AssertionError:
            problems.append(f"not current: {[name for name in names if versions(api).get(name) != wanted[name]]}")
            seconds = 30.0
        operator.stop()
    return Round(number, round(after, 2), len(there), round(seconds, 2), problems)


def measure(server: ApiServer, api: Api, cloud: Gcp, size: int, log: Path) -> list[str]:
    """Return the figures of many ExternalSecrets at once."""
    for source in range(size // 10):
        put(cloud, source, 0)
    kubeconfig = server.user(operator_process.USER)
    cloud.reads.clear()
    with operator_process.running(kubeconfig, log) as operator:
        began = time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda index: ask(api, f"many-{index}", index % (size // 10), "1h"), range(size)))
        until(lambda: synced(api) >= size, "not all synced", 300)
        api_seconds = time.monotonic() - began
        calls, memory = len(cloud.reads), operator.memory()
        operator.stop()
    first = (
        f"First sync of {size} ExternalSecrets of {KEYS} keys: {api_seconds:.1f} s from the first creation to the last Ready; "
        f"peak memory {memory:.0f} MiB; {size * KEYS} keys from {calls} calls to the store."
    )
    with operator_process.running(kubeconfig, log) as operator:
        began = time.monotonic()
        until(lambda: rounds(operator) >= size, "not all looked at", 300)
        again = time.monotonic() - began
        time.sleep(3)
        writes = operator.metric("hera_operator_api_writes_total")
        memory = operator.memory()
        second = (
            f"Restart: all looked at again {again:.1f} s after it leads, {writes:.0f} writes to the API server; {memory:.0f} MiB."
        )
        operator.stop()
    return [first, second]


def rounds(operator: Operator) -> float:
    return operator.metric("hera_operator_reconciles_total", kind="ExternalSecret", outcome="ok")


def synced(api: Api) -> int:
    items = api.items("/apis/secrets.hera.dev/v1/externalsecrets")
    return sum(item.get("status", {}).get("conditions", [{}])[0].get("status") == "True" for item in items)


def main() -> int:
    parser = campaign.arguments(__doc__ or "", rounds=100, jobs=1, report=REPORT)
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=480, help="stop after this long, and go on the next time")
    options = parser.parse_args()
    log: campaign.Log[Round] = campaign.Log("secrets", options, lambda data: Round(**data))
    done, began = {item.number for item in log.results}, time.monotonic()
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        with (
            apiserver.running(folder / "api", [operator_process.USER]) as server,
            secret_clouds.running("gcpsm", folder / "cloud", patch) as cloud,
        ):
            assert isinstance(cloud, Gcp)
            api = operator_process.install(server)
            make(api, "SecretStore", NAMESPACE, "store", {"provider": {cloud.entry: cloud.options}})
            figures = measure(server, api, cloud, options.size, folder / "operator.log") if options.size else []
            print("\n".join(figures), flush=True)
            clear(api)
            for number in options.only or range(options.rounds):
                if number not in done and time.monotonic() - began < options.seconds:
                    result = play(server, api, cloud, number, options.seed, folder / "operator.log")
                    log.add(
                        result,
                        f"{number:3} killed after {result.after} s, current in {result.seconds} s {result.problems or 'well'}",
                    )
    if not options.only:
        report(log.results, figures, options.commit, options.report)
    return 1 if any(item.problems for item in log.results) else 0


def clear(api: Api) -> None:
    """Remove everything of the measurement: nothing collects garbage here."""
    paths = [f"/apis/secrets.hera.dev/v1/namespaces/{NAMESPACE}/externalsecrets/{item['metadata']['name']}"
             for item in api.items("/apis/secrets.hera.dev/v1/externalsecrets")]  # fmt: skip
    paths += [
        f"{SECRETS}/{item['metadata']['name']}" for item in api.items(SECRETS, labelSelector="secrets.hera.dev/managed=true")
    ]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(api.delete, paths))


def report(results: Sequence[Round], figures: Sequence[str], commit: str, path: Path) -> None:
    """Write the figures."""
    facts = [
        f"{campaign.today()}, commit {commit}; a real API server (etcd and kube-apiserver, no node), the operator as a process, "
        "Google's real SDK against tests/doubles/secretmanager.py, all on one machine.",
        *figures,
        f"{len(results)} kills while 20 Secrets are made, rotated or repaired; rounds with problems: "
        f"{sum(bool(item.problems) for item in results)}.",
        "After each kill every Secret that is there has all keys of one version; after the next start all are there and current.",
    ]
    rows = [(item.number, item.after, item.whole, item.seconds, campaign.in_a_cell(item.problems)) for item in results]
    campaign.write_report(
        path, "Secrets", facts, ("round", "killed after (s)", "whole Secrets", "current after (s)", "problems"), rows
    )


if __name__ == "__main__":
    sys.exit(main())
