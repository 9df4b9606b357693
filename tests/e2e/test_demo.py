"""The README's first command tells its whole story, on every cloud."""

from __future__ import annotations

import subprocess
import sys

from tests.support.cli import PROJECT


def test_the_demo_ends_with_nothing_left() -> None:
    done = subprocess.run([sys.executable, "-m", "tools.demo"], capture_output=True, text=True, cwd=PROJECT, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.count("nothing with its tag is left") == 3
    assert done.stdout.count("no changes") >= 3
    assert "simulated" in done.stdout
