"""Azure Key Vault and the part of Entra that gives tokens for it, over HTTPS, for the real SDK.

True to the protocol: the 401 challenge and bearer tokens, versions, tags, soft deletion, paging of lists, the error body's codes,
Retry-After. Not in it: rights below "may or may not", expiry, certificates and keys, recovery, regions, throttling by count
(`faults` says what to answer instead).
"""

from __future__ import annotations

import json
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.background import serving

PAGE = 25


@dataclass
class Version:
    value: str
    tags: dict[str, str]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    enabled: bool = True


@dataclass
class Vault:
    """What the vault holds; `fault` may answer a call instead: it returns status, code and headers, or None."""

    url: str = ""
    secrets: dict[str, list[Version]] = field(default_factory=dict)
    deleted: dict[str, list[Version]] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    fault: Callable[[str, str], tuple[int, str, dict[str, str]] | None] = lambda method, path: None
    pause: float = 0.0
    cut: bool = False
    """Answers end in the middle."""
    assertions: list[str] = field(default_factory=list)
    """The workload's tokens that were shown instead of a client secret; their signatures are not checked."""
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def put(self, name: str, value: str, tags: dict[str, str] | None = None) -> None:
        self.secrets.setdefault(name, []).append(Version(value, tags or {}))


@contextmanager
def running(certificates: Path, address: str = "127.0.0.1") -> Iterator[Vault]:
    """Serve with `server.crt` and `server.key` of the folder; `vault.url` is where."""
    vault = Vault()
    server = ThreadingHTTPServer((address, 0), _handler(vault))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    vault.url = f"https://{address}:{server.server_port}"
    with serving(server):
        yield vault


def _handler(vault: Vault) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve("GET")

        def do_PUT(self) -> None:
            self._serve("PUT")

        def do_POST(self) -> None:
            self._serve("POST")

        def do_DELETE(self) -> None:
            self._serve("DELETE")

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _serve(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            path = urlsplit(self.path).path
            if "/oauth2/" in path or path.endswith("openid-configuration"):
                vault.assertions += parse_qs(body.decode()).get("client_assertion", [])
                return self._answer(200, _entra(vault, path))
            if self.headers.get("authorization") != f"Bearer {vault.token}":
                challenge = f'Bearer authorization="{vault.url}/tenant", resource="https://vault.azure.net"'
                return self._answer(401, _error("Unauthorized"), {"WWW-Authenticate": challenge})
            time.sleep(vault.pause)
            found = vault.fault(method, path)
            if found:
                return self._answer(found[0], _error(found[1]), found[2])
            query = {key: value[0] for key, value in parse_qs(urlsplit(self.path).query).items()}
            return self._answer(*_secret(vault, method, path, query, body))

        def _answer(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            for key, value in {"content-type": "application/json", "content-length": str(len(data)), **(headers or {})}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if vault.cut else data)
            self.close_connection = self.close_connection or vault.cut

    return Handler


def _entra(vault: Vault, path: str) -> dict[str, Any]:
    if path.endswith("openid-configuration"):
        base = f"{vault.url}/tenant"
        return {
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "issuer": f"{base}/v2.0",
        }
    return {"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "access_token": vault.token}


def _secret(vault: Vault, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, Any]:
    parts = path.strip("/").split("/")
    if parts[0] != "secrets":
        return 404, _error("NotFound")
    if len(parts) == 1:
        return 200, _page(vault, int(query.get("maxresults", PAGE)), int(query.get("$skiptoken", 0)))
    name = parts[1]
    if method == "PUT":
        if name in vault.deleted:
            return 409, _error("Conflict")
        asked = json.loads(body)
        vault.put(name, asked["value"], asked.get("tags"))
        return 200, _bundle(vault, name, vault.secrets[name][-1])
    if name not in vault.secrets:
        vault.reads.append(name)
        return 404, _error("SecretNotFound")
    if method == "DELETE":
        vault.deleted[name] = vault.secrets.pop(name)
        return 200, _bundle(vault, name, vault.deleted[name][-1]) | {"recoveryId": f"{vault.url}/deletedsecrets/{name}"}
    return _read(vault, name, parts[2] if len(parts) > 2 else "")


def _read(vault: Vault, name: str, version: str) -> tuple[int, Any]:
    vault.reads.append(name)
    found = next((item for item in reversed(vault.secrets[name]) if not version or item.id == version), None)
    if found is None:
        return 404, _error("SecretNotFound")
    if not found.enabled:
        return 403, _error("Forbidden", "Operation get is not allowed on a disabled secret.")
    return 200, _bundle(vault, name, found)


def _page(vault: Vault, size: int, start: int) -> dict[str, Any]:
    names = sorted(vault.secrets)
    items = [_bundle(vault, name, vault.secrets[name][-1]) for name in names[start : start + size]]
    for item, name in zip(items, names[start : start + size], strict=True):
        del item["value"]
        item["id"] = f"{vault.url}/secrets/{name}"
    more = (
        f"{vault.url}/secrets?api-version=7.6&maxresults={size}&$skiptoken={start + size}" if start + size < len(names) else None
    )
    return {"value": items, "nextLink": more}


def _bundle(vault: Vault, name: str, version: Version) -> dict[str, Any]:
    return {
        "value": version.value,
        "id": f"{vault.url}/secrets/{name}/{version.id}",
        "attributes": {"enabled": version.enabled, "created": 1700000000, "updated": 1700000000},
        "tags": version.tags,
    }


def _error(code: str, message: str = "refused") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}
