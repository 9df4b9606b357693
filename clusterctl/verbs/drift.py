"""Compare the real world with what was applied, per stage; nothing is changed.

Exit codes: 0 no drift; 2 there is drift.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clusterctl import clusters, flags, pipelines, plan_view
from clusterctl.console import Console, console_of, document
from clusterctl.terminal import one_line
from infra.plans.summary import AttributeChange, Change

DRIFT = 2


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_name(parser)
    flags.add_simulate(parser, "look only on the simulator")
    flags.add_output(parser)
    flags.add_timeout(parser)
    parser.add_argument("--full", action="store_true", help="every changed attribute")


def run(args: Namespace) -> int:
    """Ask the pipeline and show what it found."""
    console, found = console_of(args), clusters.get(args, args.name)
    again = f"clusterctl drift cluster {args.name}"
    title = f"Comparing {args.name} {found.place.title}"
    request = pipelines.Request("drift-cluster", title, args.name, found.place, timeout=args.timeout, resume=again)
    outcome = pipelines.run(request, console)
    reports = list(_reports(outcome))
    any_drift = any(report.get("drift") for report in reports)
    body = {"name": args.name, "simulated": found.simulated, "drifted": any_drift, "stages": reports, "timing": outcome.timing()}
    console.result(document("DriftReport", body), _text(console, args, reports, found.simulated))
    if any_drift:
        console.note(f"  Next: {console.notes.cyan('clusterctl create cluster -f FILE')} repairs it, or change the spec to keep it")
    return DRIFT if any_drift else 0


def _reports(outcome: pipelines.Outcome) -> Iterator[dict[str, Any]]:
    """Yield each stage's report."""
    for row in outcome.tracker.rows.values():
        path = row.folder / "artifacts" / "drift.json" if row.folder else Path()
        if path.is_file():
            yield json.loads(path.read_text())


def _text(console: Console, args: Namespace, reports: list[dict[str, Any]], simulated: bool) -> str:
    style, mark = console.style, " (simulated)" if simulated else ""
    changes = [_change(item) for report in reports for item in report.get("drift", ())]
    if not changes:
        return f"{style.green('✓')} {style.bold(args.name)}: no drift{mark}"
    head = style.paint(f"{len(changes)} objects of {args.name} were changed outside Hera{mark}", "magenta", "bold")
    return "\n".join([head, *plan_view.drift_lines(changes, style, args.full)])


def _change(item: dict[str, Any]) -> Change:
    attributes = tuple(AttributeChange(**attribute) for attribute in item.get("attributes", ()))
    return Change(one_line(item["address"]), item["type"], item["action"], attributes)
