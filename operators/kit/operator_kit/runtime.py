"""The life of an operator's process: wait to lead, watch and work, stop in an order that leaves no write behind.

A leader that loses its term ends at once (`os._exit`): what it had in mind is worth nothing, and its successor already works.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from infra.errors import HeraError
from infra.kube.api import Api
from operator_kit import logs, watching
from operator_kit.guard import Guarded
from operator_kit.lease import Elector, Timing
from operator_kit.leases import ApiLeases
from operator_kit.metrics import Metrics, serve
from operator_kit.watching import Watch

LOG = logging.getLogger("operator")
GRACE = 2.0
"""Seconds for the work in hand after SIGTERM, before the Lease is given up."""


class Controller(Protocol):
    """What an operator adds: kinds to watch, and work to do."""

    def watches(self) -> Sequence[Watch]:
        """Return the kinds to watch."""
        ...

    def start(self) -> None:
        """Begin to work; this replica leads."""
        ...

    def stop(self, seconds: float) -> bool:
        """Take no more work; return whether all work in hand ended in time."""
        ...

    def waiting(self) -> int:
        """Return how many keys are due."""
        ...


@dataclass(frozen=True)
class Context:
    """What a controller is built from."""

    api: Guarded
    metrics: Metrics
    elector: Elector
    options: argparse.Namespace


def arguments(name: str) -> argparse.ArgumentParser:
    """Return the options that every operator takes."""
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("--kubeconfig", type=Path, help="by default the pod's service account")
    parser.add_argument("--namespace", default=os.environ.get("POD_NAMESPACE", "hera-operators"), help="where the Lease is")
    parser.add_argument("--address", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=8080, help="/metrics, /healthz, /readyz")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--verbose", action="store_true")
    return parser


def identity() -> str:
    """Return a name that no other process has had."""
    return f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"


def run(name: str, options: argparse.Namespace, build: Callable[[Context], Controller]) -> int:
    """Run an operator until SIGTERM; returns the exit code."""
    logs.configure(logging.DEBUG if options.verbose else logging.INFO)
    return _Process(name, options).run(build)


class _Process:
    """The threads of one replica: election, watching, workers, metrics; the main one waits for signals."""

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        self.name, self.options = name, options
        self.stop, self.elected = threading.Event(), threading.Event()
        self.ready = threading.Event()
        self.metrics = Metrics(name)
        timing = Timing()
        leases = ApiLeases(self._connect(), options.namespace, name, timing.call)
        self.elector = Elector(leases, identity(), timing)
        self.watcher: threading.Thread | None = None

    def run(self, build: Callable[[Context], Controller]) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        api = Guarded(self._connect().client, lambda: self.elector.check(0.5), self.metrics.wrote)
        controller = build(Context(api, self.metrics, self.elector, self.options))
        self.metrics.queue.labels(self.name).set_function(controller.waiting)
        server = serve(self.options.address, self.options.port, self.metrics, self._alive, self._is_ready)
        LOG.info("waiting to lead", extra={"fields": {"identity": self.elector.identity, "port": server.server_port}})
        ended = threading.Event()
        election = threading.Thread(target=self._elect, args=(ended,), daemon=True, name="election")
        election.start()
        while not self.stop.wait(0.2):
            if self.elected.is_set() and self.watcher is None:
                self._lead(controller, api)
        return self._end(controller, api, ended, election)

    def _connect(self) -> Api:
        return Api.connect(self.options.kubeconfig) if self.options.kubeconfig else Api.in_cluster()

    def _elect(self, ended: threading.Event) -> None:
        try:
            threading.Thread(target=self._say_trouble, args=(ended,), daemon=True).start()
            self.elector.run(ended, self._won, self._lost)
        except Exception:
            LOG.exception("the election failed")
            _exit()

    def _say_trouble(self, ended: threading.Event) -> None:
        said = ""
        while not ended.wait(1.0):
            if self.elector.trouble not in ("", said):
                LOG.warning("the Lease cannot be used", extra={"fields": {"why": self.elector.trouble}})
            said = self.elector.trouble

    def _won(self, token: int) -> None:
        self.metrics.leader.labels(self.name).set(1)
        LOG.info("leading", extra={"fields": {"term": token}})
        threading.Thread(target=self._watchdog, daemon=True, name="watchdog").start()
        self.elected.set()

    def _lost(self) -> None:
        LOG.error("the term ended and could not be renewed")
        _exit()

    def _watchdog(self) -> None:
        """End the process at the deadline even when the election's thread is held up."""
        while not self.stop.is_set():
            if not self.elector.leads():
                self._lost()
            time.sleep(0.1)

    def _lead(self, controller: Controller, api: Guarded) -> None:
        controller.start()
        self.watcher = threading.Thread(target=self._watch, args=(controller, api), daemon=True, name="watching")
        self.watcher.start()

    def _watch(self, controller: Controller, api: Guarded) -> None:
        try:
            watching.run(api, controller.watches(), self.stop, self.ready)
        except Exception:
            LOG.exception("watching failed")
        if not self.stop.is_set():
            _exit()

    def _end(self, controller: Controller, api: Guarded, ended: threading.Event, election: threading.Thread) -> int:
        """Stop working, refuse further writes, and give the Lease up only if no write is under way; reads may be."""
        idle = controller.stop(GRACE) if self.watcher else True
        self.elector.resign()
        ended.set()
        election.join(self.elector.timing.call + 0.5)
        if not api.writing and not election.is_alive():
            with suppress(HeraError):
                self.elector.release()
        LOG.info("stopped", extra={"fields": {"idle": str(idle)}})
        logging.shutdown()
        os._exit(0)

    def _alive(self) -> bool:
        return self.watcher is None or self.watcher.is_alive()

    def _is_ready(self) -> bool:
        return not self.elected.is_set() or self.ready.is_set()


def _exit() -> Any:
    logging.shutdown()
    os._exit(1)
