"""Progress for a terminal: finished steps scroll away as lines, running ones are redrawn below them ten times a second."""

from __future__ import annotations

import threading
from typing import TextIO

from clusterctl.progress.tracker import NEVER_RAN, Busy, Row, Tracker, View
from clusterctl.terminal import Style, columns, duration, shorten, width, write

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PERIOD = 0.1
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"
"""A line longer than the terminal is cut by it: a wrapped one would not be wiped whole."""
_TITLE = 16
_BAR = 20
_BUSY_LINES = 3
"""Resources shown at once for a step; the longest-running ones, since they are what everybody waits for."""
_GERUND = {"create": "creating", "update": "updating", "delete": "deleting", "replace": "replacing", "read": "reading"}


class LiveView(View):
    """Redraws a few lines at the bottom of the terminal."""

    def __init__(self, stream: TextIO, style: Style, title: str, period: float = _PERIOD) -> None:
        self._stream, self._style, self._title, self._period = stream, style, title, period
        self._tracker: Tracker | None = None
        self._drawn = 0
        self._frame = 0
        self._settled: set[str] = set()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, tracker: Tracker) -> None:
        """Start drawing."""
        self._tracker = tracker
        write(self._stream, f"{self._style.bold(self._title)}\n\x1b[?25l")
        self._start()

    def phase(self, row: Row) -> None:
        """Let a finished step scroll away."""
        if row.ended and row.node not in self._settled and row.pod and row.phase not in NEVER_RAN:
            self._settled.add(row.node)
            self._above(self._ended(row))
        elif not row.ended:
            self._settled.discard(row.node)

    def resource(self, row: Row, busy: Busy, state: str, elapsed: float) -> None:
        """Keep what failed on the screen; the rest is in the redrawn lines."""
        if state == "failed":
            self._above(self._style.red(f"  ✗ {busy.address}: {busy.action} failed after {duration(elapsed)}"))

    def message(self, row: Row, level: str, text: str) -> None:
        """Show warnings above; notes only pass by."""
        if level == "warning":
            self._above(self._style.yellow(f"  ! {row.title}: {text}"))
        else:
            row.message = text

    def pause(self) -> None:
        """Wipe the moving lines and give the cursor back."""
        self._halt()
        self._wipe()
        write(self._stream, "\x1b[?25h")

    def resume(self) -> None:
        """Draw again below whatever was asked."""
        write(self._stream, "\x1b[?25l")
        self._start()

    def end(self) -> None:
        """Leave a clean terminal."""
        self.pause()

    def _start(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._loop, name="progress", daemon=True)
        self._thread.start()

    def _halt(self) -> None:
        self._stop.set()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(timeout=2)

    def _loop(self) -> None:
        while not self._stop.wait(self._period):
            self.draw()

    def draw(self) -> None:
        """Redraw the moving lines."""
        assert self._tracker is not None
        with self._tracker.lock:
            self._frame += 1
            lines = self.lines(columns())
            self._wipe()
            write(self._stream, _NO_WRAP + "".join(f"{line}\x1b[K\n" for line in lines) + _WRAP)
            self._drawn = len(lines)

    def lines(self, limit: int) -> list[str]:
        """Return what is redrawn: running steps, what they are busy with, the total time."""
        assert self._tracker is not None
        found: list[str] = []
        for row in self._tracker.rows.values():
            if not row.ended and row.pod:
                found += [self._running(row, limit), *self._busy(row, limit)]
        total = duration(self._tracker.clock() - self._tracker.began)
        return [*found, self._style.dim(f"  {total} elapsed")]

    def _running(self, row: Row, limit: int) -> str:
        assert self._tracker is not None
        took = duration(self._tracker.clock() - row.started if row.started else 0.0)
        head = f"{self._style.cyan(_FRAMES[self._frame % len(_FRAMES)])} {row.title:<{_TITLE}} {took:>7}  "
        if row.total:
            return head + f"{self._bar(row)} {row.done}/{row.total}"
        return head + self._style.dim(shorten(row.message, max(limit - width(head), 1)))

    def _bar(self, row: Row) -> str:
        full = min(_BAR, _BAR * row.done // row.total)
        return self._style.green("━" * full) + self._style.dim("─" * (_BAR - full))

    def _busy(self, row: Row, limit: int) -> list[str]:
        assert self._tracker is not None
        waiting = sorted(row.busy.values(), key=lambda busy: busy.since)
        lines = []
        for busy in waiting[:_BUSY_LINES]:
            tail = f" {_GERUND.get(busy.action, busy.action)} {duration(self._tracker.clock() - busy.since)}"
            lines.append(self._style.dim(f"    {shorten(busy.address, max(limit - len(tail) - 5, 8))}{tail}"))
        more = len(waiting) - _BUSY_LINES
        return lines + ([self._style.dim(f"    and {more} more")] if more > 0 else [])

    def _ended(self, row: Row) -> str:
        mark = self._style.red("✗") if row.failed else self._style.green("✓")
        said = row.message if row.failed else row.summary or _counted(row)
        took = f"{duration(row.elapsed):>7}"
        return f"{mark} {row.title:<{_TITLE}} {self._style.dim(took)}  {self._style.red(said) if row.failed else said}".rstrip()

    def _above(self, text: str) -> None:
        self._wipe()
        write(self._stream, f"{text}\x1b[K\n")

    def _wipe(self) -> None:
        if self._drawn:
            write(self._stream, f"\x1b[{self._drawn}F\x1b[J")
            self._drawn = 0


def _counted(row: Row) -> str:
    done = {"create": "created", "update": "updated", "delete": "deleted"}
    return ", ".join(f"{count} {done[action]}" for action, count in row.counts.items() if action in done)
