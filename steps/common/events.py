"""What a step says while it works: one JSON object a line on stdout, read by the engine, by Argo's log, by a person with `jq`.

Kinds: `stage` (stage, phase, message), `resource` (address, action, state, elapsed), `progress` (done, total), `note`,
`warning` (message), `terraform` (command, seconds), `error` (a `HeraError` as data), `link` (state, seconds, summary: a link of a
chain begins or ends). Where several steps share a container, `step` names the one that speaks.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from infra.errors import HeraError


def now() -> str:
    """Return the time as every record has it: UTC, seconds, ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_step: dict[str, str] = {}
"""The link that speaks, in a chain."""


def speak_as(step: str) -> None:
    """Name the step that speaks from now on; nobody when empty."""
    _step.clear()
    if step:
        _step["step"] = step


def emit(event: str, **fields: object) -> None:
    """Print one event."""
    sys.stdout.write(json.dumps({"event": event, "time": now(), **_step, **fields}) + "\n")
    sys.stdout.flush()


def note(message: str) -> None:
    """Say something a reader may want to know."""
    emit("note", message=message)


def warning(message: str) -> None:
    """Say something a reader should look at."""
    emit("warning", message=message)


def error(problem: HeraError) -> None:
    """Say why the step fails."""
    emit("error", **problem.to_dict())
