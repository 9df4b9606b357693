"""Runs on the management cluster, for the verbs that look at them, answer them and watch them again."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clusterctl import approval, cluster_view, clusters, engines, pipelines
from clusterctl.console import Console, console_of, document
from clusterctl.terminal import Style, duration, one_line, table
from infra import tracing
from infra.errors import AuthDenied, NotFound, StateLocked

if TYPE_CHECKING:
    from workflows.argo.runs import Run, RunNode

CREATE, DELETE = "create-cluster", "delete-cluster"
_COLORS = {"succeeded": "green", "failed": "red", "error": "red"}


def find(word: str) -> Run:
    """Return the run that a person means: by its name, or the newest of a cluster."""
    from workflows.argo import records

    return records.get(engines.api(), engines.namespace(), word)


def every(cluster: str = "") -> list[Run]:
    """Return the runs, the newest first."""
    from workflows.argo import records

    return records.every(engines.api(), engines.namespace(), cluster)


def newest(args: Namespace, cluster: str) -> Run | None:
    """Return the run that changed a cluster last or changes it now, where a management cluster may have one."""
    if args.engine == engines.LOCAL or (args.engine != engines.ARGO and engines.configured() is None):
        return None
    return next((run for run in every(cluster) if run.pipeline in (CREATE, DELETE)), None)


def is_over(name: str) -> bool:
    """Tell whether a run has ended, or is no more."""
    from workflows.argo.runs import Run, path

    try:
        return Run(engines.api().get(path(engines.namespace(), name))).ended
    except NotFound:
        return True


def joined(request: pipelines.Request, console: Console) -> pipelines.Request:
    """Return the request, bound to a run that does the same already: a watcher that was killed types its command again.

    Raises:
        StateLocked: Another run changes the cluster.
    """
    if not request.on_argo:
        return request
    from workflows.argo import records

    run = records.live(engines.api(), engines.namespace(), request.cluster, CREATE, DELETE)
    if run is None:
        return request
    if run.pipeline != request.template or run.parameters.get("spec", "") != request.spec:
        raise StateLocked(
            f"the run {run.name} ({run.pipeline}) works on {request.cluster}",
            next_step=f"clusterctl resume cluster {request.cluster} watches it; clusterctl stop {run.name} stops it",
        )
    console.note(f"The run {run.name} does this already: watching it")
    return replace(request, attach=run.name)


def watch(args: Namespace, run: Run) -> int:
    """Go on watching a run and show its end as the command that started it would have."""
    console, place = console_of(args), clusters.managed_place(args)
    engines.say(args, engines.ARGO)
    request = pipelines.Request(
        template=run.pipeline,
        title=f"Watching {run.name} of {run.cluster}",
        cluster=run.cluster,
        place=place,
        timeout=args.timeout,
        resume=f"clusterctl resume cluster {run.cluster}",
        wait=args.wait,
        attach=run.name,
    )
    return follow(args, console, request)


def follow(args: Namespace, console: Console, request: pipelines.Request) -> int:
    """Run or watch, then sum up."""
    asked = approval.Always() if args.yes else approval.Asking(console)
    outcome = pipelines.run(request, console, asked)
    if request.template == CREATE:
        show_created(console, request.place, request.cluster, outcome)
    else:
        show_ended(console, outcome)
    return 0


def show_created(console: Console, place: clusters.Place, name: str, outcome: pipelines.Outcome) -> None:
    """Sum up a create; who may not read the states sees at least that it went well."""
    try:
        found = clusters.Found(place, place.ledgers().get(name))
    except AuthDenied:
        if place.engine != engines.ARGO:
            raise
        show_ended(console, outcome)
        console.note("  what was made is in the ledger, which you may not read")
        return
    cluster_view.show_created(console, found, outcome)


def show_ended(console: Console, outcome: pipelines.Outcome) -> None:
    """Say that a run ended well."""
    data = document("RunResult", {"run": outcome.result.name, "phase": str(outcome.result.phase), "timing": outcome.timing()})
    took = duration(outcome.timing()["seconds"])
    console.result(data, f"{console.style.green('✓')} {outcome.result.name} {str(outcome.result.phase).lower()} ({took})")


def again(args: Namespace, run: Run) -> pipelines.Request:
    """Return the request that asks for what a run was asked for."""
    parameters = run.parameters
    place = clusters.managed_place(args)
    known = ("cluster", "spec", "simulate", "state", "actor", tracing.PARAMETER)  # given anew, or another's
    return pipelines.Request(
        template=run.pipeline,
        title=f"Again: {run.pipeline} of {run.cluster}",
        cluster=run.cluster,
        place=replace(place, state=parameters.get("state") or place.state),
        spec=parameters.get("spec", ""),
        extra={name: value for name, value in parameters.items() if name not in known},
        timeout=args.timeout,
        resume=f"clusterctl resume cluster {run.cluster}",
        wait=args.wait,
    )


def data(run: Run) -> dict[str, Any]:
    """Return a run in its versioned form; the spec is left out, it is long and in the ledger."""
    return {
        "name": run.name,
        "pipeline": run.pipeline,
        "cluster": run.cluster,
        "phase": run.phase,
        "state": run.state,
        "actor": run.parameters.get("actor", ""),
        "started": run.started,
        "finished": str(run.status.get("finishedAt") or ""),
        "seconds": round(run.elapsed, 1),
        "waitsFor": [node.display for node in run.waiting],
        "message": str(run.status.get("message") or ""),
        "parameters": {name: value for name, value in run.parameters.items() if name != "spec"},
        "next": next_step(run),
    }


def next_step(run: Run) -> str:
    """Return the command that makes most sense now."""
    if run.waiting:
        return f"clusterctl approve {run.name}"
    if not run.ended:
        return f"clusterctl logs {run.name} --follow"
    if run.phase == "Succeeded":
        return f"clusterctl describe cluster {run.cluster}"
    return f"clusterctl retry {run.name}"


def rows(found: list[Run], style: Style) -> str:
    """Return the runs as a table."""
    header = ("RUN", "CLUSTER", "PIPELINE", "STATE", "WHO", "STARTED", "TIME")
    cells = []
    for run in found:
        who = run.parameters.get("actor", "")
        plain = [one_line(cell) for cell in (run.name, run.cluster, run.pipeline)]
        cells.append([*plain, state(run, style), one_line(who), one_line(run.started), duration(run.elapsed)])
    return table(header, cells, style)


def state(run: Run, style: Style) -> str:
    """Return the state in its colour."""
    return style.paint(one_line(run.state), _COLORS.get(run.state, "yellow"))


def question(run: Run, stage: str = "") -> RunNode:
    """Return the node that waits for an answer; raises `NotFound` when none does."""
    from workflows.argo.answers import Answered

    waiting = [node for node in run.waiting if not stage or node.inputs.get("stage") == stage]
    if not waiting:
        what = f"for the approval of {stage}" if stage else "for an approval"
        raise Answered(f"{run.name} ({run.state}) does not wait {what}", next_step=f"clusterctl describe run {run.name}")
    return waiting[0]


def answer(args: Namespace, *, approved: bool) -> int:
    """Answer what a run waits with, and say who the API server says did."""
    from workflows.argo import answers

    console, run = console_of(args), find(args.run_name)
    node = question(run, args.stage)
    digest, summary = node.inputs.get("plan-digest", ""), node.inputs.get("summary", "")
    who = answers.answer(engines.api(), engines.namespace(), run.name, node.id, approved=approved)
    word = "approved" if approved else "rejected"
    body = {"run": run.name, "node": node.display, "approved": approved, "by": who, "planDigest": digest, "summary": summary}
    mark = console.style.green("✓") if approved else console.style.red("✗")
    text = f"{mark} {node.display} of {run.name} {word} by {one_line(who)}: {one_line(summary)} (plan {one_line(digest[:12])})"
    console.result(document("Answer", body), text)
    console.note(f"  Next: {console.notes.cyan(f'clusterctl logs {run.name} --follow')}")
    return 0
