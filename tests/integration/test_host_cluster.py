"""A host cluster's promises: pods run and find each other, repeating is safe, any part may die, and down leaves nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.errors import AlreadyExists
from infra.host import cluster, machine, processes
from infra.host.host import Host, running
from infra.kube.api import Api
from tests.support import host as support

pytestmark = pytest.mark.management
NAME = "tested"
OTHER = "neighbour"
INTERRUPTED = """
import sys
from infra.host import cluster
cluster.up(sys.argv[1], progress=lambda line: print(line, flush=True))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("host")


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Path]:
    before = os.environ.get("HERA_HOME")
    os.environ["HERA_HOME"] = str(folder / "home")
    yield folder / "home"
    if before is None:
        del os.environ["HERA_HOME"]
    else:
        os.environ["HERA_HOME"] = before


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return _settings()


@pytest.fixture(scope="module")
def host(home: Path, folder: Path, settings: dict[str, str]) -> Iterator[Host]:
    try:
        found = cluster.up(NAME, progress=print)
        support.load_probe(found, folder)
        api = Api.connect(found.kubeconfig)
        support.run_pod(api, support.pod("web", "serve", restart="Always"), "Running")
        api.create("/api/v1/namespaces/default/services", support.service("web"))
        yield found
    finally:
        cluster.down(NAME)
        cluster.down(OTHER)


@pytest.fixture(scope="module")
def api(host: Host) -> Api:
    return Api.connect(host.kubeconfig)


def test_every_part_runs_and_the_kubeconfig_is_private(host: Host) -> None:
    states = cluster.status(NAME)
    assert states.pop("node") == "ready"
    assert set(states.values()) == {"running"}
    assert host.kubeconfig.stat().st_mode & 0o777 == 0o600


def test_pods_find_a_service_by_name_and_this_machine_reaches_both(host: Host, api: Api) -> None:
    support.run_pod(api, support.pod("client", "get", "http://web.default.svc.cluster.local"), "Succeeded")
    assert list(api.logs("default", "client", "main")) == ["said: hello"]
    address = api.get("/api/v1/namespaces/default/pods/web")["status"]["podIP"]
    service = api.get("/api/v1/namespaces/default/services/web")["spec"]["clusterIP"]
    assert [_read(f"http://{address}:8080"), _read(f"http://{service}")] == ["hello\n", "hello\n"]


def test_up_again_is_quick_and_changes_nothing(host: Host) -> None:
    files = {path: path.stat().st_mtime_ns for path in host.home.glob("*.*") if path.name != "cluster.json"}
    before, started = support.pids(host), time.monotonic()
    assert cluster.up(NAME, progress=print) == host
    assert time.monotonic() - started < 10
    assert support.pids(host) == before
    assert {path: path.stat().st_mtime_ns for path in files} == files


@pytest.mark.parametrize("part", cluster.PARTS)
def test_a_killed_part_is_repaired(host: Host, api: Api, part: str) -> None:
    cluster.kill(NAME, part)
    assert cluster.status(NAME)[part] == "stopped"
    cluster.start(NAME, part) if part == "scheduler" else cluster.up(NAME, progress=print)
    assert "stopped" not in cluster.status(NAME).values()
    support.run_pod(api, support.pod(f"after-{part}", "get", "http://web"), "Succeeded")


def test_all_parts_killed_at_once_leave_the_pods_running(host: Host, api: Api) -> None:
    address = api.get("/api/v1/namespaces/default/pods/web")["status"]["podIP"]
    for part in cluster.PARTS:
        cluster.kill(NAME, part)
    assert _read(f"http://{address}:8080") == "hello\n"
    cluster.up(NAME, progress=print)
    support.run_pod(api, support.pod("after-all", "get", "http://web"), "Succeeded")
    statuses = api.get("/api/v1/namespaces/default/pods/web")["status"]["containerStatuses"]
    assert [status["restartCount"] for status in statuses] == [0]


def test_a_restarted_machine_is_a_cluster_again(host: Host, api: Api) -> None:
    """What a restart takes is taken: all processes, mounts, networks, and everything in /run."""
    sockets = machine.shim_sockets(host)
    processes.kill(support.pids(host).values())
    processes.kill(processes.with_argument(str(host.socket)) + machine.cgroup_pids(NAME))
    machine.unmount(host.run, host.home)
    machine.disconnect(host)
    machine.remove_cgroup(NAME)
    for path in sockets:
        path.unlink(missing_ok=True)
    shutil.rmtree(host.run)
    assert cluster.up(NAME, progress=print) == host
    support.run_pod(api, support.pod("after-restart", "get", "http://web"), "Succeeded")


def test_what_is_told_anew_starts_anew_and_pods_stay(host: Host, api: Api) -> None:
    before = support.pids(host)
    with_way_out = cluster.up(NAME, progress=print, way_out=True)
    assert with_way_out.way_out
    assert [part for part, pid in support.pids(host).items() if pid != before[part]] == ["coredns"]
    support.run_pod(api, support.pod("after-way-out", "get", "http://web"), "Succeeded")


def test_two_clusters_stand_side_by_side(host: Host, api: Api, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = support.pids(host)
    other = cluster.up(OTHER, progress=print)
    support.load_probe(other, folder)
    neighbour = Api.connect(other.kubeconfig)
    support.run_pod(neighbour, support.pod("web", "serve"), "Running")
    assert not set(host.addresses.values()) & set(other.addresses.values())
    assert [item["metadata"]["name"] for item in neighbour.items("/api/v1/pods")] == ["web"]
    with monkeypatch.context() as patch, pytest.raises(AlreadyExists):
        patch.setenv("HERA_HOME", str(folder / "another"))
        cluster.up(OTHER, progress=print)
    assert len(support.traces(other)) == 9
    sockets = machine.shim_sockets(other)
    assert sockets
    cluster.down(OTHER)
    assert support.traces(other) == {}
    assert not any(socket.exists() for socket in sockets)
    assert support.pids(host) == before
    support.run_pod(api, support.pod("after-neighbour", "get", "http://web"), "Succeeded")


@pytest.mark.parametrize("line", ["network", "starting etcd", "starting controller-manager"])
def test_down_takes_a_half_made_cluster(home: Path, host: Host, line: str) -> None:
    argv = [sys.executable, "-c", INTERRUPTED, OTHER]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for said in process.stdout:
            if line in said:
                process.send_signal(signal.SIGKILL)
                break
    half = cluster.find(OTHER)
    assert half
    cluster.down(OTHER)
    assert support.traces(half) == {}
    assert cluster.find(OTHER) is None


def test_down_leaves_nothing_even_after_kills_and_may_be_repeated(host: Host, settings: dict[str, str]) -> None:
    sockets = machine.shim_sockets(host)
    for part in ("containerd", "kubelet"):
        cluster.kill(NAME, part)
    assert len(support.traces(host)) == 9
    cluster.down(NAME)
    assert support.traces(host) == {}
    assert not any(socket.exists() for socket in sockets)
    assert f"hera-host {NAME}" not in machine.run("iptables", "-S") + machine.run("iptables", "-t", "nat", "-S")
    assert cluster.find(NAME) is None
    cluster.down(NAME)
    if not running():  # the settings are every cluster's
        assert _settings() == settings


def _settings() -> dict[str, str]:
    return {name: (machine.SYS / name).read_text() for name in machine.CHANGED if (machine.SYS / name).exists()}


def _read(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=5) as answer:
        return str(answer.read().decode())
