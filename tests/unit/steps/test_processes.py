"""Telling a dead lock holder from a living one."""

from __future__ import annotations

import os
import socket
import subprocess

from steps.common.ledger import Lock
from steps.common.processes import born, is_dead


def holder(pid: int, birth: str, host: str = "") -> Lock:
    return Lock("r", "ann", host or socket.gethostname(), pid, birth, "2026-01-01T00:00:00Z")


def test_we_live() -> None:
    assert not is_dead(holder(os.getpid(), born(os.getpid())))


def test_a_reused_pid_is_not_the_holder() -> None:
    assert is_dead(holder(os.getpid(), "1"))


def test_a_finished_process_is_dead_even_as_a_zombie() -> None:
    process = subprocess.Popen(["true"])
    birth = born(process.pid) or "0"
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(holder(process.pid, birth))
    process.wait()
    assert is_dead(holder(process.pid, birth))


def test_another_hosts_holder_is_never_called_dead() -> None:
    assert not is_dead(holder(1, "1", host="elsewhere"))
