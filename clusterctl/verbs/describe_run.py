"""Show one run: its steps with times and errors, what it waits for, where the UI shows it, and what to type next."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from clusterctl import engines, flags, runs
from clusterctl.console import console_of
from clusterctl.terminal import Style, clean, duration, one_line, table

if TYPE_CHECKING:
    from workflows.argo.runs import Run, RunNode


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_run(parser)
    flags.add_output(parser)


def run(args: Namespace) -> int:
    """Print what Argo knows."""
    from clusterctl.console import document

    console, found = console_of(args), runs.find(args.run_name)
    body = runs.data(found) | {"ui": engines.link(found.name), "steps": [_step(node) for node in found.nodes]}
    console.result(document("Run", body), _text(found, console.style))
    return 0


def _step(node: RunNode) -> dict[str, Any]:
    return {
        "name": node.display,
        "kind": node.kind,
        "phase": str(node.phase),
        "seconds": round(node.elapsed, 1),
        "attempts": max(len(node.tries), 1),
        "exitCode": node.exit_code,
        "message": node.last.message or node.message,
        "summary": node.outputs.get("summary", ""),
        "error": node.outputs.get("error", ""),
    }


def _text(found: Run, style: Style) -> str:
    facts = {
        "cluster": found.cluster,
        "pipeline": found.pipeline,
        "who": found.parameters.get("actor", ""),
        "started": found.started,
        "time": duration(found.elapsed),
        "message": str(found.status.get("message") or ""),
        "ui": engines.link(found.name),
    }
    lines = [f"{style.bold(one_line(found.name))}  {runs.state(found, style)}"]
    lines += [f"  {style.dim(f'{name:<12}')}{one_line(value)}" for name, value in facts.items() if value]
    shown = [node for node in found.nodes if node.kind in ("Pod", "Suspend")]
    rows = [[one_line(node.display), _phase(node, style), duration(node.elapsed), one_line(_said(node))] for node in shown]
    parts = ["\n".join(lines), table(("STEP", "PHASE", "TIME", "SAID"), rows, style) if rows else ""]
    parts += [_question(node, style) for node in found.waiting]
    parts.append(f"{style.bold('Next')}  {style.cyan(runs.next_step(found))}")
    return "\n\n".join(part for part in parts if part)


def _phase(node: RunNode, style: Style) -> str:
    color = "red" if node.phase.bad else "green" if node.phase.completed else "yellow"
    return style.paint("waits for an approval" if node.waits else str(node.phase).lower(), color)


def _said(node: RunNode) -> str:
    return node.outputs.get("summary", "") if not node.phase.bad else node.last.message or node.message


def _question(node: RunNode, style: Style) -> str:
    inputs = node.inputs
    return (
        f"{style.bold('Waits')}  {one_line(node.display)}: {clean(inputs.get('summary', ''))} "
        f"(plan {one_line(inputs.get('plan-digest', '')[:12])})"
    )
