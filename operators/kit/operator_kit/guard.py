"""A connection that writes only while this replica leads: no caller can forget to ask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from infra.kube.api import SECONDS, Api
from infra.kube.errors import Conflict

WRITE_SECONDS = 4.0
"""How long a write may take: less than others wait beyond the end of our term (15 - 10 seconds)."""
TERM = "operators.hera.dev/term"


class Guarded(Api):
    """An `Api` that calls `check` before each write, and counts the writes."""

    def __init__(self, client: Any, check: Callable[[], int], written: Callable[[str], None] = lambda _: None) -> None:
        super().__init__(client)
        self._check, self._written = check, written
        self._busy, self._lock = 0, threading.Lock()

    @property
    def writing(self) -> int:
        """How many writes are under way."""
        return self._busy

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any],
        body: Any = None,
        media: str = "",
        accept: str = "",
        stream: bool = False,
        seconds: float = SECONDS,
    ) -> Any:
        if method == "GET":
            return super()._send(method, path, query=query, body=body, media=media, accept=accept, stream=stream, seconds=seconds)
        with self.acting(self._check):
            answer = super()._send(
                method, path, query=query, body=body, media=media, accept=accept, stream=stream, seconds=WRITE_SECONDS
            )
        self._written(method)
        return answer

    @contextmanager
    def acting(self, check: Callable[[], int]) -> Iterator[None]:
        """Count something that writes, here or elsewhere, as under way: the Lease is not given up meanwhile."""
        with self._lock:
            self._busy += 1
        try:
            check()
            yield
        finally:
            with self._lock:
                self._busy -= 1


def change(api: Api, path: str, make: Callable[[dict[str, Any]], dict[str, Any]], token: int) -> dict[str, Any]:
    """Change an object that several terms write: read it, refuse if a later term has touched it, write that very version.

    `make` gets the object and returns a merge patch. A write that was held up by a paused process meets a newer version, and
    is refused by the API server.
    """
    found = api.get(path)
    touched = int((found["metadata"].get("annotations") or {}).get(TERM, 0))
    if touched > token:
        raise Conflict(f"{path} was written in term {touched}; this is term {token}")
    patch = make(found)
    metadata = dict(patch.get("metadata") or {})
    metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
    metadata["annotations"] = dict(metadata.get("annotations") or {}) | {TERM: str(token)}
    return api.patch(path, {**patch, "metadata": metadata})
