"""The simulated cloud over the network: the same answers as on a folder, one writer, a token, nothing left by who went away."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.simulator.cloud import SimulatedCloud
from infra.simulator.errors import CloudError, UsageError
from infra.simulator.remote import RemoteConnection, Unreachable
from infra.simulator.server import Server
from infra.simulator.store import Store

SECRET = "a-token-that-nobody-guesses"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    served = Server(("127.0.0.1", 0), tmp_path / "served", SECRET)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()
    thread.join()


@pytest.fixture
def cloud(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatedCloud:
    monkeypatch.setenv("HERA_SIMULATOR_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HERA_SIMULATOR_TOKEN", SECRET)
    return SimulatedCloud(tmp_path / "nothing-here")


def connect(server: Server, token: str = SECRET) -> RemoteConnection:
    return RemoteConnection(f"http://127.0.0.1:{server.server_port}", token, patience=0)


def test_it_is_the_folder_of_the_server(cloud: SimulatedCloud, server: Server, tmp_path: Path) -> None:
    cloud.add("aws_lb", "lb-1", name="web", tags={"owner": "hera"})
    cloud.change("lb-1", {"a": "äöü\n"})
    cloud.fault("throttle", type="aws_vpc", operation="create")
    cloud.set_quota("aws_eip", 3)
    assert [item.attributes["a"] for item in cloud.objects(tags={"owner": "hera"})] == ["äöü\n"]
    assert not (tmp_path / "nothing-here").exists()
    held = Store(tmp_path / "served", local=True)
    assert (held.quota("aws_eip"), len(held.find("1", ()))) == (3, 1)
    with pytest.raises(UsageError):
        cloud.remove("lb-2")
    cloud.remove("lb-1")
    assert cloud.objects() == [] and len(cloud.faults()) == 1


def test_many_writers_are_one_after_the_other(cloud: SimulatedCloud) -> None:
    def write(number: int) -> None:
        for _ in range(5):
            store = cloud._store
            with store.transaction():
                store.set_setting("count", str(int(store.setting("count", "0")) + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert cloud._store.setting("count") == "40"


def test_what_a_client_left_undone_is_undone(server: Server, cloud: SimulatedCloud) -> None:
    left = connect(server)
    left.execute("BEGIN IMMEDIATE")
    left.execute("INSERT OR REPLACE INTO settings VALUES (?,?)", ("half", "made"))
    left.close()
    cloud._store.set_setting("other", "x")
    assert cloud._store.setting("half", "nothing") == "nothing"


@pytest.mark.parametrize("token", ["", "wrong", SECRET + "x"], ids=["none", "wrong", "longer"])
def test_only_the_token_opens_it(server: Server, token: str) -> None:
    with pytest.raises(CloudError, match="refused the token") as refusal:
        connect(server, token).execute("SELECT 1")
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    "sql",
    ["ATTACH '/tmp/x.db' AS x", "PRAGMA user_version=9", "DROP TABLE objects", "CREATE TABLE x (y)", "VACUUM INTO '/tmp/x'"],
)
def test_statements_reach_rows_and_nothing_else(server: Server, sql: str) -> None:
    with pytest.raises(CloudError, match="not authorized"):
        connect(server).execute(sql)


def test_health_needs_no_token_and_says_nothing(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    connection.request("GET", "/healthz")
    assert connection.getresponse().read() == b"ok\n"


def test_a_server_without_a_token_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="HERA_SIMULATOR_TOKEN"):
        Server(("127.0.0.1", 0), tmp_path, "")


def test_nobody_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="connection refused"):
        RemoteConnection("http://127.0.0.1:1", SECRET, patience=0).execute("SELECT 1")


def test_it_keeps_everything_over_a_restart(tmp_path: Path) -> None:
    environment = {**os.environ, "HERA_SIMULATOR_TOKEN": SECRET}
    command = [sys.executable, "-m", "infra.simulator", "serve", "--home", str(tmp_path), "--listen", "127.0.0.1:0"]
    for expected in (0, 1):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        connection = RemoteConnection(f"http://127.0.0.1:{port}", SECRET)
        assert connection.execute("SELECT count(*) FROM quotas").fetchone() == (expected,)
        connection.execute("INSERT INTO quotas VALUES (?,?)", (f"aws_{expected}", 1))
        began = time.monotonic()
        process.terminate()
        assert process.wait(timeout=10) == 0 and time.monotonic() - began < 5
