"""Runs steps one after the other in one process, because a pod costs seconds and a second step in it costs none.

Each link has a context and outputs of its own and is named in its events. The first that fails ends the chain with its own error
and exit code. A chain that is tried again starts at its first link: links are idempotent, and one whose work this run has done
already answers at once (the ledger knows run, stage and plan).
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence

from infra.errors import HeraError, UsageError
from steps.common import events
from steps.common.command import Action, perform
from steps.common.context import Context
from steps.contract import Step


def main(links: Sequence[str]) -> int:
    """Run the links in order; return the exit code of the first that fails, or 0."""
    for link in links:
        name, _, prefix = link.partition(":")
        code = _perform(name, prefix)
        if code:
            return code
    return 0


def _perform(name: str, prefix: str) -> int:
    began = time.monotonic()
    events.speak_as(name.replace(".", "-").removeprefix("lifecycle-"))
    try:
        step, action, stage = _find(name)
        events.emit("link", state="running")
        code = perform(step, action, stage, prefix)
        state, seconds = "failed" if code else "succeeded", round(time.monotonic() - began, 3)
        events.emit("link", state=state, seconds=seconds, summary=_summary(step, prefix))
        return code
    except HeraError as problem:
        events.error(problem)
        return problem.exit_code
    finally:
        events.speak_as("")


def _summary(step: Step, prefix: str) -> str:
    """Return what a link said of its work in one line."""
    if "summary" not in step.outputs:
        return ""
    outputs = Context.read((), prefix)
    file = outputs.root / "outputs" / f"{outputs.prefix}summary"
    return file.read_text() if file.is_file() else ""


def _find(name: str) -> tuple[Step, Action, str]:
    """Return a link's contract, its action, and the stage whose record takes its errors."""
    folder, _, action = name.partition(".")
    try:
        module = importlib.import_module(f"steps.{folder}.run")
        contract = importlib.import_module(f"steps.{folder}.contract")
    except ModuleNotFoundError:
        raise UsageError(f"no step {name!r}; a link is FOLDER.ACTION or FOLDER.ACTION:PREFIX") from None
    actions: Mapping[str, tuple[Step, Action]] = module.ACTIONS
    if action not in actions:
        raise UsageError(f"no action {action!r} in steps.{folder}; accepted: {', '.join(actions)}")
    return *actions[action], getattr(contract, "STAGE", "")
