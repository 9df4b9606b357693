"""Serves one simulated cloud to pods and machines: `python -m infra.simulator serve --listen HOST:PORT --home DIR`.

The server is the only one that touches the database. Each connection has a thread and an SQLite connection of its own; a
transaction ends with its connection, and when its client says nothing for a while, so that nobody who died holds the others up.
Everything needs the token from `HERA_SIMULATOR_TOKEN` but `/healthz`. There is no TLS: it is for a cluster's own network.
"""

import hmac
import json
import os
import signal
import socket
import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from infra.simulator.errors import UsageError
from infra.simulator.remote import PROTOCOL, TOKEN
from infra.simulator.store import Store

IDLE_SECONDS = 30.0
"""How long a client may say nothing within a transaction."""
LINE_LIMIT = 32 << 20
_ALLOWED = frozenset(
    (
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_INSERT,
        sqlite3.SQLITE_UPDATE,
        sqlite3.SQLITE_DELETE,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_FUNCTION,
    )
)
_STATEMENTS = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "BEGIN", "COMMIT", "ROLLBACK")


def _authorize(action: int, *_names: str | None) -> int:
    """Let statements work on rows and nothing else: no other files, no settings, no other tables."""
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


class Server(ThreadingHTTPServer):
    """Listens, and knows the store and the token."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], home: Path, token: str) -> None:
        if not token:
            raise UsageError(f"{TOKEN} is not set: whoever reaches the port could change the simulated cloud")
        self.store = Store(home, local=True)
        self.token = token
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        """Answer a health check, or become a line of statements."""
        self.close_connection = True
        if self.path == "/healthz":
            return self._say(200, b"ok\n")
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.server.token.encode()):
            return self._say(401, b"the token is missing or wrong\n")
        if self.path != "/sql" or self.headers.get("Upgrade") != PROTOCOL:
            return self._say(404, b"there is /healthz, and /sql for the simulator's own client\n")
        self.send_response_only(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", PROTOCOL)
        self.end_headers()
        return self._statements()

    def _say(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _statements(self) -> None:
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        database = self.server.store.connection
        database.set_authorizer(_authorize)
        try:
            while True:
                self.connection.settimeout(IDLE_SECONDS if database.in_transaction else None)
                line = self.rfile.readline(LINE_LIMIT)
                if not line.endswith(b"\n"):
                    return
                self.wfile.write(_answer(database, json.loads(line)))
        except (OSError, ValueError):
            return
        finally:
            database.close()
            self.server.store.forget_connection()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: requests carry a token."""


def _answer(database: sqlite3.Connection, request: dict[str, Any]) -> bytes:
    try:
        sql, rows = request["sql"], request["rows"]
        if not sql.startswith(_STATEMENTS):
            raise sqlite3.DatabaseError("not authorized")
        cursor = database.execute(sql, rows[0]) if len(rows) == 1 else database.executemany(sql, rows)
        answer: dict[str, Any] = {"rows": cursor.fetchall(), "lastrowid": cursor.lastrowid}
    except (sqlite3.Error, KeyError, TypeError) as error:
        answer = {"error": str(error)}
    return json.dumps(answer).encode() + b"\n"


def serve(listen: str, home: Path) -> int:
    """Serve until SIGTERM or SIGINT."""
    host, _, port = listen.rpartition(":")
    if not port.isdigit():
        raise UsageError(f"{listen!r} is no address; accepted: HOST:PORT, as in 0.0.0.0:8443")
    server = Server((host.strip("[]"), int(port)), home, os.environ.get(TOKEN, ""))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stdout.write(f"simulated cloud of {home} on {host}:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    return 0
