"""Takes spans as a trace collector does, by OTLP over HTTP, and keeps them as plain data.

    python -m tests.doubles.otlp PORT FILE      until it is interrupted; then the spans are in FILE, as JSON

It knows nothing but `/v1/traces` with protobuf in it.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

from tests.support.background import serving


@dataclass(frozen=True)
class Received:
    """A span."""

    trace: str
    id: str
    parent: str
    name: str
    begin: float
    end: float
    failed: bool
    attributes: dict[str, Any]


@dataclass
class Collector:
    """What came so far."""

    url: str
    spans: list[Received] = field(default_factory=list)


def _read(body: bytes) -> Iterator[Received]:
    request = ExportTraceServiceRequest.FromString(body)
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Received(
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.name,
                    span.start_time_unix_nano / 1e9,
                    span.end_time_unix_nano / 1e9,
                    span.status.code == 2,
                    {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in span.attributes},
                )


@contextmanager
def running(port: int) -> Iterator[Collector]:
    """Listen on a port of the loopback address."""
    found = Collector(f"http://127.0.0.1:{port}")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path != "/v1/traces" or self.headers["content-type"] != "application/x-protobuf":
                self.send_error(404)
                return
            found.spans.extend(_read(body))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", port), Handler)):
        yield found


def main(port: str, file: str) -> None:
    """Collect until interrupted."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with running(int(port)) as found:
        ended.wait()
    Path(file).write_text(json.dumps([asdict(span) for span in found.spans], indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
