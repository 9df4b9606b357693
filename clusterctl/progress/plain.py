"""Progress for logs: one line an event, with the time since the start, nothing that moves."""

from __future__ import annotations

import threading
from typing import TextIO

from clusterctl.progress.tracker import NEVER_RAN, Busy, Row, Tracker, View
from clusterctl.terminal import Style, duration, write

_REPEAT = 60.0
"""Seconds between two lines about the same long work."""
_DONE = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced", "read": "read"}


class PlainView(View):
    """Writes lines."""

    def __init__(self, stream: TextIO, style: Style, title: str) -> None:
        self._stream, self._style, self._title = stream, style, title
        self._tracker: Tracker | None = None
        self._told: dict[str, float] = {}
        self._write_lock = threading.RLock()

    def begin(self, tracker: Tracker) -> None:
        """Say what begins."""
        self._tracker = tracker
        self._line(self._style.bold(self._title))

    def phase(self, row: Row) -> None:
        """Say that a step began or how it ended."""
        if not row.pod or row.phase in NEVER_RAN:
            return
        took = self._style.dim(f" ({duration(row.elapsed)})")
        if row.failed:
            self._line(self._style.red(f"✗ {row.title}: failed{f', {row.message}' if row.message else ''}") + took)
        elif row.phase == "succeeded":
            self._line(self._style.green("✓ ") + f"{row.title}{f': {row.summary}' if row.summary else ''}" + took)
        elif not row.ended:
            self._line(f"  {row.title}{f': attempt {row.attempt}' if row.attempt > 1 else ''}")

    def resource(self, row: Row, busy: Busy, state: str, elapsed: float) -> None:
        """Say what was done; of long work, say now and then that it goes on."""
        if state == "done" and busy.action != "read":
            verb = _DONE.get(busy.action, busy.action)
            self._line(f"  {row.title}: {busy.address} {verb} ({duration(elapsed)}){_part(row)}")
        elif state == "failed":
            self._line(self._style.red(f"  {row.title}: {busy.address} {busy.action} failed ({duration(elapsed)})"))
        elif state == "progress" and elapsed - self._told.get(busy.address, 0.0) >= _REPEAT:
            self._told[busy.address] = elapsed
            self._line(f"  {row.title}: {busy.address} {busy.action}, {duration(elapsed)} so far")

    def message(self, row: Row, level: str, text: str) -> None:
        """Pass on what a step says."""
        self._line(f"  {row.title}: {self._style.yellow(f'warning: {text}') if level == 'warning' else text}")

    def _line(self, text: str) -> None:
        at = self._tracker.clock() - self._tracker.began if self._tracker else 0.0
        with self._write_lock:
            write(self._stream, f"{self._style.dim(_stamp(at))} {text}\n")


def _part(row: Row) -> str:
    return f" [{row.done}/{row.total}]" if row.total else ""


def _stamp(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
