"""Azure Resource Manager's protocol in a thread: what the SDK insists on, and nothing of what Azure does.

TLS with a certificate of its own, bearer tokens, `api-version`, groups before resources, long-running operations by
`Azure-AsyncOperation` and `Location`, paging by `nextLink`, tag filters, the error document, throttling with `Retry-After`.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.background import serving

SUBSCRIPTION = "00000000-0000-4000-8000-0000000000aa"
TAG_FILTER = re.compile(r"tagName eq '([^']*)' and tagValue eq '([^']*)'")
PAGE = 2
"""Items on a page of a list, few so that paging is always seen."""


def certificate(folder: Path, name: str) -> Path:
    """Write a self-signed certificate and its key for a name and this machine; return the file that holds both."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = [x509.DNSName(name), x509.DNSName("localhost")]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return path


class Token:
    """A credential for the SDK's clients."""

    def get_token(self, *scopes: str, **options: Any) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken("token", 4_102_444_800)


@dataclass
class Arm:
    """The double: its resources by lower-case id, and what was asked of it."""

    url: str = ""
    ca: str = ""
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """Storage account names that somebody else in the world has."""
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    """Answers (status, code, message) that the next calls get instead."""
    skus: tuple[str, ...] = ("Standard_LRS", "Standard_ZRS")
    operations: dict[str, str] = field(default_factory=dict)
    """Long-running operations: how often they still say that they are running, and their resource."""

    def options(self) -> dict[str, Any]:
        """Return what a client of the SDK needs to talk to this."""
        return {"base_url": self.url, "connection_verify": self.ca, "polling_interval": 0, "retry_backoff_factor": 0.01}

    def clients(self, principal: str = "11111111-0000-4000-8000-000000000001") -> Any:
        """Return the state store's clients."""
        from azure.mgmt.resource import ResourceManagementClient
        from azure.mgmt.storage import StorageManagementClient

        from infra.providers.azure.state import Clients

        resources = ResourceManagementClient(Token(), SUBSCRIPTION, **self.options())
        return Clients(resources, StorageManagementClient(Token(), SUBSCRIPTION, **self.options()), principal)

    def add(self, id_: str, type_: str, tags: dict[str, str] | None = None, **properties: Any) -> str:
        """Put a resource there that nobody asked for; return its id."""
        full = f"/subscriptions/{SUBSCRIPTION}/{id_}"
        name = full.split(f"{type_.rsplit('/', 1)[-1]}/")[-1]
        self.resources[full.lower()] = {"id": full, "type": type_, "name": name, "tags": tags or {}, "properties": properties}
        return full

    def writes(self) -> list[str]:
        """Return the calls that change something."""
        return [call for call in self.calls if call.split()[0] in ("PUT", "PATCH", "DELETE")]


@contextmanager
def arm(folder: Path) -> Iterator[Arm]:
    """Run the double while the block lasts."""
    double, pem = Arm(), certificate(folder, "localhost")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(double))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    double.url, double.ca = f"https://localhost:{server.server_port}", str(pem)
    with serving(server):
        yield double


