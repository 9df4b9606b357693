"""Run a pipeline on a management cluster, or go on watching one. Callers see what `workflows.local.engine` shows them.

The run does not need its watcher: when this process ends, Argo goes on. A lost connection is said and tried again.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.errors import HeraError, Interrupted, NotFound
from infra.kube.api import Api
from infra.kube.errors import Unavailable
from infra.objects import ObjectStore
from workflows.argo import answers, artifacts
from workflows.argo.logs import PodLog
from workflows.argo.runs import Run, RunNode, path, pod_name
from workflows.argo.submit import submit
from workflows.local.api import Approver, NodeEvent, Observer, Phase, Result

_LOOK = 30.0
"""Seconds of silence after which the run is looked at, whatever the watch says: what was deleted while the API server was away
is in no event that it sends later."""
_TICK = 0.5
SPEAKER = "argo"
"""Under which name the engine itself says something."""


def run(
    template: str,
    parameters: Mapping[str, str],
    *,
    api: Api,
    namespace: str,
    root: Path,
    observer: Observer,
    approver: Approver,
    **options: Any,
) -> Result:
    """Start a pipeline and follow it to its end.

    Args:
        template: The pipeline's name.
        parameters: The workflow's parameters; the installed template's values stand for those not given.
        api: The management cluster.
        namespace: Where runs are.
        root: Where the run's folder is made on this machine: logs and plans.
        observer: Hears of nodes and lines.
        approver: Is asked when a node waits for an answer; None leaves it waiting.
        **options: As of `attach`.

    Returns:
        The result; a run that fails, is stopped or waits for an approval is a result and no exception.

    Raises:
        NotFound: The management cluster has no such pipeline.
        UsageError: A parameter is missing or unknown; nothing was started.
    """
    begun = submit(api, namespace, template, parameters)
    return attach(begun.name, api=api, namespace=namespace, root=root, observer=observer, approver=approver, **options)


def attach(
    name: str,
    *,
    api: Api,
    namespace: str,
    root: Path,
    observer: Observer,
    approver: Approver,
    open_store: Callable[[str], ObjectStore] | None = None,
    began: Callable[[str], None] = lambda name: None,
    timeout: float = 0.0,
    late: Callable[[], None] = lambda: None,
    wait: bool = False,
) -> Result:
    """Follow a run that is there, from whatever it has reached.

    Args:
        name: The run's name.
        api: The management cluster.
        namespace: Where runs are.
        root: Where the run's folder is made.
        observer: Hears of nodes and lines.
        approver: Is asked when a node waits for an answer.
        open_store: Opens the artifact store by its URL; without it plans are not fetched.
        began: Hears the run's name.
        timeout: Seconds after which the run is stopped.
        late: Hears that it was.
        wait: Stay while nobody here can answer: somebody elsewhere may.

    Raises:
        Interrupted: The run was deleted.
    """
    began(name)
    folder = root.absolute() / name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    follower = _Follower(name, api, namespace, folder, observer, approver, open_store, wait)
    if timeout:
        follower.limit(timeout, late)
    return follower.go()


class _Speaker:
    """Passes a pod's lines on; its first one is the earliest sign that it runs: Argo notices later."""

    def __init__(self, observer: Observer, running: NodeEvent) -> None:
        self._observer, self._running, self._begun = observer, running, False

    def __call__(self, text: str) -> None:
        if not self._begun:
            self._begun = True
            self._observer.node(replace(self._running, elapsed=0.0))
        self._observer.line(self._running.node, text)


