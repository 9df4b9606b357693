"""The whole plan before anything is touched: asked from the `plan-cluster` pipeline, shown, and written as a page."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from clusterctl import home, pipelines
from clusterctl.clusters import Place
from clusterctl.console import Console
from clusterctl.specs import SpecFile
from infra.errors import StepFailed
from infra.plans.summary import PlanSummary


def preview(spec: SpecFile, place: Place, console: Console, args: Namespace) -> PlanSummary:
    """Plan all stages and return the summary."""
    where = "on the simulator" if place.simulated else f"on {spec.cluster.spec.cloud}"
    again = f"clusterctl plan cluster {spec.typed}{' --simulate' if place.simulated else ''}"
    request = pipelines.Request(
        template="plan-cluster",
        title=f"Planning {spec.cluster.name} {where}",
        cluster=spec.cluster.name,
        place=place,
        spec=spec.text,
        timeout=args.timeout,
        resume=again,
    )
    outcome = pipelines.run(request, console)
    if not outcome.plans:
        raise StepFailed("the pipeline ended well and left no plan", next_step=again, detail=str(outcome.result.folder))
    return outcome.plans[-1]


def write_page(summary: PlanSummary, target: str = "") -> Path:
    """Write the plan as a page; without a target, under HERA_HOME."""
    from infra.plans.html import render_html

    path = Path(target) if target else home.reports() / f"{summary.cluster}-plan.html"
    path.write_text(render_html(summary), encoding="utf-8")
    return path
