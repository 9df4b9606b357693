"""What is asked of the machine and read from it: locks that may be removed, packages, settings."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from infra.host import machine


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine, "RUN", tmp_path / "run")
    return tmp_path / "run"


def test_a_lock_holds_although_its_holder_removes_it(run: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with machine.locked("one"):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.005)
            inside.remove(number)
            machine.remove_lock("one")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8
    assert list(run.iterdir()) == []


def test_an_error_inside_a_lock_comes_out(run: Path) -> None:
    with pytest.raises(FileNotFoundError), machine.locked("one"):
        raise FileNotFoundError("mine")


def test_missing_programs_are_named_by_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "search_path", lambda: str(tmp_path))
    monkeypatch.setattr(machine, "CNI_FOLDERS", (tmp_path / "cni",))
    for program in ("ip", "nsenter", "iptables"):
        (tmp_path / program).touch(mode=0o755)
    assert machine.missing_packages() == ["containerd", "containernetworking-plugins", "runc"]


def test_settings_are_set_back_only_once_recorded(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = tmp_path / "sys"
    for name in machine.CHANGED:
        (system / name).parent.mkdir(parents=True, exist_ok=True)
        (system / name).write_text("7\n")
    run.mkdir()
    monkeypatch.setattr(machine, "SYS", system)
    monkeypatch.setattr(machine, "SETTINGS", run / ".settings.json")
    machine.restore_settings()
    machine.remember_settings()
    assert (system / machine.INSTANCES).read_text() == str(machine.ENOUGH_INSTANCES)
    machine.remember_settings()
    (system / "kernel/panic").write_text("10")
    machine.restore_settings()
    assert {(system / name).read_text().strip() for name in machine.CHANGED} == {"7"}
    assert list(run.iterdir()) == []
