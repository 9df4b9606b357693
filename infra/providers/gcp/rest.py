"""The few calls to Google Cloud's REST interfaces that inventory and drain need; the SDKs for them would be 60 MB."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from infra.classify import classify
from infra.errors import AuthDenied, CloudUnavailable, TimedOut
from infra.providers.gcp import facts
from infra.providers.gcp.auth import LOGIN, google_credentials, session

COMPUTE = "https://compute.googleapis.com/compute/v1/"
_API_OFF = ("SERVICE_DISABLED", "accessNotConfigured")
_TIMEOUT, _PATIENCE, _PAUSE = 60, 600.0, 2.0
_WORKERS = 8
_T = TypeVar("_T")
_R = TypeVar("_R")


class Rest:
    """A project, asked over HTTP."""

    def __init__(self, http: Any, project: str, pause: float = _PAUSE) -> None:
        self._http = http
        self._pause = pause
        self.project = project

    def items(self, url: str, key: str = "items") -> Iterator[dict[str, Any]]:
        """Yield what a list call holds, page by page; an API that is switched off holds nothing."""
        token = ""
        while True:
            page = self._call("GET", url, params={"pageToken": token} if token else {})
            yield from _flat(page.get(key, ()))
            token = page.get("nextPageToken", "")
            if not token:
                return

    def compute(self, collection: str) -> Iterator[dict[str, Any]]:
        """Yield a compute collection: `global/networks`, `aggregated/disks`."""
        return self.items(f"{COMPUTE}projects/{self.project}/{collection}")

    def get(self, path: str) -> dict[str, Any]:
        """Return a compute object, or nothing when there is none."""
        return self._call("GET", COMPUTE + path)

    def post(self, path: str, params: dict[str, str]) -> None:
        """Do something to a compute object and wait until it is done."""
        self._wait(self._call("POST", COMPUTE + path, params=params))

    def delete(self, path: str) -> None:
        """Delete a compute object and wait until it is gone; nothing happens when there is none."""
        self._wait(self._call("DELETE", COMPUTE + path))

    def each(self, action: Callable[[_T], _R], things: Iterable[_T]) -> list[_R]:
        """Do something to many things at once."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            return list(pool.map(action, things))

    def _call(self, method: str, url: str, params: dict[str, str] | None = None) -> dict[str, Any]:
        import requests
        from google.auth import exceptions as auth

        try:
            answer = self._http.request(method, url, params=params or {}, timeout=_TIMEOUT)
        except auth.RefreshError as error:
            raise AuthDenied("Google refuses the credentials", next_step=LOGIN, detail=str(error)) from error
        except (auth.TransportError, requests.ConnectionError, requests.Timeout) as error:
            raise CloudUnavailable(f"Google Cloud does not answer ({method} {url})", detail=str(error)) from error
        return _read(answer, method, url)

    def _wait(self, operation: dict[str, Any]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while operation and operation.get("status") != "DONE":
            if time.monotonic() > deadline:
                raise TimedOut(f"Google Cloud is still at {operation.get('operationType')} {operation.get('targetLink')}")
            time.sleep(self._pause)
            operation = self.get(relative(operation["selfLink"]))
        if operation.get("error"):
            text = str(operation["error"])
            raise classify(f"Error {operation.get('httpErrorStatusCode', '')}: {text}", facts.error_patterns())


def _read(answer: Any, method: str, url: str) -> dict[str, Any]:
    if answer.status_code == 404 or (answer.status_code == 403 and any(word in answer.text for word in _API_OFF)):
        return {}
    if answer.status_code >= 400:
        raise classify(f"Error {answer.status_code}: {method} {url}: {answer.text}", facts.error_patterns())
    read: dict[str, Any] = answer.json() if answer.content else {}
    return read


def _flat(items: Any) -> Iterator[dict[str, Any]]:
    """Yield items; an aggregated list holds them by place, and by collection below."""
    if not isinstance(items, dict):
        yield from items
        return
    for place in items.values():
        for value in place.values():
            if isinstance(value, list):
                yield from value


def relative(link: str) -> str:
    """Return `projects/…` of a self link: the same object has links with several hosts."""
    return link[link.index("projects/") :] if "projects/" in link else link


def connect(project: str) -> Rest:
    """Return the project, reached with our credentials."""
    credentials, _ = google_credentials()
    return Rest(session(credentials), project)
