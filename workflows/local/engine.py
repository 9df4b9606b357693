"""Run a rendered pipeline on this machine. `run` is all that a caller needs; the rest of the package serves it.

A signal is not an end: SIGTERM or SIGINT is handed to the running step, which is waited for because terraform has to finish
the call it is in; the exit handler runs, and the result says that the run was stopped. Only when the engine is killed are the
steps on their own, and the kernel tells them.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from workflows.local.api import Approver, NodeEvent, Observer, Phase, Result
from workflows.local.frame import LATE, SHUTDOWN
from workflows.local.nodes import Node
from workflows.local.operation import Operation
from workflows.local.pods import LocalPods
from workflows.local.templates import load
from workflows.local.warm import Starter, Warm

__all__ = ["Approver", "NodeEvent", "Observer", "Phase", "Result", "run"]

GRACE = 300.0
"""Seconds that a step may take to end after it was asked to."""

HOLDER = "HERA_HOLDER_PID"
"""Tells steps which process stands for the run, so that a lock whose holder died can be told from one that is held."""

_HIDDEN = ("StepGroup",)
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def run(
    template: str,
    parameters: Mapping[str, str],
    *,
    root: Path,
    observer: Observer,
    approver: Approver,
    environment: Mapping[str, str] | None = None,
    name: str | None = None,
    warm: Sequence[str] = (),
    grace: float = GRACE,
) -> Result:
    """Run a pipeline to its end.

    Args:
        template: A pipeline's name, or the path of a file with a WorkflowTemplate or Workflow.
        parameters: The workflow's parameters; the template's values stand for those not given.
        root: Where the run's folder is made, named as the run.
        observer: Hears of nodes and lines.
        approver: Is asked when a node waits for supplied outputs.
        environment: What every command's environment starts from; this process's when None.
        name: The run's name; made from the template's when None.
        warm: Modules that the steps need, to be loaded once instead of in every step.
        grace: Seconds that a step may take to end after it was asked to.

    Returns:
        The result; a run that fails, is stopped or waits for an approval is a result and no exception.

    Raises:
        Unsupported: The template uses what this engine does not know; nothing was started.
        NotFound: There is no such template.
        UsageError: A parameter is missing or unknown; nothing was started.
    """
    base = dict(os.environ if environment is None else environment) | {HOLDER: str(os.getpid())}
    library = load(template)
    starter = _starter(warm, base)
    try:
        run_name = name or f"{library.main.name}-{''.join(random.choices(_LETTERS, k=5))}"
        folder = root.absolute() / run_name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = _Engine(observer, approver, starter, base, grace)
        engine.operation = Operation(library, run_name, parameters, folder, engine.pods)
        return engine.go()
    finally:
        if starter is not _prepared:
            starter.close()


_prepared: Warm | None = None


def prepare(warm: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Start to load what steps need before it is known what will run; every later `run` of this process uses it.

    It costs the caller a few milliseconds and takes about half a second beside the caller's own work.
    """
    global _prepared
    if _prepared is None or _prepared.gone:
        _prepared = Warm(warm, dict(os.environ if environment is None else environment))


def _starter(warm: Sequence[str], base: Mapping[str, str]) -> Starter:
    if _prepared is not None and not _prepared.gone and _prepared.suits(base):
        return _prepared
    return Warm(warm, base) if warm else Starter()


