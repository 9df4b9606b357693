"""The command line as a person meets it: on a terminal, asked for approval, stopping a run with Ctrl-C and going on later."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.simulator.cloud import SimulatedCloud
from tests.support.cli import EXAMPLES, PROJECT, Cli
from tests.support.inventory import difference

SPEC = EXAMPLES / "gcp-dev.yaml"
NAME = re.search(r"name: (\S+)", SPEC.read_text())[1]  # type: ignore[index]


class Terminal:
    """A process on a pseudo-terminal, driven by what it shows."""

    def __init__(self, cli: Cli, *arguments: str | Path, **extra: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        environment = cli.environment(TERM="xterm-256color", **extra)
        self.process = subprocess.Popen(
            cli.command(*arguments), stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=PROJECT,
            preexec_fn=lambda: (os.setsid(), fcntl.ioctl(slave, termios.TIOCSCTTY, 0)),
        )  # fmt: skip
        os.close(slave)
        self.text = ""

    def until(self, words: str, seconds: float = 120) -> None:
        """Read until it has shown something."""
        end = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < end and self._read(), f"never showed {words!r}:\n{self.text}"

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait(self, seconds: float = 120) -> int:
        """Read to the end and return the exit code."""
        end = time.monotonic() + seconds
        while self._read():
            assert time.monotonic() < end, self.text
        return self.process.wait(10)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 1)
        if not ready:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.text += data.decode(errors="replace")
        return bool(data)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)


@pytest.fixture
def opened(cli: Cli) -> Iterator[list[Terminal]]:
    terminals: list[Terminal] = []
    yield terminals
    for terminal in terminals:
        terminal.close()


def open_terminal(opened: list[Terminal], cli: Cli, *arguments: str | Path, **extra: str) -> Terminal:
    opened.append(Terminal(cli, *arguments, **extra))
    return opened[-1]


def test_create_asks_once_and_delete_asks_for_the_name(cli: Cli, opened: list[Terminal]) -> None:
    refused = open_terminal(opened, cli, "create", "cluster", "-f", SPEC, "--simulate")
    refused.until("goes on:")
    refused.type("no\n")
    assert refused.wait() == 85
    assert not SimulatedCloud(cli.simulation / "cloud").objects()

    create = open_terminal(opened, cli, "create", "cluster", "-f", SPEC, "--simulate")
    create.until("goes on:")
    assert "Security: look at these first" in create.text and "a month" in create.text
    create.type("yes\n")
    assert create.wait() == 0
    assert create.text.count("goes on:") == 1
    assert f"{NAME} is ready" in create.text and "simulated" in create.text
    assert create.text.count("\x1b[?25l") == create.text.count("\x1b[?25h")

    wrong = open_terminal(opened, cli, "delete", "cluster", NAME)
    wrong.until("to go on:")
    wrong.type("other\n")
    assert wrong.wait() == 85
    delete = open_terminal(opened, cli, "delete", "cluster", NAME)
    delete.until("to go on:")
    delete.type(f"{NAME}\n")
    assert delete.wait() == 0
    assert not SimulatedCloud(cli.simulation / "cloud").objects()


def slow(cli: Cli) -> None:
    """Let calls take long enough to be interrupted."""
    cli.run("simulator", "latency", "0.02").ok()


def test_ctrl_c_stops_cleanly_and_resume_goes_on(cli: Cli, opened: list[Terminal]) -> None:
    slow(cli)
    create = open_terminal(opened, cli, "create", "cluster", "-f", SPEC, "--simulate", "--yes")
    create.until("creating")
    create.type("\x03")
    assert create.wait() == 82
    assert "stopping:" in create.text and f"clusterctl resume cluster {NAME}" in create.text
    assert "Traceback" not in create.text and create.text.count("\x1b[?25l") == create.text.count("\x1b[?25h")
    status = cli.run("describe", "cluster", NAME, "-o", "json").ok().json()
    assert status["lock"] is None and status["run"]["phase"] == "interrupted"
    cli.run("resume", "cluster", NAME).ok()
    assert difference(cli.simulation, NAME) == []
    assert cli.run("plan", "cluster", "-f", SPEC, "--simulate").code == 0


@pytest.mark.parametrize("how", ["SIGTERM", "--timeout"])
def test_stopped_without_terminal(cli: Cli, tmp_path: Path, how: str) -> None:
    slow(cli)
    log = tmp_path / "log"
    limit = ["--timeout", "5s"] if how == "--timeout" else []
    process = cli.start("create", "cluster", "-f", SPEC, "--simulate", "--yes", *limit, log=log)
    if how == "SIGTERM":
        end = time.monotonic() + 60
        while "created" not in log.read_text() and time.monotonic() < end:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
    assert process.wait(120) == (82 if how == "SIGTERM" else 81)
    assert f"clusterctl resume cluster {NAME}" in log.read_text()
    cli.run("resume", "cluster", NAME).ok()
    assert difference(cli.simulation, NAME) == []


def test_plain_output_has_no_escape_sequences(cli: Cli) -> None:
    done = cli.run("create", "cluster", "-f", SPEC, "--simulate", "--yes").ok()
    assert "\x1b" not in done.out + done.err
    engine, *lines = done.err.splitlines()
    assert engine.startswith("Engine: local")
    assert all(re.match(r"\d\d:\d\d ", line) for line in lines if line)
    created = [line for line in lines if " created (" in line]
    assert len(created) == len(set(created)) > 40
