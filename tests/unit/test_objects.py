"""The folder store's promises: conditional, whole, private, inside its root, whoever else writes and whoever is killed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from infra import objects_folder
from infra.errors import AuthDenied, QuotaExceeded, StepFailed, Unsupported, UsageError
from infra.objects import PreconditionFailed
from infra.objects_folder import FolderStore
from infra.stores import open_store

PROCESSES = 8
ADDITIONS = 25

COUNT = f"""
import sys
from pathlib import Path
from infra.objects import PreconditionFailed
from infra.objects_folder import FolderStore
store = FolderStore(Path(sys.argv[1]))
done = 0
while done < {ADDITIONS}:
    now = store.get("counter")
    try:
        store.put("counter", str(int(now.data) + 1).encode(), if_version=now.version)
        done += 1
    except PreconditionFailed:
        pass
"""
WRITE = """
import sys
from pathlib import Path
from infra.objects_folder import FolderStore
store = FolderStore(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    store.put("object", str(number % 10).encode() * 1_000_000)
    print(number, flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def test_what_was_put_is_there(store: FolderStore) -> None:
    version = store.put("clusters/demo/ledger.json", b"{}")
    stored = store.get("clusters/demo/ledger.json")
    assert stored is not None
    assert (stored.data, stored.version) == (b"{}", version)


def test_reading_makes_nothing(store: FolderStore) -> None:
    assert store.get("a") is None
    assert list(store.list("")) == []
    store.delete("a")
    assert not store.root.exists()


def test_the_same_content_has_the_same_version(store: FolderStore) -> None:
    assert store.put("a", b"x") == store.put("b", b"x") != store.put("a", b"y")


def test_a_conditional_write_needs_the_version(store: FolderStore) -> None:
    old = store.put("a", b"1")
    new = store.put("a", b"2", if_version=old)
    with pytest.raises(PreconditionFailed) as caught:
        store.put("a", b"3", if_version=old)
    assert caught.value.retryable
    assert store.put("a", b"3", if_version=new)


def test_a_conditional_write_of_nothing_fails(store: FolderStore) -> None:
    with pytest.raises(PreconditionFailed):
        store.put("a", b"1", if_version="0")
    assert store.get("a") is None


def test_if_absent(store: FolderStore) -> None:
    store.put("a", b"1", if_absent=True)
    with pytest.raises(PreconditionFailed):
        store.put("a", b"1", if_absent=True)


def test_keys_are_listed_in_order_by_prefix(store: FolderStore) -> None:
    for key in ("b/2", "b/1/x", "b-1", "a", "b/10"):
        store.put(key, b"")
    assert list(store.list("")) == ["a", "b-1", "b/1/x", "b/10", "b/2"]
    assert list(store.list("b/1")) == ["b/1/x", "b/10"]
    assert list(store.list("b/")) == ["b/1/x", "b/10", "b/2"]
    assert list(store.list("nothing/here")) == []


def test_delete_leaves_no_empty_folders_and_is_happy_twice(store: FolderStore) -> None:
    store.put("clusters/demo/plans/1", b"x")
    store.put("clusters/other", b"x")
    store.delete("clusters/demo/plans/1")
    store.delete("clusters/demo/plans/1")
    assert list(store.list("")) == ["clusters/other"]
    assert not (store.root / "clusters" / "demo").exists()


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".", "./a", "a/./b", ".lock", ".aside/x", "a\0b"]
)
def test_a_key_stays_inside(store: FolderStore, key: str) -> None:
    for use in (store.get, store.delete, lambda name: store.put(name, b"")):
        with pytest.raises(UsageError, match="is no key"):
            use(key)


def test_a_symbolic_link_leads_nowhere_else(store: FolderStore, tmp_path: Path) -> None:
    store.put("a", b"")
    (tmp_path / "elsewhere").mkdir()
    (store.root / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="leads out"):
        store.put("link/x", b"")


@pytest.mark.parametrize("prefix", ["../", "/", "a/../../"])
def test_a_prefix_stays_inside(store: FolderStore, tmp_path: Path, prefix: str) -> None:
    store.put("a/b", b"")
    (tmp_path / "secret").write_text("x")
    assert list(store.list(prefix)) == []


