"""Compare the real world with what was applied, per stage; nothing is changed.

Exit codes: 0 no drift; 2 there is drift.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from clusterctl import clusters, engines, flags, pipelines, plan_view
from clusterctl.console import Console, console_of, document
from infra.plans.summary import PlanSummary, StagePlan

DRIFT = 2


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_name(parser)
    flags.add_simulate(parser, "look only on the simulator")
    flags.add_output(parser)
    flags.add_timeout(parser)
    flags.add_engine(parser)
    parser.add_argument("--full", action="store_true", help="every changed attribute")


def run(args: Namespace) -> int:
    """Ask the pipeline and show what it found."""
    console, found = console_of(args), clusters.get(args, args.name)
    engines.say(args, found.place.engine)
    again = f"clusterctl drift cluster {args.name}"
    title = f"Comparing {args.name} {found.place.title}"
    request = pipelines.Request("drift-cluster", title, args.name, found.place, timeout=args.timeout, resume=again)
    outcome = pipelines.run(request, console)
    reports = list(_reports(outcome))
    stages = [stage for report in reports for stage in report.stages]
    any_drift = any(stage.drift or stage.changes for stage in stages)
    body = {
        "name": args.name,
        "simulated": found.simulated,
        "drifted": any_drift,
        "stages": [stage for report in reports for stage in report.to_dict()["stages"]],
        "timing": outcome.timing(),
    }
    console.result(document("DriftReport", body), _text(console, args, stages, found.simulated))
    if any_drift:
        console.note(
            f"  Next: {console.notes.cyan('clusterctl create cluster -f FILE')} repairs it, or change the spec to keep it"
        )
    return DRIFT if any_drift else 0


def _reports(outcome: pipelines.Outcome) -> Iterator[PlanSummary]:
    """Yield each stage's report: a plan whose `drift` is what the world did and whose changes are what would repair it."""
    for row in outcome.tracker.rows.values():
        files = list((row.folder / "artifacts").glob("*drift.json")) if row.folder else []
        yield from (pipelines.read_plan(path) for path in sorted(files, key=lambda file: file.stat().st_mtime_ns))


def _text(console: Console, args: Namespace, stages: list[StagePlan], simulated: bool) -> str:
    style, mark = console.style, " (simulated)" if simulated else ""
    drift = [change for stage in stages for change in stage.drift]
    repair = [change for stage in stages for change in stage.changes]
    if not drift and not repair:
        return f"{style.green('✓')} {style.bold(args.name)}: no drift{mark}"
    count = len(drift) or len(repair)
    objects = f"{count} object{'s differ' if count != 1 else ' differs'}"
    lines = [style.paint(f"{objects} from what was applied to {args.name}{mark}", "magenta", "bold")]
    lines += plan_view.drift_lines(drift, style, args.full)
    lines += ["", style.bold("What would repair it"), *plan_view.repair_lines(repair, style, args.full)] if repair else []
    return "\n".join(lines)
