"""Keeps what an apply says in the state store while it is said: a pod's folder is gone with the pod, its successor's is empty.

A whole journal says what was begun, so that only that is looked for and adopted; any says what was interrupted, not refused.
It is stored at most twice a second and an error holds nobody up: without a whole one, everything in the plan is looked for.
"""

from __future__ import annotations

import time
from pathlib import Path

from infra.errors import HeraError
from infra.objects import ObjectStore
from steps.common import events
from steps.common.terraform import APPLY_JOURNAL, PART

_SECONDS = 0.5
_END = b'\n{"type": "whole"}\n'
ERRORED = "errored.tfstate"
"""terraform's own name for a state that it could not store."""


class JournalKeeper:
    """One stage's journal in the store, below `prefix`."""

    def __init__(self, store: ObjectStore, prefix: str) -> None:
        self._store, self._prefix = store, prefix
        self._next = 0.0
        self._size = -1

    def begin(self) -> None:
        """Forget the last apply's journal, which must not speak for the one that begins."""
        self._store.delete(f"{self._prefix}/{APPLY_JOURNAL}")
        self._next, self._size = 0.0, -1

    def write(self, path: Path, whole: bool) -> None:
        """Store a journal that is being written; its end always, what comes before now and then."""
        if not whole and (time.monotonic() < self._next or path.stat().st_size == self._size):
            return
        data = path.read_bytes()
        try:
            self._store.put(f"{self._prefix}/{APPLY_JOURNAL}", data + (_END if whole else b""))
            self._size = len(data)
        except HeraError as problem:
            events.warning(f"the journal could not be stored: {problem.message}")
        self._next = time.monotonic() + _SECONDS

    def bring_back(self, folder: Path) -> None:
        """Put what is stored into a working folder that does not have it."""
        for name in (APPLY_JOURNAL, ERRORED):
            stored = None if (folder / name).exists() else self._store.get(f"{self._prefix}/{name}")
            if stored is None:
                continue
            (folder / name).write_bytes(stored.data)
            (folder / name).chmod(0o600)
            if name == APPLY_JOURNAL and not stored.data.endswith(_END):
                (folder / PART).touch()

    def save_state(self, errored: Path, attempts: int = 3) -> None:
        """Store a state that terraform could not store itself; the store may be back by now."""
        for attempt in range(attempts):
            try:
                self._store.put(f"{self._prefix}/{ERRORED}", errored.read_bytes())
            except HeraError as problem:
                events.warning(f"the state could not be stored: {problem.message}")
                time.sleep(2**attempt)
            else:
                return events.note("the state that terraform could not store is kept beside it")

    def drop_state(self) -> None:
        """Forget the kept state: it is where it belongs."""
        self._store.delete(f"{self._prefix}/{ERRORED}")
