"""Show what a run's steps say, or said: as long as their pods are there, or from the archive where one is kept (profile prod).

RUN is a run's name, or a cluster's for its newest run.

Events are shown in words; `-o json` prints them as the steps wrote them, one object a line.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from clusterctl import approval, engines, flags, home, runs
from clusterctl.console import Console, console_of
from clusterctl.terminal import clean, one_line
from infra.errors import StepFailed

if TYPE_CHECKING:
    from workflows.argo.runs import Run, RunNode


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_run(parser)
    parser.add_argument("--step", metavar="STEP", default="", help="only this step, as `describe run` names it")
    parser.add_argument("-F", "--follow", action="store_true", help="go on until the run ends")
    parser.add_argument("--tail", metavar="N", type=int, default=None, help="only the last N lines of each step")
    flags.add_output(parser)


def run(args: Namespace) -> int:
    """Print."""
    console, found = console_of(args), runs.find(args.run_name)
    if args.follow:
        return _follow(args, console, found.name)
    told = 0
    for node in found.nodes:
        if node.kind != "Pod" or args.step not in ("", node.display):
            continue
        for attempt in node.tries or (node,):
            for line in _lines(found, attempt, args.tail):
                told += 1
                _print(console, node.display, line)
    if not told:
        console.note("no lines: the pods have not begun, or are gone and no log was archived (the profile dev keeps none)")
    return 0


def _lines(run: Run, attempt: RunNode, tail: int | None) -> list[str]:
    """Return what an attempt said: from its pod, or from the archive when that is gone."""
    from workflows.argo import artifacts, logs
    from workflows.argo.runs import pod_name

    pod = pod_name(run.name, attempt.name, attempt.template)
    lines = logs.read(engines.api(), engines.namespace(), pod, tail=tail)
    if lines:
        return lines
    archived = artifacts.log(run, attempt, engines.inside().open_store)
    return archived if tail is None else archived[-tail:]


def _follow(args: Namespace, console: Console, name: str) -> int:
    from workflows.argo import engine

    class Printer:
        """Prints lines; nodes speak for themselves."""

        def node(self, event: object) -> None:
            """Say nothing."""

        def line(self, node: str, text: str) -> None:
            """Print a line."""
            if args.step in ("", node):
                _print(console, node, text)

    result = engine.attach(
        name,
        api=engines.api(),
        namespace=engines.namespace(),
        root=home.runs(True),
        observer=Printer(),
        approver=approval.Nobody(),
        wait=True,
    )
    console.note(f"{name} {str(result.phase).lower()}")
    return 0 if str(result.phase) == "Succeeded" else StepFailed.exit_code


def _print(console: Console, node: str, line: str) -> None:
    if console.machine:
        console.stdout.write(clean(line) + "\n")
    else:
        console.stdout.write(f"{console.style.dim(one_line(node))}  {_words(console, line)}\n")
    console.stdout.flush()


def _words(console: Console, line: str) -> str:
    try:
        event = json.loads(line)
    except ValueError:
        return clean(line)
    if not isinstance(event, dict) or "event" not in event:
        return clean(line)
    return _sentence(console, event)


def _sentence(console: Console, event: Mapping[str, object]) -> str:
    kind = str(event["event"])
    said = {key: value for key, value in event.items() if key not in ("event", "time", "step", "detail")}
    text = " ".join(
        f"{key}={one_line(value)}" if key not in ("message", "address") else one_line(value) for key, value in said.items()
    )
    color = {"error": "red", "warning": "yellow"}.get(kind)
    head = f"{one_line(event.get('step', ''))} {kind}".strip()
    return console.style.paint(f"{head}: {text}", color) if color else f"{head}: {text}"
