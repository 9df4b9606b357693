"""One trace from the command to terraform, for those who collect traces; for all others nothing is imported and nothing done.

`OTEL_EXPORTER_OTLP_ENDPOINT` turns it on, and OpenTelemetry's other variables hold too. A process finds its parent in
`TRACEPARENT` (W3C); pipelines carry it to their steps as a parameter. What makes spans is in `infra.spans`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.spans import Spans

PARENT = "TRACEPARENT"
PARAMETER = "traceparent"
"""The pipelines' parameter that carries it."""
_SWITCHES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

Value = str | int | float | bool


class Span:
    """What goes on, to be told more about; this one is told in vain."""

    def tell(self, **attributes: Value) -> None:
        """Add what is known by now."""

    def fail(self, message: str) -> None:
        """Say that it went wrong."""


@contextmanager
def span(name: str, **attributes: Value) -> Iterator[Span]:
    """Surround some work; what is raised in it marks it as failed."""
    spans = _spans()
    if spans is None:
        yield Span()
        return
    with spans.span(name, attributes) as found:
        yield found


def record(name: str, seconds: float, **attributes: Value) -> None:
    """Tell of work that has just ended."""
    spans = _spans()
    if spans is not None:
        spans.record(name, seconds, attributes)


def traceparent() -> str:
    """Return what makes another process' spans children of the current one; empty when nobody collects."""
    spans = _spans()
    return spans.traceparent() if spans is not None else ""


def finish() -> None:
    """Send what was not sent yet, for a process that ends without ending Python."""
    spans = _spans() if _spans.cache_info().currsize else None
    if spans is not None:
        spans.finish()


def root(environment: Mapping[str, str]) -> str:
    """Return the parent that a process was given; for a run that nobody watches, one that all its steps work out alike."""
    given, run = environment.get(PARENT, ""), environment.get("HERA_RUN", "")
    if given or not run:
        return given
    import hashlib

    digest = hashlib.sha256(f"{environment.get('HERA_NAMESPACE', '')}/{run}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01"


@cache
def _spans() -> Spans | None:
    if not any(os.environ.get(name) for name in _SWITCHES):
        return None
    try:
        from infra.spans import Spans
    except ImportError:
        print("no traces: OpenTelemetry is not installed; pip install 'hera-platform[tracing]'", file=sys.stderr)
        return None
    return Spans(root(os.environ))
