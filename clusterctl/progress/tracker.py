"""The record of a run: what each node does, how far it is, what it is busy with. Knows nothing of terminals.

The engine calls `node` and `line` from whichever thread has something to say; views are told under one lock.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusterctl.terminal import one_line

if TYPE_CHECKING:
    from workflows.local.api import NodeEvent

ENDED = {"succeeded", "failed", "error", "skipped", "omitted", "suspended"}
FAILED = {"failed", "error"}
_ERROR = 140
"""Characters of an error in a step's line; the whole of it is shown at the end."""
NEVER_RAN = {"skipped", "omitted"}


CHAINS = {"plan-network", "apply-network", "apply-cluster", "apply-platform", "delete-cluster", "find-drift"}
"""Templates of containers that several steps share: what they do is told step by step."""


@dataclass
class Busy:
    """A resource that is being worked on."""

    address: str
    action: str
    since: float


@dataclass
class Row:
    """One node: what it is called, where it is, what it did."""

    node: str
    title: str
    phase: str = "running"
    stage: str = ""
    work: str = ""
    started: float = 0.0
    elapsed: float = 0.0
    attempt: int = 0
    done: int = 0
    total: int = 0
    message: str = ""
    summary: str = ""
    busy: dict[str, Busy] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    folder: Path | None = None
    error: str = ""
    pod: bool = False
    """Whether it works itself, instead of holding or asking."""
    links: list[Row] = field(default_factory=list)
    """The steps that share its container; they are shown instead of it."""

    @property
    def ended(self) -> bool:
        """Whether nothing more comes from this node."""
        return self.phase in ENDED

    @property
    def failed(self) -> bool:
        """Whether it went wrong."""
        return self.phase in FAILED


class View:
    """Shows nothing; what the other views implement."""

    def begin(self, tracker: Tracker) -> None:
        """Hear that a run begins."""

    def phase(self, row: Row) -> None:
        """Hear that a node began or ended."""

    def resource(self, row: Row, busy: Busy, state: str, elapsed: float) -> None:
        """Hear that a resource was begun, goes on, was done or failed."""

    def message(self, row: Row, level: str, text: str) -> None:
        """Hear what a node says; `level` is `note` or `warning`."""

    def pause(self) -> None:
        """Somebody is asked something: leave the terminal alone."""

    def resume(self) -> None:
        """Go on: the answer is there."""

    def end(self) -> None:
        """Stop: the run is over."""