class Refused(Exception):
    """An error document."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def _handler(double: Arm) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null") if length else None
            try:
                status, answer, headers = self._answer(body)
            except Refused as error:
                status, answer = error.status, {"error": {"code": error.code, "message": error.message}}
                headers = {"Retry-After": "0"} if status == 429 else {}
            data = b"" if answer is None or self.command == "HEAD" else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _answer(self, body: Any) -> tuple[int, Any, dict[str, str]]:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            double.calls.append(f"{self.command} {parts.path}")
            if not self.headers.get("Authorization", "").startswith("Bearer "):
                raise Refused(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
            if double.faults:
                raise Refused(*double.faults.pop(0))
            if parts.path.startswith("/operations/"):
                return _operation(double, parts.path)
            if "api-version" not in query:
                raise Refused(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required.")
            return _call(double, self.command, parts.path, query, body)

        do_GET = do_PUT = do_PATCH = do_POST = do_DELETE = do_HEAD = _serve

    return Handler


def _call(double: Arm, verb: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any, dict[str, str]]:
    tail = path.lower().removeprefix(f"/subscriptions/{SUBSCRIPTION}/")
    if tail.endswith("/checknameavailability"):
        free = body["name"] not in double.taken
        return 200, {"nameAvailable": free, "message": "" if free else "The storage account is already taken."}, {}
    if tail.endswith("microsoft.storage/skus"):
        return 200, {"value": [_sku(name) for name in double.skus]}, {}
    if tail in ("resources", "resourcegroups"):
        return _list(double, query, lambda item: ("/providers/" in item["id"]) == (tail == "resources"))
    if re.fullmatch(r"resourcegroups/[^/]+/resources", tail):
        group = path.lower().removesuffix("/resources")
        _require(double, group, "ResourceGroupNotFound")
        return _list(double, query, lambda item: item["id"].lower().startswith(f"{group}/providers/"))
    return _resource(double, verb, path, body)


def _sku(name: str) -> dict[str, Any]:
    return {"name": name, "kind": "StorageV2", "resourceType": "storageAccounts", "locations": ["westeurope"], "restrictions": []}


def _list(double: Arm, query: dict[str, str], belongs: Any) -> tuple[int, Any, dict[str, str]]:
    """Return a page of what belongs and has the tag of the filter."""
    items = [item for item in double.resources.values() if belongs(item)]
    if match := TAG_FILTER.fullmatch(query.get("$filter", "")):
        items = [item for item in items if (item.get("tags") or {}).get(match.group(1)) == match.group(2)]
    begin = int(query.get("$skiptoken", 0))
    answer: dict[str, Any] = {"value": items[begin : begin + PAGE]}
    if len(items) > begin + PAGE:
        path = double.calls[-1].split()[1]
        more = "&".join(f"{key}={value.replace(' ', '%20')}" for key, value in query.items() if key != "$skiptoken")
        answer["nextLink"] = f"{double.url}{path}?{more}&$skiptoken={begin + PAGE}"
    return 200, answer, {}


def _require(double: Arm, id_: str, code: str = "ResourceNotFound") -> dict[str, Any]:
    if id_.lower() not in double.resources:
        raise Refused(404, code, f"'{id_}' could not be found.")
    return double.resources[id_.lower()]


def _resource(double: Arm, verb: str, path: str, body: Any) -> tuple[int, Any, dict[str, str]]:
    if verb == "HEAD":
        return (204 if path.lower() in double.resources else 404), None, {}
    if verb == "PUT":
        return _put(double, path, body)
    item = _require(double, path, "ResourceGroupNotFound" if "/providers/" not in path.lower() else "ResourceNotFound")
    if verb == "DELETE":
        number = str(len(double.operations))
        double.operations[number] = f"delete {path.lower()}"
        return 202, None, {"Location": f"{double.url}/operations/{number}", "Retry-After": "0"}
    if verb == "PATCH":
        item["properties"] |= body.get("properties", {})
        item["tags"] = body.get("tags", item.get("tags"))
    return 200, item, {}


def _put(double: Arm, path: str, body: Any) -> tuple[int, Any, dict[str, str]]:
    """Make a resource inside what must be there; an account comes later, a blob service came with it."""
    group = re.match(r"/subscriptions/[^/]+/resourcegroups/[^/]+", path, re.IGNORECASE)
    assert group is not None, path
    if group.group(0) != path:
        _require(double, group.group(0), "ResourceGroupNotFound")
    account = re.match(r".*/storageaccounts/[^/]+", path, re.IGNORECASE)
    if account and account.group(0) != path:
        _require(double, account.group(0))
    new = path.lower() not in double.resources
    item = {"id": path, "name": path.rsplit("/", 1)[-1], "type": _type(path), "properties": {}, "tags": {}, **(body or {})}
    double.resources[path.lower()] = item
    if account and account.group(0) == path:
        double.resources.setdefault(f"{path}/blobServices/default".lower(), _blob_service(path))
        number = str(len(double.operations))
        double.operations[number] = f"made {path.lower()}"
        return 202, None, {"Location": f"{double.url}/operations/{number}", "Retry-After": "0"}
    return (201 if new else 200), item, {}


def _type(path: str) -> str:
    """Return a resource's type, or the one of a group."""
    parts = path.split("/providers/")[-1].split("/") if "/providers/" in path else []
    return "/".join([parts[0], *parts[1::2]]) if parts else "Microsoft.Resources/resourceGroups"


def _blob_service(account: str) -> dict[str, Any]:
    """Return the service of a new account, as Azure makes it."""
    off = {"deleteRetentionPolicy": {"enabled": False, "allowPermanentDelete": False}, "cors": {"corsRules": []}}
    id_ = f"{account}/blobServices/default"
    return {"id": id_, "name": "default", "type": "Microsoft.Storage/storageAccounts/blobServices", "properties": off}


def _operation(double: Arm, path: str) -> tuple[int, Any, dict[str, str]]:
    """Say once that an operation is running, then what became of it."""
    number = path.rsplit("/", 1)[-1]
    todo, _, id_ = double.operations[number].partition(" ")
    if not todo.endswith("…"):
        double.operations[number] = f"{todo}… {id_}"
        return 202, None, {"Location": f"{double.url}{path}", "Retry-After": "0"}
    if todo == "made…":
        return 200, double.resources[id_], {}
    gone = [key for key in double.resources if key == id_ or key.startswith(f"{id_}/")]
    for key in gone:
        del double.resources[key]
    return 204, None, {}
