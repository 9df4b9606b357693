"""Spans by OpenTelemetry, sent by OTLP over HTTP in the background; imported only where somebody collects them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from infra.tracing import Span, Value

SECONDS = 3
"""How long the end of a process waits for a collector that does not answer, unless OTEL_EXPORTER_OTLP_TIMEOUT says otherwise."""

_CARRIER = TraceContextTextMapPropagator()


class _Told(Span):
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def tell(self, **attributes: Value) -> None:
        self._span.set_attributes({f"hera.{key}": value for key, value in attributes.items()})

    def fail(self, message: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, message))


class Spans:
    """The process's spans."""

    def __init__(self, parent: str) -> None:
        timeout = None if os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else SECONDS
        name = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "hera"}
        self._provider = TracerProvider(resource=Resource.create(name))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=timeout)))
        self._tracer = self._provider.get_tracer("hera")
        self._parent = _CARRIER.extract({"traceparent": parent})

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Value]) -> Iterator[Span]:
        """Surround some work."""
        with self._tracer.start_as_current_span(name, context=self._context(), record_exception=False) as span:
            told = _Told(span)
            told.tell(**attributes)
            yield told

    def record(self, name: str, seconds: float, attributes: Mapping[str, Value]) -> None:
        """Tell of work that has just ended."""
        now = time.time_ns()
        span = self._tracer.start_span(name, context=self._context(), start_time=now - int(seconds * 1e9))
        _Told(span).tell(**attributes)
        span.end(now)

    def _context(self) -> Context | None:
        """Return the parent from outside for a span that has none here."""
        return None if trace.get_current_span().get_span_context().is_valid else self._parent

    def traceparent(self) -> str:
        """Return the current span's name for other processes."""
        carrier: dict[str, str] = {}
        _CARRIER.inject(carrier)
        return carrier.get("traceparent", "")

    def finish(self) -> None:
        """Send what was not sent yet."""
        self._provider.shutdown()
