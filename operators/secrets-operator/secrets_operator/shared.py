"""One read per key and interval, however many ask: values are shared, and a read that is under way is waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from infra.errors import HeraError, StepFailed
from infra.secrets.base import Query, Ref, Slowed, Store, Value

T = TypeVar("T")
ERROR_SECONDS = 5.0
"""How long a failed read is believed."""
WAIT_SECONDS = 120.0


@dataclass(frozen=True)
class _Entry(Generic[T]):
    answer: Future[T]
    at: float


class Shared:
    """A store, asked as seldom as its users' intervals allow."""

    def __init__(
        self, store: Store, clock: Callable[[], float] = time.monotonic, read: Callable[[int], None] = lambda _: None
    ) -> None:
        self.store = store
        self._clock, self._counted = clock, read
        self._values: dict[Ref, _Entry[Value | HeraError]] = {}
        self._names: dict[str, _Entry[tuple[str, ...]]] = {}
        self._lock = threading.Lock()
        self._closed_until = 0.0

    def read(self, refs: Sequence[Ref], oldest: float) -> Mapping[Ref, Value | HeraError]:
        """Return the values, none older than `oldest` seconds, or why there is none."""
        mine: dict[Ref, Future[Value | HeraError]] = {}
        futures: dict[Ref, Future[Value | HeraError]] = {}
        with self._lock:
            now = self._clock()
            for ref in refs:
                entry = self._values.get(ref)
                if entry and self._is_fresh(entry, now, oldest):
                    futures[ref] = entry.answer
                else:
                    futures[ref] = mine[ref] = Future()
                    self._values[ref] = _Entry(mine[ref], now)
        if mine:
            self._fetch(mine)
        return {ref: future.result(WAIT_SECONDS) for ref, future in futures.items()}

    def find(self, query: Query, oldest: float) -> tuple[str, ...]:
        """Return the names that match, none older than `oldest` seconds."""
        key = repr((query.name, sorted(query.tags.items()), query.path))
        with self._lock:
            now, entry = self._clock(), self._names.get(key)
            if entry and (not entry.answer.done() or (entry.answer.exception() is None and now - entry.at < oldest)):
                future, mine = entry.answer, False
            else:
                future, mine = Future(), True
                self._names[key] = _Entry(future, now)
        if mine:
            try:
                self._open()
                future.set_result(tuple(self.store.find(query)))
            except BaseException as error:
                future.set_exception(error)
        return future.result(WAIT_SECONDS)

    def purge(self, older: float) -> None:
        """Forget values that nobody has read again for that long."""
        with self._lock:
            now = self._clock()
            self._values = {
                ref: entry for ref, entry in self._values.items() if now - entry.at < older or not entry.answer.done()
            }
            self._names = {key: entry for key, entry in self._names.items() if now - entry.at < older or not entry.answer.done()}

    def _is_fresh(self, entry: _Entry[Value | HeraError], now: float, oldest: float) -> bool:
        if not entry.answer.done():
            return True
        limit = min(oldest, ERROR_SECONDS) if isinstance(entry.answer.result(), HeraError) else oldest
        return now - entry.at < limit

    def _fetch(self, mine: Mapping[Ref, Future[Value | HeraError]]) -> None:
        answers: Mapping[Ref, Value | HeraError] = {}
        trouble: HeraError = StepFailed("the store gave no answer for this key")
        try:
            self._open()
            self._counted(len(mine))
            answers = self.store.read(list(mine))
        except HeraError as error:
            trouble = error
        finally:
            for ref, future in mine.items():
                future.set_result(answers.get(ref, trouble))
        waits = [answer.retry_after for answer in answers.values() if isinstance(answer, Slowed)]
        if waits:
            self._closed_until = self._clock() + max(*waits, 1.0)

    def _open(self) -> None:
        """Ask nothing for as long as the store has asked us to wait."""
        left = self._closed_until - self._clock()
        if left > 0:
            raise Slowed("the store has asked for fewer calls", retry_after=left)
