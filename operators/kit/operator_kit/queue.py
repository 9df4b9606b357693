"""Retries in one place: a queue of keys, each handled by one worker at a time, and later again after an error or when asked."""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from infra.errors import HeraError

Key = TypeVar("Key", bound=Hashable)
FIRST, LONGEST = 1.0, 300.0


@dataclass(frozen=True)
class Outcome(Generic[Key]):
    """What came of one round, for logs and metrics."""

    key: Key
    seconds: float
    error: Exception | None


class WorkQueue(Generic[Key]):
    """Keys, unique and with a time. A key that is added while it is handled is handled once more afterwards."""

    def __init__(
        self,
        handle: Callable[[Key], float | None],
        workers: int = 8,
        done: Callable[[Outcome[Key]], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._handle, self._done, self._clock, self._chance = handle, done, clock, chance
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._count = 0
        self._active: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._wake = threading.Condition()
        self._stopped = False
        self._threads = [threading.Thread(target=self._work, daemon=True, name=f"worker-{n}") for n in range(workers)]

    def start(self) -> None:
        """Start the workers."""
        for thread in self._threads:
            thread.start()

    def add(self, key: Key, delay: float = 0.0) -> None:
        """Have a key handled after `delay` seconds, or earlier if that was said before."""
        with self._wake:
            due = self._clock() + delay
            if key in self._due and self._due[key] <= due:
                return
            self._schedule(key, due)

    def retry(self, keys: Iterable[Key]) -> None:
        """Have those of the keys that failed last time handled now: what they waited for is there."""
        with self._wake:
            for key in keys:
                if key in self._failures and key not in self._active:
                    self._failures[key] = 0
                    self._schedule(key, self._clock())

    def forget(self, key: Key) -> None:
        """Drop what is planned for a key."""
        with self._wake:
            self._due.pop(key, None)
            self._failures.pop(key, None)

    def stop(self, seconds: float) -> bool:
        """Take no more keys; return whether the workers ended in time."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in self._threads)

    def waiting(self) -> int:
        """Return how many keys are due and not being handled."""
        with self._wake:
            now = self._clock()
            return sum(due <= now for due in self._due.values())

    def idle(self) -> bool:
        """Tell whether nothing is due and nothing is being handled."""
        return not self._active and not self.waiting()

    def delay_after(self, error: Exception, failures: int) -> float:
        """Return the pause after an error: doubling, spread, and at least what the other side asked for."""
        pause = min(FIRST * 2.0 ** min(failures, 16), LONGEST) * (0.75 + self._chance() / 2)
        return max(pause, float(getattr(error, "retry_after", 0.0) or 0.0))

    def _schedule(self, key: Key, due: float) -> None:
        self._due[key] = due
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, key))
        self._wake.notify()

    def _work(self) -> None:
        while (key := self._next()) is not None:
            started, error, again = time.monotonic(), None, None
            try:
                again = self._handle(key)
            except Exception as caught:
                error = caught
            self._finish(key, again, error)
            self._done(Outcome(key, time.monotonic() - started, error))

    def _next(self) -> Key | None:
        with self._wake:
            while not self._stopped:
                pause = self._pop()
                if isinstance(pause, tuple):
                    return pause[0]
                self._wake.wait(pause)
        return None

    def _pop(self) -> float | None | tuple[Key]:
        """Return a key that is due (in a tuple), else how long until the next one."""
        kept: list[tuple[float, int, Key]] = []
        answer: float | None | tuple[Key] = None
        while self._heap:
            due, number, key = self._heap[0]
            if self._due.get(key) != due:
                heapq.heappop(self._heap)
            elif due > self._clock():
                answer = due - self._clock()
                break
            elif key in self._active:
                kept.append(heapq.heappop(self._heap))
            else:
                heapq.heappop(self._heap)
                del self._due[key]
                self._active.add(key)
                answer = (key,)
                break
        for item in kept:
            heapq.heappush(self._heap, item)
        return answer

    def _finish(self, key: Key, again: float | None, error: Exception | None) -> None:
        with self._wake:
            self._active.discard(key)
            if error is not None:
                failures = self._failures.get(key, 0)
                self._failures[key] = failures + 1
                again = self.delay_after(error, failures)
                if isinstance(error, HeraError) and not error.retryable:
                    again = max(again, 30.0)
            else:
                self._failures.pop(key, None)
            if again is not None:
                due = self._clock() + again
                if self._due.get(key, due) >= due:
                    self._schedule(key, due)
            self._wake.notify_all()
