"""State bucket, ledger store and terraform's own gcs backend against fake-gcs-server: an emulator, not Cloud Storage.

It enforces generation preconditions on writes, which is what two writers depend on. It drops lifecycle rules and labels, so those
are only seen to be sent. The emulator is a Go module and is built once into the user's cache folder (about three minutes).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.classify import classify
from infra.errors import CloudUnavailable, NotFound, StateLocked
from infra.objects import ObjectStore, PreconditionFailed
from infra.providers.base import StateLocation
from infra.providers.gcp import PROVIDER
from tests.support.ports import free_port

MODULE, VERSION = "github.com/fsouza/fake-gcs-server", "v1.56.1"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hera"
FOLDER = CACHE / f"fake-gcs-server-{VERSION.removeprefix('v')}"


def emulator() -> Path:
    """Return the emulator's program, built when it is not there yet."""
    program = FOLDER / "fake-gcs-server"
    if not program.exists():
        how = f"GOBIN={FOLDER} go install {MODULE}@{VERSION}"
        assert shutil.which("go"), f"Go is needed to build the emulator: install Go, or run elsewhere: {how}"
        done = subprocess.run(
            ["go", "install", f"{MODULE}@{VERSION}"], env={**os.environ, "GOBIN": str(FOLDER)}, capture_output=True, text=True
        )
        assert done.returncode == 0, f"the emulator could not be built: {how}\n{done.stderr}"
    return program


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    port = free_port()
    host = f"127.0.0.1:{port}"
    options = ["-scheme=http", "-backend=memory", "-host=127.0.0.1", f"-port={port}", f"-public-host={host}", "-log-level=error"]
    process = subprocess.Popen([emulator(), *options, f"-external-url=http://{host}"])
    try:
        wait_for(f"http://{host}/storage/v1/b?project=local")
        yield f"http://{host}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def location(server: str) -> StateLocation:
    """Return a place in a bucket that is not there yet."""
    return StateLocation.parse(f"gs://state-{uuid.uuid4().hex[:12]}/hera?endpoint={server}&project=local")


@pytest.fixture
def store(location: StateLocation) -> ObjectStore:
    PROVIDER.create_state_store(location, "europe-west1")
    return PROVIDER.object_store(location)


def bucket_of(server: str, location: StateLocation) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server}/storage/v1/b/{location.bucket}") as answer:
        found: dict[str, Any] = json.load(answer)
    return found


# --- the bucket ---------------------------------------------------------------------------------------------------------------


def test_the_bucket_is_made_with_versions(server: str, location: StateLocation) -> None:
    assert PROVIDER.create_state_store(location, "europe-west1") == [f"made gs://{location.bucket} in europe-west1"]
    assert bucket_of(server, location)["versioning"] == {"enabled": True}
    assert PROVIDER.create_state_store(location, "europe-west1")[:1] != [f"made gs://{location.bucket} in europe-west1"]


