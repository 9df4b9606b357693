"""Runs a pipeline on the engine of its place, shows it, and turns its end into a result or into the failed step's own error."""

from __future__ import annotations

import getpass
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusterctl import engines, home
from clusterctl.clusters import Place
from clusterctl.console import Console
from clusterctl.progress import Tracker, view_for
from clusterctl.terminal import one_line
from infra import tracing
from infra.errors import AwaitingApproval, HeraError, Interrupted, StepFailed, TimedOut, from_dict

if TYPE_CHECKING:
    from clusterctl.approval import Approval
    from infra.plans.summary import PlanSummary
    from workflows.local.api import NodeEvent, Result


_STOPPED = ("Stopped with strategy", "shutdown with strategy")
"""The engine's words for a run that a signal ended between two steps."""


@dataclass(frozen=True)
class Request:
    """What a pipeline is asked for."""

    template: str
    title: str
    cluster: str
    place: Place
    spec: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Parameters that only this pipeline takes: `approval`, `unprotect`."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beyond this process's own."""
    timeout: int = 0
    resume: str = ""
    """The command to type when the run stops before its end."""
    wait: bool = False
    """On Argo: stay while somebody elsewhere has to answer."""
    attach: str = ""
    """On Argo: the run to go on watching, instead of a new one."""

    @property
    def on_argo(self) -> bool:
        """Whether the management cluster runs it."""
        return self.place.engine == engines.ARGO

    def parameters(self) -> dict[str, str]:
        """Return the workflow's parameters; every value is text."""
        return {
            "cluster": self.cluster,
            "spec": self.spec,
            "simulate": "true" if self.place.simulated else "false",
            "state": self.place.state,
            "actor": actor(),
            **({tracing.PARAMETER: parent} if (parent := tracing.traceparent()) else {}),
            **self.extra,
        }


def actor() -> str:
    """Return who is asking, for the ledger."""
    return os.environ.get("HERA_ACTOR") or getpass.getuser()


@dataclass
class Outcome:
    """What came of a run."""

    result: Result
    tracker: Tracker
    wall: float
    plans: list[PlanSummary] = field(default_factory=list)

    @property
    def terraform(self) -> float:
        """Seconds that terraform itself worked, all stages together."""
        return self.tracker.terraform

    def timing(self) -> dict[str, Any]:
        """Return where the time went; time spent waiting for an answer is nobody's overhead."""
        worked = self.wall - self.tracker.waited
        return {
            "seconds": round(worked, 2),
            "terraformSeconds": round(self.terraform, 2),
            "waitedSeconds": round(self.tracker.waited, 2),
            "steps": {name: round(seconds, 2) for name, seconds in self.tracker.stage_seconds().items()},
        }


def warm_up() -> None:
    """Begin loading what steps need, while the command still reads its files; a local run takes it over."""
    from workflows import catalogue
    from workflows.local import engine

    engine.prepare(catalogue.WARM)


def run(request: Request, console: Console, approval: Approval | None = None) -> Outcome:
    """Run a pipeline to its end; raises the failed step's error."""
    tracker = Tracker(view_for(console, request.title))
    if approval is not None:
        approval.tracker = tracker
    tracker.view.begin(tracker)
    began = time.monotonic()
    watch = _Watch()
    work = _argo if request.on_argo else _local
    try:
        with tracing.span(f"pipeline {request.template}", cluster=request.cluster, engine=request.place.engine) as span:
            result = work(request, console, tracker, approval or _nobody(), watch)
            span.tell(run=result.name, outcome=str(result.phase))
    except KeyboardInterrupt:
        raise _left(request, watch) from None
    finally:
        tracker.view.end()
    outcome = Outcome(result, tracker, time.monotonic() - began)
    _raise_for(outcome, request, watch)
    outcome.plans = [read_plan(path) for path in tracker.plans]
    return outcome


def _local(request: Request, console: Console, tracker: Tracker, approval: Approval, watch: _Watch) -> Result:
    from workflows import catalogue

    with _watched(watch, request.timeout):
        return engine_run()(
            request.template,
            request.parameters(),
            root=home.runs(request.place.simulated),
            observer=tracker,
            approver=_Traced(approval),
            environment={**os.environ, **request.environment},
            warm=catalogue.WARM,
        )


def _argo(request: Request, console: Console, tracker: Tracker, approval: Approval, watch: _Watch) -> Result:
    from workflows.argo import engine

    def late() -> None:
        watch.timed_out = True

    def began(name: str) -> None:
        watch.run = name
        tracker.view.pause()
        console.note(f"Run {console.notes.bold(name)}\n{console.notes.dim(f'  UI {engines.link(name)}')}")
        tracker.view.resume()

    options: dict[str, Any] = {
        "api": engines.api(),
        "namespace": engines.namespace(),
        "root": home.runs(request.place.simulated),
        "observer": tracker,
        "approver": _Traced(approval),
        "open_store": engines.inside().open_store,
        "began": began,
        "timeout": request.timeout,
        "late": late,
        "wait": request.wait,
    }
    with _terminated():
        if request.attach:
            return engine.attach(request.attach, **options)
        return engine.run(request.template, request.parameters(), **options)


