"""Whether a recorded process still lives: a pid alone is reused, so its birth time is part of its name."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from steps.common.ledger import Lock


def born(pid: int) -> str:
    """Return when a process started (clock ticks since boot, from /proc/PID/stat field 22), or an empty text when it is gone.

    A zombie counts as gone. Where there is no /proc, a living process's birth is `alive`.
    """
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return ""
        except PermissionError:
            return "alive"
        return "alive"
    try:
        fields = stat.read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def holder_pid() -> int:
    """Return the pid of the process that stands for the whole run: the engine where it says so, else our own."""
    return int(os.environ.get("HERA_HOLDER_PID") or os.getpid())


def is_dead(lock: Lock) -> bool:
    """Tell whether a lock's holder is surely gone; a holder on another host never is."""
    return lock.host == socket.gethostname() and born(lock.pid) != lock.born
