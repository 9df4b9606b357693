"""Retries: whether a failed attempt is tried again, and when.

The order of the questions differs from Argo's in one way that no result shows: Argo waits the backoff before it finds that
the expression says no; here a failure that is not tried again is reported at once.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workflows.local import expressions
from workflows.local.api import Phase
from workflows.local.frame import LATE, STOPPED, Place
from workflows.local.nodes import Node, link

if TYPE_CHECKING:
    from workflows.local.operation import Operation

SCALE = "HERA_BACKOFF_SCALE"
"""Environment variable that shortens waits between attempts, for whoever tries out failures and not the waiting."""

_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d)")


def seconds(duration: Any) -> float:
    """Return a duration such as `5s`, `1m30s` or a number of seconds."""
    text = str(duration).strip()
    if re.fullmatch(r"\d+", text):
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise expressions.ExpressionError(f"unable to parse {text} as a duration")
    return float(sum(float(number) * _UNITS[unit] for number, unit in parts))


def execute(run: Operation, place: Place, strategy: Mapping[str, Any], inputs: dict[str, str]) -> Node:
    """Make or continue a node whose template has a retry strategy."""
    parent = run.nodes.get(place.name)
    if parent is None:
        parent = run.create(place, "Retry")
        parent.inputs = inputs
    while True:
        tries = parent.tries
        if tries and not tries[-1].phase.fulfilled:
            last = run.run(place.again(len(tries) - 1, parent, {}))
            if not last.phase.fulfilled:
                return parent
        if tries and not _once_more(run, parent, strategy):
            return parent
        number = len(tries)
        last = run.run(place.again(number, parent, _values(tries, number)))
        link([parent], last)
        if not last.phase.fulfilled:
            return parent


def _values(tries: list[Node], number: int) -> dict[str, str]:
    """Return what an attempt can say about the one before."""
    values = {"retries": str(number), "lastRetry.exitCode": "0", "lastRetry.duration": "0"}
    values |= {"lastRetry.status": "", "lastRetry.message": ""}
    return values | {key: value for key, value in _last(tries).items() if tries and value != "-1"} | {"retries": str(number)}


def _last(tries: list[Node]) -> dict[str, str]:
    if not tries:
        return {}
    last = tries[-1]
    code = last.outputs.exit_code
    return {
        "retries": str(len(tries) - 1),
        "lastRetry.exitCode": "-1" if code is None else str(code),
        "lastRetry.status": str(last.phase),
        "lastRetry.duration": str(int(last.elapsed)),
        "lastRetry.message": last.message,
    }


def _once_more(run: Operation, parent: Node, strategy: Mapping[str, Any]) -> bool:
    """Return whether to try again now; otherwise the node has ended, or a moment to look again is noted."""
    tries = parent.tries
    last = tries[-1]
    parent.outputs = last.outputs
    if not last.phase.bad:
        run.mark(parent, Phase.SUCCEEDED, last.message)
        return False
    ended = _ended(run, tries, strategy)
    if ended is not None:
        run.mark(parent, last.phase, ended)
        return False
    if strategy.get("backoff") and not _waited(run, parent, strategy):
        return False
    if parent.phase.fulfilled:
        return False
    parent.message = ""
    return True


def _ended(run: Operation, tries: list[Node], strategy: Mapping[str, Any]) -> str | None:
    """Return the message with which a failure is final, or None."""
    last, limit = tries[-1], strategy.get("limit")
    if run.stopped and not last.on_exit:
        return STOPPED
    if run.late and not last.on_exit:
        return LATE
    policy = strategy.get("retryPolicy") or ("Always" if strategy.get("expression") else "OnFailure")
    if (last.phase is Phase.FAILED and policy == "OnError") or (last.phase is Phase.ERROR and policy == "OnFailure"):
        return last.message
    if limit is not None and len(tries) > int(limit):
        return "No more retries left"
    expression = strategy.get("expression")
    if expression and not expressions.truth(expression, expressions.expand(_last(tries))):
        return "retryStrategy.expression evaluated to false"
    return None


def _waited(run: Operation, parent: Node, strategy: Mapping[str, Any]) -> bool:
    """Return whether the time before the next attempt is over."""
    backoff, tries = strategy["backoff"], parent.tries
    wait = seconds(backoff.get("duration") or "0") * max(float(backoff.get("factor") or 1), 1.0) ** (len(tries) - 1)
    if backoff.get("cap"):
        wait = min(wait, seconds(backoff["cap"]))
    wait *= float(os.environ.get(SCALE, "1"))
    until = tries[-1].finished + wait
    if backoff.get("maxDuration"):
        end = tries[0].started + seconds(backoff["maxDuration"])
        if time.time() > end or until > end:
            over = "Max duration limit exceeded" if time.time() > end else "Backoff would exceed max duration limit"
            run.mark(parent, tries[-1].phase, over)
            return False
    if strategy.get("limit") is None or time.time() >= until:
        return True
    parent.message = f"Backoff for {wait:g} seconds"
    run.due(until)
    return False
