"""The simulated cloud's database over the network: what `Store` does with SQLite, done on a server's one.

The seam is the SQL statement, so that everything above it is the same on a folder and over a network, transactions included.
A connection is one HTTP request with a token that is upgraded to lines of JSON, a line a statement; the server ties a transaction
to its connection and rolls it back when the client goes away. Standard library only: every provider process imports it.
"""

import json
import os
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from infra.simulator.errors import CloudError, UsageError

URL, TOKEN = "HERA_SIMULATOR_URL", "HERA_SIMULATOR_TOKEN"
"""Environment variables that lead to a server instead of a folder."""
PROTOCOL = "hera-simulator"
PATIENCE = 20.0
"""Seconds that a server may be away, for instance because it is being restarted."""


class Unreachable(CloudError):
    """The server does not answer; in words that say so to whoever classifies them."""


class Result:
    """What a statement gave."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._rows = [tuple(row) for row in answer["rows"]]
        self.lastrowid: int | None = answer["lastrowid"]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._rows)

    def fetchone(self) -> tuple[Any, ...] | None:
        """Give the first row, if there is one."""
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Give all rows."""
        return self._rows


class RemoteConnection:
    """The part of `sqlite3.Connection` that the store uses. Not for two threads at once."""

    def __init__(self, url: str, token: str, patience: float = PATIENCE) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise UsageError(f"{URL} is {url!r}; accepted: http://HOST:PORT")
        self._place = (parts.hostname, parts.port or 80)
        self._token, self._patience = token, patience
        self._socket: socket.socket | None = None
        self._lines: Any = None
        self._in_transaction = False

    @classmethod
    def from_environment(cls) -> "RemoteConnection":
        """Connect to the server that the environment names."""
        return cls(os.environ[URL], os.environ.get(TOKEN, ""))

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Result:
        """Run one statement."""
        result = self._ask({"sql": sql, "rows": [list(parameters)]})
        self._in_transaction = sql.startswith("BEGIN") or (self._in_transaction and not sql.startswith(("COMMIT", "ROLLBACK")))
        return result

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> Result:
        """Run one statement for many rows, in one exchange."""
        return self._ask({"sql": sql, "rows": [list(row) for row in rows]})

    def _ask(self, request: dict[str, Any]) -> Result:
        line = json.dumps(request).encode() + b"\n"
        until = time.monotonic() + self._patience
        while True:
            try:
                return self._exchange(line)
            except OSError as error:
                self.close()
                # In a transaction nobody knows what came of it: the call fails, as it does when a cloud goes away.
                if self._in_transaction or time.monotonic() > until:
                    self._in_transaction = False
                    raise Unreachable(f"the simulated cloud does not answer: connection refused or lost ({error})") from error
                time.sleep(0.2)

    def _exchange(self, line: bytes) -> Result:
        if self._socket is None:
            self._connect()
        assert self._socket is not None
        self._socket.sendall(line)
        raw = self._lines.readline()
        if not raw:
            raise ConnectionResetError("closed by the server")
        answer: dict[str, Any] = json.loads(raw)
        if "error" in answer:
            raise CloudError(f"the simulated cloud's database: {answer['error']}")
        return Result(answer)

    def _connect(self) -> None:
        self._socket = socket.create_connection(self._place, timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(90)
        self._lines = self._socket.makefile("rb")
        host = f"{self._place[0]}:{self._place[1]}"
        head = f"GET /sql HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: {PROTOCOL}\r\n"
        self._socket.sendall(f"{head}Authorization: Bearer {self._token}\r\n\r\n".encode())
        status = self._lines.readline().decode(errors="replace").split()
        while self._lines.readline().strip():
            pass
        if len(status) < 2 or status[1] in ("502", "503"):
            raise ConnectionResetError("no server yet")
        if status[1] != "101":
            self.close()
            raise CloudError(f"the simulated cloud at {host} refused the token (AuthFailure: {status[1]}); set {TOKEN}")

    def close(self) -> None:
        """Let go of the connection."""
        if self._socket is not None:
            self._lines.close()
            self._socket.close()
        self._socket = None