class _Follower:
    """The loop: what the watch says, told to the observer in order; questions, asked."""

    def __init__(
        self,
        name: str,
        api: Api,
        namespace: str,
        folder: Path,
        observer: Observer,
        approver: Approver,
        open_store: Callable[[str], ObjectStore] | None,
        wait: bool,
    ) -> None:
        self._name, self._api, self._namespace, self._folder = name, api, namespace, folder
        self._observer, self._approver, self._open_store, self._wait = observer, approver, open_store, wait
        self._events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._told: dict[str, tuple[Phase, str, int]] = {}
        self._logs: dict[str, PodLog] = {}
        self._declined: set[str] = set()
        self._stores: dict[str, ObjectStore] = {}
        self._lost = self._blind = False
        self._deadline = float("inf")
        self._late: Callable[[], None] = lambda: None

    def limit(self, seconds: float, late: Callable[[], None]) -> None:
        """Stop the run after so long."""
        self._deadline, self._late = time.monotonic() + seconds, late

    def go(self) -> Result:
        """Follow to the end."""
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        heard = time.monotonic()
        while True:
            if time.monotonic() > self._deadline:
                self._stop()
            try:
                kind, item = self._events.get(timeout=_TICK)
                heard = time.monotonic()
            except queue.Empty:
                if time.monotonic() - heard < _LOOK:
                    continue
                kind, item, heard = *self._look(), time.monotonic()
            result = self._take(kind, item)
            if result is not None:
                return result

    def _watch(self) -> None:
        def lost(message: str) -> None:
            self._events.put(("LOST", message))

        try:
            for kind, item in self._api.watch(path(self._namespace), fieldSelector=f"metadata.name={self._name}", lost=lost):
                self._events.put((kind, item))
        except HeraError as error:
            self._events.put(("BROKEN", error))

    def _look(self) -> tuple[str, Any]:
        try:
            return "MODIFIED", self._api.get(path(self._namespace, self._name))
        except NotFound:
            return "DELETED", None
        except Unavailable as error:
            return "LOST", error.message

    def _take(self, kind: str, item: Any) -> Result | None:
        if kind == "BROKEN":
            raise item
        if kind == "LOST":
            if not self._lost:
                self._say("the management cluster does not answer; the run goes on there, trying again")
            self._lost = True
            return None
        if kind == "DELETED":
            raise Interrupted(f"the run {self._name} was deleted while it worked; what was done is in the ledger")
        if self._lost:
            self._say("the management cluster answers again")
            self._lost = False
        return self._advance(Run(item))

    def _advance(self, now: Run) -> Result | None:
        """Tell what changed, ask what is asked; return the result at the end."""
        self._tell(now)
        if now.ended:
            return now.result(self._folder)
        if now.data["spec"].get("shutdown"):
            return None
        for node in now.waiting:
            if node.id not in self._declined:
                self._ask(node)
        waiting = {node.id for node in now.waiting}
        others = any(node.kind == "Pod" and not node.phase.fulfilled for node in now.nodes)
        if waiting and waiting <= self._declined and not others and not self._wait:
            return now.result(self._folder, Phase.SUSPENDED)
        return None

    def _ask(self, node: RunNode) -> None:
        supplied = self._approver.approve(node.display, node.template, node.inputs)
        if supplied is None:
            self._declined.add(node.id)
            if self._wait:
                self._say(f"{node.display} waits for somebody: clusterctl approve {self._name}")
            return
        try:
            answers.answer(self._api, self._namespace, self._name, node.id, approved=supplied.get("approved") == "yes")
        except answers.Answered:
            self._say(f"{node.display} was answered by somebody else meanwhile")

    def _stop(self) -> None:
        self._deadline = float("inf")
        self._late()
        with suppress(answers.Answered):
            answers.stop(self._api, self._namespace, self._name)

    def _tell(self, run: Run) -> None:
        for node in run.nodes:
            now = (node.phase, node.message, len(node.tries))
            if self._told.get(node.name) == now:
                continue
            self._told[node.name] = now
            folder = self._prepare(run, node)
            self._observer.node(node.event(folder))

    def _prepare(self, run: Run, node: RunNode) -> Path:
        """Make a node's folder hold what the step left: log, error, plans; its lines come before its end."""
        folder = self._folder / node.display
        if node.kind != "Pod" or (node.phase.fulfilled and not node.phase.completed):
            return folder
        (folder / "outputs").mkdir(parents=True, exist_ok=True, mode=0o700)
        for attempt in node.tries or (node,):
            self._follow(run, node, attempt, folder)
        if node.phase.completed:
            error = node.outputs.get("error", "")
            (folder / "outputs" / "error").write_text(error, encoding="utf-8")
            self._fetch(run, node, folder)
        return folder

    def _follow(self, run: Run, node: RunNode, attempt: RunNode, folder: Path) -> None:
        log = self._logs.get(attempt.id)
        if log is None:
            pod = pod_name(run.name, attempt.name, attempt.template)
            say = _Speaker(self._observer, replace(node.event(folder), phase=Phase.RUNNING))
            log = self._logs[attempt.id] = PodLog(self._api, self._namespace, pod, say, folder / "main.log")
            if attempt.phase.fulfilled:
                log.over()
            log.start()
        if attempt.phase.fulfilled:
            log.close()

    def _fetch(self, run: Run, node: RunNode, folder: Path) -> None:
        if self._open_store is None or not node.artifacts or self._blind:
            return
        try:
            artifacts.fetch(run, node, folder, self._store)
        except HeraError as error:
            self._blind = True
            self._say(f"plans can't be fetched from the artifact store: {error.message}")

    def _store(self, url: str) -> ObjectStore:
        assert self._open_store is not None
        if url not in self._stores:
            self._stores[url] = self._open_store(url)
        return self._stores[url]

    def _say(self, text: str) -> None:
        self._observer.line(SPEAKER, json.dumps({"event": "warning", "message": text}))