def test_the_bucket_is_private_and_kept_in_order(monkeypatch: pytest.MonkeyPatch, location: StateLocation) -> None:
    """The emulator forgets these settings: what is looked at is what the real client library sends."""
    from google.cloud.storage import Client

    sent: list[dict[str, Any]] = []
    real = Client._post_resource

    def remember(self: Any, path: str, data: dict[str, Any], **more: Any) -> Any:
        sent.append(json.loads(json.dumps(data)))
        return real(self, path, data, **more)

    monkeypatch.setattr(Client, "_post_resource", remember)
    PROVIDER.create_state_store(location, "europe-west1")
    body = sent[0]
    assert body["location"].lower() == "europe-west1"
    assert body["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"] is True
    assert body["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    assert body["labels"] == {"managed-by": "hera"}
    rule = body["lifecycle"]["rule"][0]
    assert rule["action"] == {"type": "Delete"}
    assert rule["condition"] == {"daysSinceNoncurrentTime": 90, "numNewerVersions": 20}


def test_a_bucket_that_is_there_is_repaired(server: str, location: StateLocation) -> None:
    body = json.dumps({"name": location.bucket}).encode()
    request = urllib.request.Request(f"{server}/storage/v1/b?project=local", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()
    done = PROVIDER.create_state_store(location, "europe-west1")
    assert "turned versioning on" in done
    assert not any(text.startswith("made") for text in done)
    assert bucket_of(server, location)["versioning"] == {"enabled": True}


# --- the store ----------------------------------------------------------------------------------------------------------------


def test_an_object_comes_back_with_its_generation(store: ObjectStore) -> None:
    version = store.put("clusters/a/ledger.json", b"{}")
    stored = store.get("clusters/a/ledger.json")
    assert stored is not None
    assert (stored.data, stored.version) == (b"{}", version)
    assert version.isdigit()


def test_there_is_nothing_where_nothing_was_written(store: ObjectStore) -> None:
    assert store.get("nothing") is None
    store.delete("nothing")


def test_a_bucket_that_is_missing_is_no_missing_object(location: StateLocation) -> None:
    with pytest.raises(NotFound, match="no bucket"):
        PROVIDER.object_store(location).get("a")


def test_a_first_write_happens_once(store: ObjectStore) -> None:
    store.put("lock", b"mine", if_absent=True)
    with pytest.raises(PreconditionFailed):
        store.put("lock", b"theirs", if_absent=True)
    assert store.get("lock").data == b"mine"  # type: ignore[union-attr]


def test_a_write_over_a_known_version(store: ObjectStore) -> None:
    first = store.put("ledger", b"1")
    second = store.put("ledger", b"2", if_version=first)
    assert second != first
    with pytest.raises(PreconditionFailed):
        store.put("ledger", b"3", if_version=first)
    with pytest.raises(PreconditionFailed):
        store.put("ledger", b"3", if_version="a version of another store")
    assert store.get("ledger").data == b"2"  # type: ignore[union-attr]


def test_keys_are_listed_below_the_prefix_and_sorted(store: ObjectStore) -> None:
    for key in ("clusters/b", "clusters/a/x", "other"):
        store.put(key, b"")
    assert list(store.list("clusters/")) == ["clusters/a/x", "clusters/b"]
    assert list(store.list("")) == ["clusters/a/x", "clusters/b", "other"]
    store.delete("other")
    assert list(store.list("o")) == []


def test_of_many_first_writers_one_wins(store: ObjectStore) -> None:
    won: list[int] = []

    def write(number: int) -> None:
        try:
            store.put("race", str(number).encode(), if_absent=True)
            won.append(number)
        except PreconditionFailed:
            return

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(won) == 1
    assert store.get("race").data == str(won[0]).encode()  # type: ignore[union-attr]


def test_a_lost_answer_to_our_own_write_is_no_defeat(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first attempt arrives, its answer does not, the library tries again and is refused."""
    from google.cloud.storage import Blob

    real = Blob.upload_from_string

    def twice(self: Any, *arguments: Any, **named: Any) -> None:
        real(self, *arguments, **named)
        real(self, *arguments, **named)

    monkeypatch.setattr(Blob, "upload_from_string", twice)
    version = store.put("lock", b"mine", if_absent=True)
    assert store.get("lock").version == version  # type: ignore[union-attr]


def test_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    from google.cloud.storage import retry

    monkeypatch.setattr(retry.DEFAULT_RETRY, "_timeout", 0.1)
    gone = PROVIDER.object_store(StateLocation.parse(f"gs://bucket?endpoint=http://127.0.0.1:{free_port()}"))
    with pytest.raises(CloudUnavailable):
        gone.get("a")


# --- terraform's backend ------------------------------------------------------------------------------------------------------


class Terraform:
    """A root with one resource and the provider's backend."""

    def __init__(self, folder: Path, location: StateLocation, key: str) -> None:
        kind, arguments = PROVIDER.backend(location, key)
        arguments["access_token"] = "of-the-emulator"
        root = {
            "terraform": {"backend": {kind: arguments}},
            "resource": {"terraform_data": {"it": {"input": "${var.value}"}}},
            "variable": {"value": {"default": "one"}},
        }
        folder.mkdir()
        (folder / "main.tf.json").write_text(json.dumps(root))
        self.folder = folder

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
        return subprocess.run(
            ["terraform", f"-chdir={self.folder}", *arguments, "-no-color", "-input=false"],
            env=environment,
            capture_output=True,
            text=True,
        )

    def must(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_terraform_keeps_its_state_in_the_bucket(tmp_path: Path, location: StateLocation, store: ObjectStore) -> None:
    key = location.key("clusters", "demo", "network.tfstate")
    terraform = Terraform(tmp_path / "root", location, key)
    terraform.must("init")
    terraform.must("apply", "-auto-approve")
    stored = store.get("clusters/demo/network.tfstate/default.tfstate")
    assert stored is not None
    state = json.loads(stored.data)
    assert state["resources"][0]["instances"][0]["attributes"]["output"]["value"] == "one"
    assert store.get("clusters/demo/network.tfstate/default.tflock") is None


def test_a_held_lock_is_named(tmp_path: Path, location: StateLocation, store: ObjectStore) -> None:
    key = location.key("clusters", "demo", "network.tfstate")
    terraform = Terraform(tmp_path / "root", location, key)
    terraform.must("init")
    holder = {"ID": "", "Operation": "OperationTypeApply", "Who": "somebody@elsewhere", "Created": "2026-01-01T00:00:00Z"}
    lock = "clusters/demo/network.tfstate/default.tflock"
    store.put(lock, json.dumps(holder).encode(), if_absent=True)

    refused = terraform.run("apply", "-auto-approve", "-lock-timeout=0s")
    assert refused.returncode == 1
    error = classify(refused.stderr, PROVIDER.error_patterns)
    assert isinstance(error, StateLocked)
    assert "somebody@elsewhere" in error.detail

    store.delete(lock)
    terraform.must("apply", "-auto-approve")


def test_a_missing_bucket_is_named(tmp_path: Path, location: StateLocation) -> None:
    refused = Terraform(tmp_path / "root", location, location.key("demo")).run("init")
    assert refused.returncode == 1
    assert isinstance(classify(refused.stderr, PROVIDER.error_patterns), NotFound)
