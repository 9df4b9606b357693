from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from clusterctl.progress.live import LiveView
from clusterctl.progress.plain import PlainView
from clusterctl.progress.tracker import Tracker, View, title_of
from clusterctl.terminal import Style
from workflows.local.api import NodeEvent, Phase


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def event(
    node: str, phase: Phase, *, elapsed: float = 0, outputs: Mapping[str, str] = {}, kind: str = "Pod", folder: Path = Path()
) -> NodeEvent:  # noqa: B006, E501
    return NodeEvent(node, node, phase, "", elapsed, 1, {}, outputs, folder, kind)


def drive(tracker: Tracker, clock: Clock) -> None:
    """A small run: a plan, then an apply with two resources of which one fails."""
    tracker.view.begin(tracker)
    tracker.node(event("create", Phase.RUNNING, kind="DAG"))
    tracker.node(event("network-plan", Phase.RUNNING))
    tracker.line("network-plan", json.dumps({"event": "stage", "stage": "network", "phase": "plan", "message": "looking"}))
    tracker.line("network-plan", json.dumps({"event": "terraform", "command": "plan", "seconds": 1.5}))
    clock.now += 2
    tracker.node(event("network-plan", Phase.SUCCEEDED, elapsed=2, outputs={"summary": "network: 2 to create"}))
    tracker.node(event("network-approval", Phase.SKIPPED, kind="Skipped"))
    tracker.node(event("network-apply", Phase.RUNNING))
    for address in ("aws_vpc.a", "aws_eip.b\x1b[2J"):
        line = {"event": "resource", "address": address, "action": "create", "state": "start", "elapsed": 0}
        tracker.line("network-apply", json.dumps(line))
    tracker.line("network-apply", json.dumps({"event": "progress", "done": 0, "total": 2}))
    clock.now += 63
    for state, address, elapsed in (
        ("done", "aws_vpc.a", 3.2),
        ("progress", "aws_eip.b\x1b[2J", 61),
        ("failed", "aws_eip.b\x1b[2J", 63),
    ):
        line = {"event": "resource", "address": address, "action": "create", "state": state, "elapsed": elapsed}
        tracker.line("network-apply", json.dumps(line))
    tracker.line("network-apply", json.dumps({"event": "warning", "message": "slow"}))
    tracker.line("network-apply", "not json")
    tracker.line("network-apply", json.dumps({"event": "error", "code": "QUOTA_EXCEEDED", "message": "no", "time": "x"}))
    tracker.node(event("network-apply", Phase.FAILED, elapsed=63))
    tracker.view.end()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_plain_lines(clock: Clock) -> None:
    stream = io.StringIO()
    drive(Tracker(PlainView(stream, Style(False), "Building shop"), clock), clock)
    assert stream.getvalue().splitlines() == [
        "00:00 Building shop",
        "00:00   network plan",
        "00:02 ✓ network plan: 2 to create (2.0s)",
        "00:02   network apply",
        "01:05   network apply: aws_vpc.a created (3.2s) [1/2]",
        "01:05   network apply: aws_eip.b\\x1b[2J create, 1m 01s so far",
        "01:05   network apply: aws_eip.b\\x1b[2J create failed (1m 03s)",
        "01:05   network apply: warning: slow",
        "01:05   network apply: not json",
        "01:05 ✗ network apply: failed, QUOTA_EXCEEDED: no (1m 03s)",
    ]


def test_tracker_keeps_what_the_end_needs(clock: Clock) -> None:
    tracker = Tracker(View(), clock)
    drive(tracker, clock)
    assert tracker.error == {"code": "QUOTA_EXCEEDED", "message": "no"}
    assert tracker.terraform == 1.5
    assert tracker.stage_seconds() == {"network plan": 2, "network apply": 63}
    assert tracker.warnings == ["slow"]


def test_tracker_finds_plans(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "plan.json").write_text("{}")
    tracker = Tracker(View(), clock)
    tracker.node(event("plan", Phase.SUCCEEDED, folder=tmp_path))
    assert tracker.plans == [tmp_path / "artifacts" / "plan.json"]