def test_only_the_owner_reads(store: FolderStore) -> None:
    old = os.umask(0)
    try:
        store.put("a/b", b"x")
    finally:
        os.umask(old)
    modes = {path.relative_to(store.root).as_posix(): path.stat().st_mode & 0o777 for path in store.root.rglob("*")}
    assert modes == {".lock": 0o600, ".aside": 0o700, "a": 0o700, "a/b": 0o600}
    assert store.root.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a/b", "a")], ids=["below an object", "above one"])
def test_a_key_below_an_object_is_refused_by_name(store: FolderStore, first: str, second: str) -> None:
    store.put(first, b"")
    with pytest.raises(Unsupported, match="cannot hold both"):
        store.put(second, b"")


@pytest.mark.parametrize(
    ("number", "error"),
    [
        pytest.param(errno.ENOSPC, QuotaExceeded, id="full disk"),
        pytest.param(errno.EDQUOT, QuotaExceeded, id="full quota"),
        pytest.param(errno.EROFS, AuthDenied, id="read-only"),
        pytest.param(errno.EIO, StepFailed, id="broken disk"),
    ],
)
def test_a_failed_write_leaves_the_old_object(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    store.put("a", b"old")

    def fail(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(objects_folder.os, "fsync", fail)
    with pytest.raises(error, match=r"cannot write .*a: "):
        store.put("a", b"new")
    monkeypatch.undo()
    stored = store.get("a")
    assert stored is not None
    assert stored.data == b"old"
    assert not list((store.root / ".aside").iterdir())


def test_a_really_full_disk_leaves_the_old_object(tmp_path: Path) -> None:
    """A file size limit is the full disk that a test can have without being root."""
    code = f"""
import resource, signal
from pathlib import Path
from infra.errors import QuotaExceeded
from infra.objects_folder import FolderStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = FolderStore(Path({str(tmp_path)!r}))
store.put("a", b"old")
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    store.put("a", b"x" * 100_000)
except QuotaExceeded as error:
    assert "make room" in error.next_step
    print(store.get("a").data.decode(), list((store.root / ".aside").iterdir()))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert result.stdout == "old []\n"


def test_processes_that_compare_and_swap_lose_nothing(store: FolderStore) -> None:
    store.put("counter", b"0")
    command = [sys.executable, "-c", COUNT, str(store.root)]
    for process in [subprocess.Popen(command) for _ in range(PROCESSES)]:
        assert process.wait(timeout=120) == 0
    stored = store.get("counter")
    assert stored is not None
    assert int(stored.data) == PROCESSES * ADDITIONS


def test_threads_that_create_the_same_object_have_one_winner(store: FolderStore) -> None:
    won: list[int] = []

    def create(number: int) -> None:
        try:
            store.put("lock", str(number).encode(), if_absent=True)
            won.append(number)
        except PreconditionFailed:
            pass

    threads = [threading.Thread(target=create, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = store.get("lock")
    assert stored is not None
    assert [stored.data] == [str(number).encode() for number in won]


def test_a_writer_killed_at_any_moment_leaves_a_whole_object(store: FolderStore) -> None:
    for delay in (0.0, 0.001, 0.003, 0.007, 0.013):
        process = subprocess.Popen([sys.executable, "-c", WRITE, str(store.root)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
        process.stdout.close()
        stored = store.get("object")
        assert stored is not None
        assert len(stored.data) == 1_000_000
        assert len(set(stored.data)) == 1
    store.put("object", b"after", if_version=stored.version)
    assert list(store.list("")) == ["object"]
    assert not list((store.root / ".aside").iterdir())


def test_a_file_url_opens_a_folder(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}/state")
    store.put("a", b"1")
    assert (tmp_path / "state" / "a").read_bytes() == b"1"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param("file://host/folder", "three slashes", id="a machine"),
        pytest.param("/folder", "no state location", id="a path"),
        pytest.param("ftp://host/folder", "no store for ftp", id="an unknown scheme"),
    ],
)
def test_other_urls_are_refused(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        open_store(url)
