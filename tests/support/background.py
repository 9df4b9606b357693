"""What runs beside a test until a block ends: a program with its log, a small server."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path


@contextmanager
def process(argv: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program; what it says is added to its log."""
    with (
        log.open("ab") as output,
        subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment) as found,
    ):
        try:
            yield found
        finally:
            found.kill()


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    """Answer in the background."""
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
