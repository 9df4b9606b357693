"""Start commands so that none is ever left alone: each in a session of its own, told when the engine dies.

A step may be in the middle of a terraform call. It is asked to stop with SIGTERM, once, and waited for; what it leaves behind
in its process group is waited for too, and killed only when the time of grace is over.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_PR_SET_PDEATHSIG = 1
_PROC = Path("/proc")
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Command:
    """What to start, and where its output goes."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    stdout: int
    stderr: int


class Running(Protocol):
    """A started command."""

    @property
    def pid(self) -> int:
        """Return the process's id, which is its group's too."""

    def poll(self) -> int | None:
        """Return the exit code once the process has ended; minus the signal that ended it."""


def die_with_parent(parent: int) -> None:
    """Ask the kernel for a SIGTERM when the parent dies; for use right after a fork, in the child."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)


def start(command: Command) -> subprocess.Popen[bytes]:
    """Start a command as a process.

    Raises:
        OSError: There is no such program, or it can't be started.
    """
    parent = os.getpid()
    return subprocess.Popen(
        list(command.arguments),
        env=dict(command.environment),
        cwd=command.folder,
        stdin=subprocess.DEVNULL,
        stdout=command.stdout,
        stderr=command.stderr,
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(parent),
    )


def ask_to_stop(pid: int) -> None:
    """Send SIGTERM to a process; one that is gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGTERM)


def alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and waits to be reaped does not."""
    if (_PROC / "self").exists():
        return _state(_PROC / str(pid)) is not None
    return _answers(os.kill, pid)


def group_alive(pid: int) -> bool:
    """Return whether anything of a process's group runs."""
    if not _answers(os.killpg, pid):
        return False
    # Where nobody reaps orphans (a container without an init), a group of the dead still answers.
    return not (_PROC / "self").exists() or any(_state(entry) == pid for entry in _PROC.iterdir() if entry.name.isdecimal())


def _answers(send: Callable[[int, int], None], pid: int) -> bool:
    try:
        send(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _state(entry: Path) -> int | None:
    """Return the group of a process that runs, from its entry in /proc."""
    with contextlib.suppress(OSError):
        state, _, group, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
        return None if state in "ZX" else int(group)
    return None


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to what is left of a process's group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
