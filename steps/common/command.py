"""The frame of every step's command: parameters in, one action, errors out as data and exit code, never a traceback."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from infra import tracing
from infra.errors import HeraError, Interrupted, StepFailed, UsageError
from steps.common import events, report
from steps.common.context import Context
from steps.common.terraform import on_stop
from steps.contract import COMMON, Step

if TYPE_CHECKING:
    from steps.common.ledger import Ledger

Action = Callable[[Context], None]


def main(actions: Mapping[str, tuple[Step, Action]], stage: str = "") -> int:
    """Run the action named on the command line; return the exit code."""
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in actions:
        return _refuse(UsageError(f"no action {name!r}; accepted: {', '.join(actions)}"))
    return perform(*actions[name], stage)


def perform(step: Step, action: Action, stage: str = "", prefix: str = "") -> int:
    """Run one action with its parameters; return the exit code."""
    context = Context.read((*COMMON, *step.parameters), prefix)
    on_stop()
    began = time.monotonic()
    with tracing.span(f"step {step.name}", cluster=context.get("cluster"), run=context.run) as span:
        problem = _act(context, action)
        if problem:
            span.tell(code=problem.code)
            span.fail(problem.message)
    try:
        report.add(context, step, time.monotonic() - began, problem)
    except OSError as error:
        events.warning(f"could not write the report for metrics: {error}")
    return _fail(context, problem, stage) if problem else 0


def _act(context: Context, action: Action) -> HeraError | None:
    """Do it; return what went wrong."""
    try:
        action(context)
    except HeraError as problem:
        return problem
    except Exception as problem:
        return _unexpected(context, problem)
    return None


def _unexpected(context: Context, problem: Exception) -> HeraError:
    """Turn what nobody foresaw into an error of the tree; the traceback goes to a file beside the outputs."""
    if isinstance(problem, OSError):
        return StepFailed(
            f"{type(problem).__name__}: {problem}", next_step="mend that, then run `clusterctl resume cluster NAME`"
        )
    context.output("crash.txt", traceback.format_exc())
    return StepFailed(
        f"unexpected {type(problem).__name__}: {problem}", next_step="report it with outputs/crash.txt of this step"
    )


def _refuse(problem: HeraError) -> int:
    events.error(problem)
    return problem.exit_code


def _fail(context: Context, problem: HeraError, stage: str) -> int:
    problem.next_step = problem.next_step.replace("NAME", context.get("cluster") or "NAME")
    events.error(problem)
    with suppress(OSError):
        context.fail(problem)
    try:
        _remember(context, problem, stage)
    except (HeraError, OSError) as second:
        events.warning(f"could not write the failure to the ledger: {second}")
    return problem.exit_code


def _remember(context: Context, problem: HeraError, stage: str) -> None:
    """Write the error to the run and the stage, if this run has the cluster at all."""
    name = context.get("cluster")
    holder = context.ledgers.lock(name) if name else None
    if holder is None or holder.run != context.run:
        return
    text = f"{problem.code}: {problem.message}"

    def change(ledger: Ledger) -> Ledger:
        if ledger.run:
            ledger = replace(ledger, run=replace(ledger.run, error=text))
        record = ledger.stage(stage)
        if not stage or record.run != context.run:
            return ledger
        phase = "failed" if record.phase == "applying" and not isinstance(problem, Interrupted) else record.phase
        return ledger.with_stage(stage, phase=phase, error=text)

    context.ledgers.update(name, change)


def run(actions: Mapping[str, tuple[Step, Action]], stage: str = "") -> None:
    """Run `main` and exit with its code."""
    code = main(actions, stage)
    sys.stdout.flush()
    sys.exit(code)
