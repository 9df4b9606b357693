"""Times whole commands, interleaved so that both sides see the same machine, and keeps medians."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One comparison: ours against a peer's, and what is allowed."""

    name: str
    ours: float
    peer: float
    peer_name: str
    limit: float
    unit: str = "s"
    note: str = ""

    @property
    def ratio(self) -> float:
        """Ours divided by the peer's."""
        return self.ours / self.peer

    @property
    def within(self) -> bool:
        """Whether the ratio keeps its budget."""
        return self.ratio <= self.limit

    def row(self) -> str:
        """The figure as a row of a Markdown table."""
        verdict = "yes" if self.within else "NO"
        return (
            f"| {self.name} | {self.ours:.3f} {self.unit} | {self.peer:.3f} {self.unit} ({self.peer_name}) | {self.ratio:.3f} "
            f"| {self.limit} | {verdict} | {self.note} |"
        )


def table(figures: Sequence[Figure]) -> str:
    """Return figures as a Markdown table."""
    head = "| what | ours | peer | ratio | budget | within | note |\n|---|---|---|---|---|---|---|\n"
    return head + "\n".join(figure.row() for figure in figures) + "\n"


def publish(text: str, figures: Sequence[Figure], report: Path, *, quick: bool = False) -> int:
    """Show a report, keep it unless it was a quick try, and return the exit code: 0 when it was or all budgets are kept."""
    print(text)
    if not quick:
        report.write_text(text)
    return 0 if quick or all(figure.within for figure in figures) else 1


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def command(arguments: Sequence[str], environment: Mapping[str, str] | None = None, codes: Sequence[int] = (0,)) -> float:
    """Return how long a command takes; it has to end with one of `codes`."""
    started = time.perf_counter()
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True)
    elapsed = time.perf_counter() - started
    if done.returncode not in codes:
        raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return elapsed


def pair(ours: Callable[[], float], peer: Callable[[], float], rounds: int) -> tuple[float, float]:
    """Return both medians of interleaved rounds."""
    left, right = [], []
    for _ in range(rounds):
        left.append(ours())
        right.append(peer())
    return statistics.median(left), statistics.median(right)
