"""What a container's steps leave for those who count: time and outcome of each, cloud, environment, and the code of an error.

One flat JSON object in the output `report`, added to by each step of the container; `workflows.metrics` reads it.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from infra.errors import HeraError
from steps.common.context import Context
from steps.contract import REPORT, Step


def add(context: Context, step: Step, seconds: float, problem: HeraError | None) -> None:
    """Add a step that has ended."""
    path = context.root / "outputs" / REPORT
    said = _read(path) | {
        f"{step.name}.seconds": f"{seconds:.3f}",
        f"{step.name}.outcome": "failed" if problem else "succeeded",
        "code": problem.code if problem else "",
    }
    if problem:
        said |= dict(zip(("failed.stage", "failed.action"), step.name.split("."), strict=True))
    cluster = vars(context).get("cluster")  # only where the step had to know it anyway
    if cluster is not None:
        said |= {"cloud": cluster.spec.cloud, "environment": cluster.spec.environment}
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps(said))


def _read(path: Path) -> dict[str, str]:
    with suppress(OSError, ValueError):
        found: dict[str, str] = json.loads(path.read_text())
        return found
    return {}