class _Engine:
    """The loop around the passes: waits for processes, moments and signals, and tells the observer what changed."""

    operation: Operation

    def __init__(
        self, observer: Observer, approver: Approver, starter: Starter, environment: Mapping[str, str], grace: float
    ) -> None:
        self._observer = observer
        self._approver = approver
        self.pods = LocalPods(starter, environment, grace, self._line, self._ended)
        self._told: dict[str, tuple[Phase, str, int]] = {}
        self._declined: set[str] = set()
        self._signals = 0
        self._asking = False
        self._over = False
        self._suspended = False

    def go(self) -> Result:
        """Run to the end."""
        self._wakeup: tuple[int, int] | None = None
        handlers = self._listen() if threading.current_thread() is threading.main_thread() else {}
        try:
            while not self._pass():
                self._wait()
            return self._result()
        except BaseException:
            self.pods.abandon()
            raise
        finally:
            self._unlisten(handlers)
            self.pods.close()

    def _pass(self) -> bool:
        """Advance, tell, ask; return whether the run has ended."""
        while True:
            if self._signals and not self.operation.stopped:
                self.operation.stopped = True
                self.pods.stop(SHUTDOWN)
            if self.operation.late:
                self._over = True
                self.pods.stop(LATE)
            ended = self.operation.finish_suspended() if self._suspended else self.operation.advance()
            self._tell()
            if ended:
                return True
            if self._suspended or not self._ask():
                break
        if self.pods.running or self.operation.wake is not None:
            return False
        return self._stuck()

    def _stuck(self) -> bool:
        """Nothing runs and nothing is due: somebody has to answer, or a reference has no value."""
        if self._declined and not self._suspended:
            self._suspended = True
            return self._pass()
        reason = "; ".join(self.operation.waiting) or "nothing can run"
        root = self.operation.nodes.get(self.operation.name)
        if root is None or root.phase.fulfilled:
            raise RuntimeError(f"the run {self.operation.name} does not end: {reason}")
        for node in self.operation.nodes:
            if not node.phase.fulfilled:
                self.operation.mark(node, Phase.ERROR, reason if node is root else node.message)
        return self._pass()

    def _ask(self) -> bool:
        """Ask for what suspended nodes want; return whether something was answered."""
        for node in self.operation.nodes:
            waits = node.kind == "Suspend" and not node.phase.fulfilled and node.name not in self._declined
            if not waits or self.operation.stopped or (not self.operation.asked(node) and self.operation.wake is not None):
                continue
            supplied = self._answer(node)
            if self._signals:
                return True
            if supplied is None:
                self._declined.add(node.name)
            else:
                self.operation.answer(node, supplied)
                return True
        return False

    def _answer(self, node: Node) -> Mapping[str, str] | None:
        self._asking = True
        try:
            return self._approver.approve(node.display, node.template, dict(node.inputs))
        except KeyboardInterrupt:
            self._signals = self._signals or 1
            return None
        finally:
            self._asking = False

    def _wait(self) -> None:
        while True:
            now = time.time()
            moment = self._moment()
            if self._signals and not self.operation.stopped:
                return
            if moment is not None and now >= moment:
                return
            idle = 0.5 if self._wakeup else 0.02
            if self.pods.wait(min(idle, max(moment - now, 0.0)) if moment else idle, self._drain()):
                return

    def _moment(self) -> float | None:
        """Return when to look again, whoever has ended: something is due, or the workflow's time is over."""
        limit = None if self._over else self.operation.deadline
        return min((moment for moment in (self.operation.wake, limit) if moment is not None), default=None)

    def _drain(self) -> int | None:
        if self._wakeup is None:
            return None
        with suppress(BlockingIOError):
            os.read(self._wakeup[0], 512)
        return self._wakeup[0]

    def _listen(self) -> dict[int, object]:
        """Hear signals, and of the end of children without looking for it."""
        self._wakeup = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._old_wakeup = signal.set_wakeup_fd(self._wakeup[1], warn_on_full_buffer=False)
        handlers: dict[int, object] = {number: signal.signal(number, self._signal) for number in (signal.SIGTERM, signal.SIGINT)}
        handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return handlers

    def _unlisten(self, handlers: Mapping[int, object]) -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        if self._wakeup:
            signal.set_wakeup_fd(self._old_wakeup)
            for descriptor in self._wakeup:
                os.close(descriptor)

    def _signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        if self._asking:
            raise KeyboardInterrupt
        names = ", ".join(node.display for node in self.pods.running)
        if names:
            again = "still " if self._signals > 1 else ""
            self._observer.line(names, f"stopping: {again}waiting for {names} to finish the call it is in")

    def _line(self, node: Node, text: str) -> None:
        self._observer.line(self._shown(node).display, text)

    def _shown(self, node: Node) -> Node:
        """Return the node that an attempt belongs to."""
        if not node.retried:
            return node
        return self.operation.nodes.get(node.name.rpartition("(")[0]) or node

    def _ended(self, node: Node) -> None:
        self.operation.publish(node.outputs)

    def _visible(self) -> list[Node]:
        root = self.operation.nodes.get(self.operation.name)
        holds = root is not None and root.kind in ("DAG", "Steps")
        return [
            node for node in self.operation.nodes
            if not node.retried and node.kind not in _HIDDEN and not (holds and node is root)
        ]  # fmt: skip

    def _tell(self) -> None:
        for node in self._visible():
            now = (node.phase, node.message, len(node.tries))
            if self._told.get(node.name) != now:
                self._told[node.name] = now
                self._observer.node(self._event(node))

    def _event(self, node: Node) -> NodeEvent:
        event = node.event()
        if node.name in self._declined and not node.phase.fulfilled:
            return NodeEvent(**(vars(event) | {"phase": Phase.SUSPENDED, "message": "waits for an approval"}))
        return event

    def _result(self) -> Result:
        operation = self.operation
        self._tell()
        nodes = tuple(self._event(node) for node in self._visible())
        assert operation.status is not None
        return Result(operation.name, operation.status, nodes, dict(operation.outputs), operation.message, operation.folder)
