"""Runs `clusterctl` as a user does: a process, an environment of its own, exit code and both streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = PROJECT / "examples"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def ok(self) -> Done:
        assert self.code == 0, f"exit {self.code}\n{self.out}\n{self.err}"
        return self


@dataclass(frozen=True)
class Cli:
    """A user with a HERA_HOME."""

    home: Path

    def environment(self, **extra: str) -> dict[str, str]:
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("HERA_", "TF_", "AWS_", "ARM_", "GOOGLE_"))
        }
        return {**kept, "HERA_HOME": str(self.home), "NO_COLOR": "1", **extra}

    def command(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "clusterctl", *map(str, arguments)]

    def run(self, *arguments: str | Path, stdin: str = "", timeout: float = 300, **extra: str) -> Done:
        done = subprocess.run(
            self.command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment(**extra),
            cwd=PROJECT,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str | Path, log: Path, **extra: str) -> subprocess.Popen[bytes]:
        stream = log.open("ab")
        # A shell without job control has its background jobs ignore Ctrl-C, and so would everything below them.
        return subprocess.Popen(
            ["env", "--default-signal=INT", *self.command(*arguments)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=self.environment(**extra),
            cwd=PROJECT,
            start_new_session=True,
        )

    @property
    def simulation(self) -> Path:
        return self.home / "simulation"
