"""A process is known by pid and start time; a zombie, or another process of the same pid, does not count."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.host import processes
from infra.host.processes import Record, launch, started
from tests.support.waiting import until


@pytest.fixture
def sleeper(tmp_path: Path) -> Record:
    return launch([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"], tmp_path / "log", os.environ)


def test_a_started_process_is_alive_in_a_session_of_its_own_until_killed(sleeper: Record) -> None:
    assert sleeper.alive
    assert os.getsid(sleeper.pid) == sleeper.pid
    processes.kill([sleeper.pid])
    assert not sleeper.alive


def test_output_is_added_to_the_log(tmp_path: Path) -> None:
    for _ in range(2):
        record = launch(["sh", "-c", "echo line; echo error >&2"], tmp_path / "logs" / "part.log", os.environ)
        while record.alive:
            time.sleep(0.01)
    assert (tmp_path / "logs" / "part.log").read_text() == "line\nerror\n" * 2


def test_a_zombie_does_not_run() -> None:
    with subprocess.Popen(["true"]) as process:
        while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)
        assert started(process.pid) is None


def test_a_later_process_of_the_same_pid_is_another(sleeper: Record) -> None:
    assert not Record(sleeper.pid, sleeper.started - 1).alive
    processes.kill([sleeper.pid])


def test_a_record_is_read_back(tmp_path: Path) -> None:
    Record(12, 34, "told").save(tmp_path / "processes" / "part.json")
    assert Record.load(tmp_path / "processes" / "part.json") == Record(12, 34, "told")


@pytest.mark.parametrize("content", [None, "", "{", '{"pid": 1}'], ids=["absent", "empty", "half", "incomplete"])
def test_what_is_no_record_is_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "part.json").write_text(content)
    assert Record.load(tmp_path / "part.json") is None


def test_processes_are_found_by_an_argument(sleeper: Record) -> None:
    told = Path(f"/proc/{sleeper.pid}/cmdline")
    until(lambda: told.read_text().count("\0") >= 3, "the program never began", pause=0.01)  # Popen may return before exec
    text = told.read_text().split("\0")[2]
    assert sleeper.pid in processes.with_argument(text)
    assert sleeper.pid not in processes.with_argument(text[:-1])
    processes.kill([sleeper.pid])
