"""What is measured, and the small HTTP server that tells it: `/metrics`, `/healthz` (alive), `/readyz` (watching or waiting)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The figures that every operator has; its own come on the same registry."""

    def __init__(self, operator: str) -> None:
        self.registry = CollectorRegistry()
        self.reconciles = Counter(
            "hera_operator_reconciles", "Rounds by outcome", ["operator", "kind", "outcome"], registry=self.registry
        )
        self.seconds = Histogram(
            "hera_operator_reconcile_seconds", "Time of a round", ["operator", "kind"], registry=self.registry, buckets=BUCKETS
        )
        self.queue = Gauge("hera_operator_queue", "Keys that are due", ["operator"], registry=self.registry)
        self.leader = Gauge("hera_operator_leader", "1 while this replica leads", ["operator"], registry=self.registry)
        self.writes = Counter(
            "hera_operator_api_writes", "Writes to the API server", ["operator", "verb"], registry=self.registry
        )
        self.operator = operator
        self.leader.labels(operator).set(0)

    def round(self, kind: str, outcome: str, seconds: float) -> None:
        """Count one round."""
        self.reconciles.labels(self.operator, kind, outcome).inc()
        self.seconds.labels(self.operator, kind).observe(seconds)

    def wrote(self, verb: str) -> None:
        """Count one write."""
        self.writes.labels(self.operator, verb).inc()

    def text(self) -> bytes:
        """Return the figures in Prometheus' form."""
        return generate_latest(self.registry)


def serve(address: str, port: int, metrics: Metrics, alive: Callable[[], bool], ready: Callable[[], bool]) -> ThreadingHTTPServer:
    """Answer on a port from a thread of its own; `shutdown` ends it."""

    class Handler(BaseHTTPRequestHandler):
        pages: ClassVar[dict[str, Callable[[], tuple[int, bytes, str]]]] = {
            "/metrics": lambda: (200, metrics.text(), CONTENT_TYPE_LATEST),
            "/healthz": lambda: _answer(alive()),
            "/readyz": lambda: _answer(ready()),
        }

        def do_GET(self) -> None:
            status, body, kind = self.pages.get(self.path, lambda: (404, b"not found\n", "text/plain"))()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: probes come every few seconds."""

    server = ThreadingHTTPServer((address, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True, name="metrics").start()
    return server


def _answer(good: bool) -> tuple[int, bytes, str]:
    return (200, b"ok\n", "text/plain") if good else (503, b"not ok\n", "text/plain")