class Tracker:
    """Follows a run (the engine's `Observer`) and tells a view."""

    def __init__(self, view: View, clock: Callable[[], float] = time.monotonic) -> None:
        self.view, self.clock = view, clock
        self.rows: dict[str, Row] = {}
        self.plans: list[Path] = []
        self.error: dict[str, Any] | None = None
        self.terraform = 0.0
        self._expected: dict[str, int] = {}
        self.waited = 0.0
        self.warnings: list[str] = []
        self.lock = threading.RLock()
        self.began = clock()

    def node(self, event: NodeEvent) -> None:
        """Take in that a node began or ended."""
        phase = str(event.phase).lower()
        if phase == "pending":
            return
        with self.lock:
            row = self.rows.setdefault(event.node, Row(event.node, title_of(event.node, event.template)))
            new = not row.started or phase != row.phase or event.attempt != row.attempt
            row.started = row.started or self.clock()
            error = next((item.error for item in (row, *row.links) if item.error), "")
            if event.attempt != row.attempt and error:
                self.view.message(row, "warning", f"attempt {row.attempt} ended with {error}; trying again")
                for item in (row, *row.links):
                    item.error = ""
            row.pod = event.kind == "Pod" and not row.links
            row.phase, row.attempt, row.elapsed = phase, event.attempt, event.elapsed
            row.message, row.folder = row.error or one_line(event.message or ""), event.folder
            if row.ended:
                self._finish(row, event.outputs)
                self._end_links(row)
            if new and not (event.template in CHAINS and not row.ended):
                self.view.phase(row)

    def _end_links(self, row: Row) -> None:
        """End the link that was at work when its container went away without a word."""
        for link in row.links:
            if not link.ended:
                link.phase, link.elapsed, link.message = row.phase, self.clock() - link.started, row.message
                self.view.phase(link)

    def _finish(self, row: Row, outputs: Mapping[str, str]) -> None:
        row.busy.clear()
        row.summary = one_line(outputs.get("summary", "")).removeprefix(f"{row.stage}: ")
        plan = row.folder / "artifacts" / "plan.json" if row.folder else None
        if plan and plan.is_file() and plan not in self.plans:
            self.plans.append(plan)
            self._expect(plan)

    def _expect(self, plan: Path) -> None:
        """Remember how many objects each stage's apply will work on; terraform does not say it of a kept plan."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            for stage in json.loads(plan.read_text())["stages"]:
                self._expected[stage["stage"]] = sum(1 + (c["action"] == "replace") for c in stage["changes"])

    def line(self, node: str, text: str) -> None:
        """Take in one line of a step's output; what is no event is a note."""
        try:
            event = json.loads(text)
        except ValueError:
            event = None
        if not isinstance(event, dict) or "event" not in event:
            kind = "warning" if text.startswith("stopping:") else "note"
            event = {"event": kind, "message": text.rstrip()}
        handler = getattr(self, f"_on_{event['event']}", None)
        with self.lock:
            row = self._speaker(node, one_line(event.get("step", "")))
            if handler is not None:
                handler(row, event)
            if row.error and node in self.rows:
                self.rows[node].error = row.error

    def _speaker(self, node: str, step: str) -> Row:
        """Return the row of whoever speaks: a link of a chain has one of its own, once a try."""
        row = self.rows.get(node) or Row(node, title_of(node))
        if not step:
            return row
        key = f"{node}/{step}" if row.attempt <= 1 else f"{node}/{step}({row.attempt})"
        if key not in self.rows:
            link = Row(key, title_of(step), started=self.clock(), attempt=row.attempt, pod=True)
            self.rows[key], row.pod = link, False
            row.links.append(link)
        return self.rows[key]

    def _on_link(self, row: Row, event: Mapping[str, Any]) -> None:
        row.phase = one_line(event.get("state", "running"))
        if row.ended:
            row.busy.clear()
            row.elapsed, row.message = float(event.get("seconds") or 0.0), row.error
            row.summary = one_line(event.get("summary", "")).removeprefix(f"{row.stage}: ")
        self.view.phase(row)

    def _on_stage(self, row: Row, event: Mapping[str, Any]) -> None:
        row.stage, row.work = one_line(event.get("stage", "")), one_line(event.get("phase", ""))
        if row.work == "apply":
            row.total = self._expected.get(row.stage, row.total)

    def _on_resource(self, row: Row, event: Mapping[str, Any]) -> None:
        address, state = one_line(event.get("address", "")), str(event.get("state", ""))
        busy = row.busy.setdefault(address, Busy(address, one_line(event.get("action", "")), self.clock()))
        if state in ("done", "failed"):
            row.busy.pop(address, None)
            row.counts[busy.action if state == "done" else "failed"] += 1
            row.done += state == "done" and busy.action != "read"
        self.view.resource(row, busy, state, float(event.get("elapsed") or 0.0))

    def _on_progress(self, row: Row, event: Mapping[str, Any]) -> None:
        row.done, row.total = max(row.done, int(event.get("done") or 0)), max(row.total, int(event.get("total") or 0))

    def _on_terraform(self, row: Row, event: Mapping[str, Any]) -> None:
        self.terraform += float(event.get("seconds") or 0.0)

    def _on_note(self, row: Row, event: Mapping[str, Any]) -> None:
        self.view.message(row, "note", one_line(event.get("message", "")))

    def _on_warning(self, row: Row, event: Mapping[str, Any]) -> None:
        text = one_line(event.get("message", ""))
        if text not in self.warnings:
            self.warnings.append(text)
            self.view.message(row, "warning", text)

    def _on_error(self, row: Row, event: Mapping[str, Any]) -> None:
        self.error = {key: value for key, value in event.items() if key not in ("event", "time")}
        lines = str(event.get("message", "")).splitlines()
        text = one_line(f"{event.get('code', '')}: {lines[0] if lines else ''}")
        row.error = text if len(text) <= _ERROR else text[: _ERROR - 1] + "…"

    def stage_seconds(self) -> dict[str, float]:
        """Return how long each node that worked took, in order: what the summary at the end shows."""
        with self.lock:
            return {row.title: row.elapsed for row in self.rows.values() if row.pod and row.ended and row.phase not in NEVER_RAN}


def title_of(node: str, template: str = "") -> str:
    """Return a node's name as people read it: `create.network-apply(1)` is `network apply`, an exit handler is its template."""
    if node.endswith("onExit") and template:
        node = template
    last = one_line(node).split(".")[-1].split("/")[-1]
    return last.split("(")[0].replace("-", " ").strip() or one_line(node)
