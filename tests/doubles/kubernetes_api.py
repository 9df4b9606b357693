"""A Kubernetes API server in memory, over real HTTP: objects with versions, watches, merge patches, logs; and it can go away."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from infra.kube.api import Api
from tests.support.background import serving

Object = dict[str, Any]
USER = "ann@example.com"


class FakeKubernetes:
    """What the server holds; tests change it as a controller would."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.logs: dict[str, list[str]] = {}
        self.ended: set[str] = set()
        """Pods whose container has ended: their logs do, too."""
        self.forbidden: set[str] = set()
        """`METHOD path` that is answered with 403."""
        self.requests: list[str] = []
        self.down = False
        self.busy = 0
        """Requests that are answered with 429 from now on."""
        self.user = USER
        self.changed = threading.Condition()
        self.history: list[tuple[int, str, str, Object]] = []
        self._version = 0

    def put(self, path: str, obj: Object, *, kind: str = "") -> Object:
        """Write an object and tell watchers."""
        with self.changed:
            self._version += 1
            event = kind or ("MODIFIED" if path in self.objects else "ADDED")
            obj = copy.deepcopy(obj)
            obj.setdefault("metadata", {})["resourceVersion"] = str(self._version)
            if event == "DELETED":
                self.objects.pop(path, None)
            else:
                self.objects[path] = obj
            self.history.append((self._version, event, path, copy.deepcopy(obj)))
            self.changed.notify_all()
            return obj

    def change(self, path: str, patch: Object) -> Object:
        """Merge a patch into an object."""
        with self.changed:
            return self.put(path, merge(self.objects[path], patch))

    def remove(self, path: str) -> None:
        """Delete an object."""
        with self.changed:
            self.put(path, self.objects[path], kind="DELETED")

    def say(self, pod: str, *lines: str) -> None:
        """Add lines to a pod's log."""
        with self.changed:
            for line in lines:
                log = self.logs.setdefault(pod, [])
                log.append(f"2026-11-26T20:00:{len(log) // 10:02d}.{len(log) % 10 + 1}Z {line}")
            self.changed.notify_all()

    def end(self, pod: str) -> None:
        """End a pod's container."""
        with self.changed:
            self.ended.add(pod)
            self.changed.notify_all()

    def cut(self) -> None:
        """Go away: running watches and logs end, requests are refused."""
        with self.changed:
            self.down = True
            self.changed.notify_all()


