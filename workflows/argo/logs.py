"""What a step's container says, line by line as it is said, whatever happens to the connection in between."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from infra.errors import ConfigRejected, HeraError, NotFound
from infra.kube.api import Api

CONTAINER = "main"
_ARGO = re.compile(r"time=\S+ level=\S+ msg=.* argo=true( |$)|Error: exit status \d+$")
"""What Argo's executor says beside the step, in its container."""
_PAUSE = 0.3
_LAST = 10.0
"""Seconds that the rest of an ended container's lines may take."""


class PodLog(threading.Thread):
    """Follows one pod's main container; every line once, also in a file."""

    def __init__(self, api: Api, namespace: str, pod: str, say: Callable[[str], None], file: Path) -> None:
        super().__init__(name=f"log of {pod}", daemon=True)
        self._api, self._namespace, self._pod, self._say, self._file = api, namespace, pod, say, file
        self._told = ("", "")
        self._over = threading.Event()
        self._gone = False

    def run(self) -> None:
        """Follow until the container has ended and all was read."""
        while not self._gone:
            last = self._over.is_set()
            try:
                self._read()
                if last or self._ended():
                    return
            except (NotFound, ConfigRejected):  # the container has not begun, never will, or is gone
                if last:
                    return
            except HeraError:
                pass
            self._over.wait(_PAUSE)

    def close(self) -> None:
        """Wait until everything that an ended container said was told."""
        self.over()
        self.join(timeout=_LAST)
        self._gone = True

    def over(self) -> None:
        """Say that the container has ended: what is not there now never comes."""
        self._over.set()

    def _read(self) -> None:
        told = self._told
        since = f"{told[0]}Z" if told[0] else ""
        with self._file.open("a", encoding="utf-8") as file:
            for line in self._api.logs(self._namespace, self._pod, CONTAINER, follow=True, since=since, timestamps=True):
                stamp, _, text = line.partition(" ")
                now = _moment(stamp)
                if now > told and not _ARGO.match(text):
                    self._told = now
                    file.write(text + "\n")
                    file.flush()
                    self._say(text)

    def _ended(self) -> bool:
        """Tell an ended container from a stream that the server cut."""
        pod = self._api.get(f"/api/v1/namespaces/{self._namespace}/pods/{self._pod}")
        states = pod.get("status", {}).get("containerStatuses") or ()
        return any(item["name"] == CONTAINER and "terminated" in (item.get("state") or {}) for item in states)


def _moment(stamp: str) -> tuple[str, str]:
    """Return a time in a form that sorts: fractions lose their zeros at the end."""
    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    return whole, fraction.ljust(9, "0")


def read(api: Api, namespace: str, pod: str, *, tail: int | None = None) -> list[str]:
    """Return what a pod's main container said so far; nothing when it is gone."""
    with suppress(NotFound, ConfigRejected):
        return said(api.logs(namespace, pod, CONTAINER, tail=tail))
    return []


def said(lines: Iterable[str]) -> list[str]:
    """Return what the step itself said."""
    return [line for line in lines if not _ARGO.match(line)]