@contextmanager
def _terminated() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C: the run is Argo's and goes on."""

    def leave(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _left(request: Request, watch: _Watch) -> Interrupted:
    """Return what is said when somebody stops watching."""
    if not request.on_argo:
        return Interrupted("stopped; what was done is in the ledger", next_step=request.resume)
    if not watch.run:
        return Interrupted("stopped before a run was known", next_step="clusterctl get runs")
    return Interrupted(
        f"you left; the run {watch.run} goes on on the management cluster",
        next_step=f"watch it again: {request.resume}; stop it: clusterctl stop {watch.run}",
    )


@dataclass(frozen=True)
class _Traced:
    """An approver whose time to answer shows in the trace."""

    approval: Approval

    def approve(self, node: str, template: str, parameters: Mapping[str, str]) -> Mapping[str, str] | None:
        with tracing.span(f"approval {node}") as span:
            answer = self.approval.approve(node, template, parameters)
            span.tell(answer=answer["approved"] if answer else "none")
            return answer


def engine_run() -> Callable[..., Result]:
    """Return the local engine, imported when something runs and not before."""
    from workflows.local.engine import run as found

    return found


def _nobody() -> Approval:
    from clusterctl.approval import Nobody

    return Nobody()


def read_plan(path: Path) -> PlanSummary:
    """Read the plan that a step left."""
    from infra.plans.summary import PlanSummary

    return PlanSummary.from_dict(json.loads(path.read_text()))


@dataclass
class _Watch:
    """What stopped the run from outside, if anything."""

    timed_out: bool = False
    run: str = ""
    """Its name on Argo."""


@contextmanager
def _watched(watch: _Watch, timeout: int) -> Iterator[None]:
    """Turn a time-out into the signal the engine already knows how to forward."""

    def alarm(number: int, frame: object) -> None:
        watch.timed_out = True
        os.kill(os.getpid(), signal.SIGTERM)

    previous = signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _raise_for(outcome: Outcome, request: Request, watch: _Watch) -> None:
    """Raise what the run ended with, unless it ended well."""
    phase = str(outcome.result.phase).lower()
    if phase == "succeeded":
        return
    if phase == "suspended":
        again = f"clusterctl approve {watch.run}" if request.on_argo else request.resume
        raise AwaitingApproval("the run waits for an approval that nobody is here to give", next_step=again)
    error = _error_of(outcome)
    if watch.timed_out:
        error = TimedOut(f"not finished in {request.timeout}s; stopped cleanly", next_step=request.resume)
    if isinstance(error, Interrupted):
        error.next_step = request.resume
    error.next_step = error.next_step.replace("cluster NAME", f"cluster {request.cluster}") or request.resume
    raise error


def _error_of(outcome: Outcome) -> HeraError:
    """Return the failed step's own error: from its file, from its last event, or from what the engine says."""
    failed = outcome.result.failed()
    data = (_error_file(failed) if failed else None) or outcome.tracker.error
    if data:
        return from_dict(data)
    if any(word in outcome.result.message for word in _STOPPED):
        return Interrupted("stopped; what was done is in the ledger")
    where = f"step {one_line(failed.node)}: " if failed else ""
    message = (failed.message if failed else "") or outcome.result.message or "ended without saying why"
    if failed and _killed(failed):
        return Interrupted(f"{where}its container was ended from outside ({message}); what was done is in the ledger")
    folder = failed.folder if failed else outcome.result.folder
    return StepFailed(f"{where}{message}", next_step=f"look into {folder}", detail=_last_words(folder))


_KILLED = ("pod deleted", "evicted", "preempt", "node shutdown", "nodelost")
"""Words of Argo for a pod that went away."""


def _killed(failed: NodeEvent) -> bool:
    """Tell a step that was ended from outside from one that failed."""
    message = failed.message.lower()
    return failed.exit_code in (137, 143) or "exit code 137" in message or any(word in message for word in _KILLED)


def _last_words(folder: Path) -> str:
    """Return the end of a step's log: lines that are no events."""
    try:
        lines = (folder / "main.log").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join([line for line in lines if not line.startswith('{"event"')][-12:])


def _error_file(failed: NodeEvent) -> dict[str, Any] | None:
    try:
        data = json.loads((failed.folder / "outputs" / "error").read_text())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None
