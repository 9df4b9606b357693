"""Waits for something that another process does, and fails with a sentence when it does not come."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(done: Callable[[], object], otherwise: str, seconds: float = 60.0, pause: float = 0.05) -> float:
    """Wait until something holds; return how many seconds that took."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < seconds, f"{otherwise}; waited {seconds:.0f} s"
        time.sleep(pause)
    return time.monotonic() - began
