"""What every long campaign shares: its seed is printed, it goes on where it was stopped, and it ends in a report."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from tests.support.cli import PROJECT

Result = TypeVar("Result")
"""A frozen dataclass of what came of one round."""


def arguments(description: str, rounds: int, jobs: int, report: str) -> argparse.ArgumentParser:
    """Return the options that every campaign takes."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--jobs", type=int, default=jobs, help="rounds played at once")
    parser.add_argument("--only", type=int, action="append", help="play just these rounds again, without a report")
    parser.add_argument("--report", type=Path, default=Path(report))
    parser.add_argument("--commit", default=commit())
    return parser


def commit() -> str:
    """Return the commit that is tried, short; `unknown` outside a repository."""
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=PROJECT)
    return done.stdout.strip() or "unknown"


class Numbered(Protocol):
    """A round or a batch."""

    @property
    def number(self) -> int:
        """Which one, the same for the same seed."""
        ...


Item = TypeVar("Item", bound=Numbered)


class Log(Generic[Result]):
    """The results so far, kept beside the campaign's working files, so that a campaign that was stopped goes on."""

    def __init__(self, name: str, options: argparse.Namespace, read: Callable[[dict[str, Any]], Result]) -> None:
        self.folder = Path(tempfile.gettempdir()) / f"hera-{name}-{options.seed}-{options.commit}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = self.folder / "results.jsonl"
        lines = self._file.read_text().splitlines() if self._file.is_file() and not options.only else []
        self.results = [read(json.loads(line)) for line in lines]
        print(f"seed {options.seed}, {len(self.results)} results from before", flush=True)

    @staticmethod
    def left(items: Iterable[Item], done: Container[int], only: Sequence[int] | None) -> list[Item]:
        """Return what is still to be played: all that is not done, or of that what was asked for."""
        return [item for item in items if item.number not in done and (not only or item.number in only)]

    def add(self, result: Any, line: str) -> None:
        """Keep a result and show it."""
        self.results.append(result)
        with self._file.open("a") as stream:
            stream.write(json.dumps(asdict(result)) + "\n")
        print(line, flush=True)


def write_report(path: Path, title: str, facts: Sequence[str], head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a campaign's figures as Markdown: the facts, then one row a round."""
    lines = [f"# {title}", "", *(line for fact in facts for line in (fact, "")), _row(head), _row(["---"] * len(head))]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, *(_row(row) for row in rows)]) + "\n")


def today() -> str:
    """Return the day for a report."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def in_a_cell(problems: Sequence[str]) -> str:
    """Return problems as one table cell."""
    return "; ".join(problems).replace("\n", " ").replace("|", "/")[:300] or "none"


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"
