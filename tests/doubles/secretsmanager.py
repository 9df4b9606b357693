"""AWS Secrets Manager and STS: moto, behind a small relay that counts reads and answers instead of it when told to.

moto checks no signature and no rights, and has one account; batches, stages, versions, tags and deletion are its own.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from tests.support.background import serving


@dataclass
class Account:
    """Where it is, and what to answer instead: `fault` gets the operation and returns status, code, headers, or None."""

    url: str = ""
    moto: int = 0
    reads: list[str] = field(default_factory=list)
    fault: Callable[[str], tuple[int, str, dict[str, str]] | None] = lambda operation: None
    pause: float = 0.0
    cut: bool = False
    """Answers end in the middle."""
    assertions: list[str] = field(default_factory=list)
    """The workload's tokens that were shown for a role; their signatures are not checked."""


@contextmanager
def running(address: str = "127.0.0.1") -> Iterator[Account]:
    from moto.server import ThreadedMotoServer

    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    account = Account(moto=moto.get_host_and_port()[1])
    relay = ThreadingHTTPServer((address, 0), _handler(account))
    account.url = f"http://{address}:{relay.server_port}"
    try:
        with serving(relay):
            yield account
    finally:
        moto.stop()


def _handler(account: Account) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            operation = str(self.headers.get("x-amz-target", "")).rsplit(".", 1)[-1]
            time.sleep(account.pause)
            found = account.fault(operation)
            if found:
                status, code, headers = found
                return self._answer(status, headers, json.dumps({"__type": code, "message": "refused"}).encode())
            _note(account, operation, body)
            connection = http.client.HTTPConnection("127.0.0.1", account.moto, timeout=30)
            headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "content-length")}
            connection.request("POST", self.path, body, headers)
            answer = connection.getresponse()
            self._answer(answer.status, {"content-type": answer.headers.get("content-type", "")}, answer.read())

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
            self.send_response(status)
            for key, value in {**headers, "content-length": str(len(data))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if account.cut else data)
            self.close_connection = self.close_connection or account.cut

    return Handler


def _note(account: Account, operation: str, body: bytes) -> None:
    account.assertions += parse_qs(body.decode(errors="replace")).get("WebIdentityToken", [])
    if operation == "GetSecretValue":
        account.reads.append(json.loads(body)["SecretId"])
    if operation == "BatchGetSecretValue":
        account.reads.append(operation)