def merge(old: Any, patch: Any) -> Any:
    """Return a JSON merge patch's result."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    new = copy.deepcopy(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            new.pop(key, None)
        else:
            new[key] = merge(new.get(key), value)
    return new


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeKubernetes

    def log_message(self, *args: object) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        self.fake.requests.append(f"{self.command} {parts.path}")
        if self.fake.down:
            self.close_connection = True
            return self.connection.close()
        if self.fake.busy:
            self.fake.busy -= 1
            return self._fail(429, "TooManyRequests", "storage is (re)initializing")
        if f"{self.command} {parts.path}" in self.fake.forbidden:
            return self._fail(403, "Forbidden", "you may not")
        if parts.path.endswith("/log"):
            return self._log(parts.path.split("/")[-2], query)
        if query.get("watch") == "true":
            return self._watch(parts.path, query)
        return getattr(self, f"_{self.command.lower()}")(parts.path, query, body)

    def _get(self, path: str, query: Object, body: Object) -> None:
        if path in self.fake.objects:
            return self._answer(200, self.fake.objects[path])
        kind = path.rsplit("/", 1)[-1]
        if kind.endswith("s") and "." not in kind:
            found = [
                obj for key, obj in sorted(self.fake.objects.items()) if key.rsplit("/", 1)[0] == path and _selected(obj, query)
            ]
            first = int(query.get("continue") or 0)
            last = first + int(query.get("limit") or 500)
            metadata = {"resourceVersion": str(self.fake._version)} | ({"continue": str(last)} if last < len(found) else {})
            return self._answer(200, {"items": found[first:last], "metadata": metadata})
        return self._fail(404, "NotFound", f"{path} not found")

    def _post(self, path: str, query: Object, body: Object) -> None:
        if path.endswith("selfsubjectreviews"):
            return self._answer(201, body | {"status": {"userInfo": {"username": self.fake.user}}})
        target = f"{path}/{body['metadata']['name']}"
        if target in self.fake.objects:
            return self._fail(409, "AlreadyExists", "it exists")
        return self._answer(201, self.fake.put(target, body))

    def _patch(self, path: str, query: Object, body: Object) -> None:
        with self.fake.changed:
            if path not in self.fake.objects:
                return self._fail(404, "NotFound", f"{path} not found")
            asked = body.get("metadata", {}).get("resourceVersion")
            if asked and asked != self.fake.objects[path]["metadata"]["resourceVersion"]:
                return self._fail(409, "Conflict", "the object has been modified")
            return self._answer(200, self.fake.change(path, body))

    def _delete(self, path: str, query: Object, body: Object) -> None:
        if path not in self.fake.objects:
            return self._fail(404, "NotFound", f"{path} not found")
        self.fake.remove(path)
        return self._answer(200, {"status": "Success"})

    def _watch(self, path: str, query: Object) -> None:
        self._begin()
        seen = int(query.get("resourceVersion") or 0)
        if not seen:
            with self.fake.changed:
                seen = self.fake._version
                now = [obj for key, obj in self.fake.objects.items() if key.rsplit("/", 1)[0] == path and _selected(obj, query)]
            for obj in now:
                self._chunk({"type": "ADDED", "object": obj})
        until = time.monotonic() + float(query.get("timeoutSeconds") or 30)
        while not self.fake.down and time.monotonic() < until:
            with self.fake.changed:
                fresh = [item for item in self.fake.history if item[0] > seen]
                if not fresh:
                    self.fake.changed.wait(0.05)
                    continue
            for version, kind, key, obj in fresh:
                seen = version
                if key.rsplit("/", 1)[0] == path and _selected(obj, query):
                    self._chunk({"type": kind, "object": obj})
        self._finish()

    def _log(self, pod: str, query: Object) -> None:
        if pod not in self.fake.logs:
            return self._fail(404, "NotFound", "no pod")
        self._begin()
        told = 0
        while not self.fake.down:
            with self.fake.changed:
                lines, over = list(self.fake.logs[pod]), pod in self.fake.ended
            for line in lines[told:]:
                if not query.get("sinceTime") or line[:19] >= query["sinceTime"][:19]:
                    text = line if query.get("timestamps") == "true" else line.partition(" ")[2]
                    self._chunk(text.encode() + b"\n")
            told = len(lines)
            if over or query.get("follow") != "true":
                break
            with self.fake.changed:
                self.fake.changed.wait(0.05)
        self._finish()

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def _chunk(self, data: Object | bytes) -> None:
        raw = data if isinstance(data, bytes) else json.dumps(data).encode() + b"\n"
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        self.wfile.flush()

    def _finish(self) -> None:
        if self.fake.down:
            self.close_connection = True
            self.connection.close()
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _answer(self, status: int, data: Object) -> None:
        raw = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        if status == 429:
            self.send_header("retry-after", "0")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _fail(self, status: int, reason: str, message: str) -> None:
        self._answer(status, {"kind": "Status", "code": status, "reason": reason, "message": message})


def _selected(obj: Object, query: Object) -> bool:
    labels = obj["metadata"].get("labels", {})
    for part in filter(None, query.get("labelSelector", "").split(",")):
        key, equals, value = part.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    field = query.get("fieldSelector", "")
    return not field or obj["metadata"]["name"] == field.removeprefix("metadata.name=")


@contextmanager
def kubernetes(fake: FakeKubernetes) -> Iterator[Api]:
    """Serve it on a port of this machine, and connect with the real client."""
    from kubernetes import client

    handler = type("Handler", (_Handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    configuration = client.Configuration()
    configuration.host = f"http://127.0.0.1:{server.server_port}"
    with serving(server):
        try:
            yield Api(client.ApiClient(configuration))
        finally:
            fake.cut()