def test_live_view_draws_what_runs_and_leaves_a_clean_screen(clock: Clock) -> None:
    stream = io.StringIO()
    view = LiveView(stream, Style(False), "Building shop", period=3600)
    tracker = Tracker(view, clock)
    view.begin(tracker)
    tracker.node(event("network-apply", Phase.RUNNING))
    for number in range(5):
        clock.now += 1
        line = {"event": "resource", "address": f"aws_x.y[{number}]", "action": "create", "state": "start"}
        tracker.line("network-apply", json.dumps(line))
    tracker.line("network-apply", json.dumps({"event": "progress", "done": 5, "total": 10}))
    assert view.lines(80) == [
        "⠋ network apply       5.0s  ━━━━━━━━━━────────── 5/10",
        "    aws_x.y[0] creating 4.0s",
        "    aws_x.y[1] creating 3.0s",
        "    aws_x.y[2] creating 2.0s",
        "    and 2 more",
        "  5.0s elapsed",
    ]
    view.draw()
    tracker.node(event("network-apply", Phase.SUCCEEDED, elapsed=5, outputs={"summary": "done"}))
    assert view.lines(80) == ["  5.0s elapsed"]
    view.end()
    text = stream.getvalue()
    assert "\x1b[6F\x1b[J" in text and text.endswith("\x1b[?25h")
    assert "✓ network apply       5.0s  done" in text


@pytest.mark.parametrize("limit", [20, 40, 80])
def test_live_lines_fit_the_terminal(clock: Clock, limit: int) -> None:
    view = LiveView(io.StringIO(), Style(False), "t", period=3600)
    tracker = Tracker(view, clock)
    view.begin(tracker)
    tracker.node(event("cluster-apply", Phase.RUNNING))
    line = {"event": "resource", "address": "module.cluster." * 20, "action": "create", "state": "start"}
    tracker.line("cluster-apply", json.dumps(line))
    tracker.line("cluster-apply", json.dumps({"event": "note", "message": "word " * 100}))
    busy = view.lines(limit)[1]
    view.end()
    assert len(busy) <= max(limit, 30)


@pytest.mark.parametrize(
    ("node", "title"),
    [("network-apply", "network apply"), ("create-1.network-plan(0)", "network plan"), ("x\x1b[2J", "x\\x1b[2J")],
)
def test_titles(node: str, title: str) -> None:
    assert title_of(node) == title


def link(step: str, state: str, **fields: object) -> str:
    return json.dumps({"event": "link", "step": step, "state": state, **fields})


def test_a_chain_is_shown_by_its_links() -> None:
    clock, stream = Clock(), io.StringIO()
    tracker = Tracker(PlainView(stream, Style(False), "Building"), clock)
    tracker.view.begin(tracker)
    tracker.node(event("plan-network", Phase.RUNNING))
    for line in (
        link("admit", "running"),
        link("admit", "succeeded", seconds=1.0),
        link("network-plan", "running"),
        json.dumps({"event": "stage", "stage": "network", "phase": "plan", "step": "network-plan"}),
        link("network-plan", "succeeded", seconds=2.0, summary="network: 2 to create"),
    ):
        tracker.line("plan-network", line)
    tracker.node(event("plan-network", Phase.SUCCEEDED, elapsed=3.5))
    said = stream.getvalue()
    assert "✓ admit (1.0s)" in said and "✓ network plan: 2 to create (2.0s)" in said and "✓ plan network" not in said
    assert tracker.stage_seconds() == {"admit": 1.0, "network plan": 2.0}


def test_a_killed_chain_fails_the_link_it_was_in() -> None:
    clock, stream = Clock(), io.StringIO()
    tracker = Tracker(PlainView(stream, Style(False), "Building"), clock)
    tracker.view.begin(tracker)
    tracker.node(event("apply-network", Phase.RUNNING))
    tracker.line("apply-network", link("network-apply", "running"))
    clock.now += 4
    tracker.node(event("apply-network", Phase.FAILED, elapsed=5))
    assert "✗ network apply: failed (4.0s)" in stream.getvalue() and "✗ apply network" not in stream.getvalue()
