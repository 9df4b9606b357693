"""Processes that outlive the command which starts them, known by pid and start time, since a pid alone is used again."""

from __future__ import annotations

import json
import os
import signal as signals
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PROC = Path("/proc")
_started: list[subprocess.Popen[bytes]] = []  # kept, so that nothing warns about children that are meant to live on


@dataclass(frozen=True)
class Record:
    """One process: its pid, when it started in clock ticks since the machine did, and what it was told."""

    pid: int
    started: int
    told: str = ""

    def save(self, path: Path) -> None:
        """Write the record, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}")
        aside.write_text(json.dumps(asdict(self)))
        aside.rename(path)

    @classmethod
    def load(cls, path: Path) -> Record | None:
        """Read a record; None when there is none."""
        try:
            data = json.loads(path.read_text())
            return cls(int(data["pid"]), int(data["started"]), str(data["told"]))
        except (OSError, ValueError, KeyError):
            return None

    @property
    def alive(self) -> bool:
        """Whether this very process runs: a zombie does not, nor does a later process of the same pid."""
        return started(self.pid) == self.started


def started(pid: int) -> int | None:
    """Return when a process started; None when it does not run."""
    try:
        # the command's name is in brackets and may hold anything; the fields after it are plain
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def launch(argv: Sequence[str], log: Path, environment: Mapping[str, str], told: str = "") -> Record:
    """Start a program in a session of its own, with its output in `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            env=dict(environment),
        )
    _started.append(process)
    return Record(process.pid, started(process.pid) or 0, told)


def reap() -> None:
    """Take leave of children that have ended, so that they are no zombies."""
    _started[:] = [process for process in _started if process.poll() is None]


def everything() -> list[int]:
    """List the pids of all processes."""
    return [int(path.name) for path in PROC.iterdir() if path.name.isdigit()]


def with_argument(argument: str) -> list[int]:
    """List the processes that have exactly this among their arguments."""

    def has(pid: int) -> bool:
        try:
            return argument.encode() in (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False

    return [pid for pid in everything() if pid != os.getpid() and has(pid)]


def in_network(namespace: Path) -> list[int]:
    """List the processes whose network is this namespace."""
    try:
        wanted = namespace.stat()
    except OSError:
        return []

    def inside(pid: int) -> bool:
        try:
            found = (PROC / str(pid) / "ns" / "net").stat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)

    return [pid for pid in everything() if pid != os.getpid() and inside(pid)]


def kill(pids: Iterable[int], patience: float = 5.0) -> None:
    """Kill processes and wait until they are gone."""
    left = {pid: when for pid in pids if (when := started(pid)) is not None}
    for pid in left:
        try:
            os.kill(pid, signals.SIGKILL)
        except ProcessLookupError:
            continue
    until = time.monotonic() + patience
    while any(started(pid) == when for pid, when in left.items()) and time.monotonic() < until:
        time.sleep(0.02)
    reap()
