"""One replica acts at a time: an election on a Lease, built so that a replica that was paused or cut off cannot go on writing.

- Time is the machine's own since boot, never the clock on the wall: moving that clock moves nothing here.
- A term ends `renew` seconds after the *start* of the last renewal that succeeded. Others wait `lease` seconds after they
  *saw* a renewal. The difference is what a slow write may take.
- Each term has a number (the Lease's transitions) that only grows: what a later term has touched, an earlier one leaves alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

from infra.errors import AlreadyExists, HeraError, WaitAndRetry
from infra.kube.errors import Conflict
from infra.objects import PreconditionFailed


@dataclass(frozen=True)
class Timing:
    """Seconds: how long others wait, how long we trust a renewal, how often we renew, ask, and how long a call may take."""

    lease: float = 15.0
    renew: float = 10.0
    retry: float = 2.0
    poll: float = 1.0
    call: float = 1.5


@dataclass(frozen=True)
class Record:
    """What the Lease says; `version` is what a conditional write names."""

    holder: str = ""
    transitions: int = 0
    duration: float = 15.0
    version: str = ""

    @classmethod
    def of(cls, lease: dict[str, Any]) -> Record:
        """Read a Lease."""
        spec = lease.get("spec") or {}
        return cls(
            holder=str(spec.get("holderIdentity") or ""),
            transitions=int(spec.get("leaseTransitions") or 0),
            duration=float(spec.get("leaseDurationSeconds") or 15),
            version=str(lease["metadata"]["resourceVersion"]),
        )


class Leases(Protocol):
    """Where the record is kept."""

    def read(self) -> Record | None:
        """Return the record, or None before anybody ever led."""
        ...

    def write(self, record: Record, moment: datetime) -> Record:
        """Write if `record.version` is still the version (empty: if there is none); raises `Conflict` or `AlreadyExists`."""
        ...


class NotLeading(WaitAndRetry):
    """Another replica leads, or we cannot be sure that we do."""

    code: ClassVar[str] = "NOT_LEADING"


def since_boot() -> float:
    """Return seconds since boot; unlike the monotonic clock this also counts while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def on_the_wall() -> datetime:
    """Return the time that people read; only ever written, never compared."""
    return datetime.now(UTC)


class Elector:
    """One replica's part in the election. `step` is one round; `run` makes rounds until told to stop."""

    def __init__(
        self,
        leases: Leases,
        identity: str,
        timing: Timing | None = None,
        clock: Callable[[], float] = since_boot,
        wall: Callable[[], datetime] = on_the_wall,
    ) -> None:
        self.identity = identity
        self.timing = timing or Timing()
        self._leases, self._clock, self._wall = leases, clock, wall
        self._mine: Record | None = None
        self._until = 0.0
        self._seen, self._seen_at = Record(), clock()
        self._resigned = False
        self.trouble = ""
        """Why the last round failed, if it did; the term's end is what acts on it."""

    def check(self, margin: float = 0.0) -> int:
        """Return the term's number; raises `NotLeading` unless the term lasts `margin` seconds more. Ask before each write."""
        mine, until = self._mine, self._until
        if mine is None or self._resigned or self._clock() + margin >= until:
            raise NotLeading("this replica does not lead")
        return mine.transitions

    def leads(self) -> bool:
        """Tell whether the term lasts."""
        try:
            return bool(self.check())
        except NotLeading:
            return False

    def confirm(self) -> int:
        """As `check`, and ask the API server: for what cannot be undone and has no version of its own to check."""
        token = self.check(self.timing.call)
        record = self._leases.read()
        if record is None or record.holder != self.identity or record.transitions != token:
            raise NotLeading("another replica leads")
        return self.check()

    def step(self) -> float:
        """Renew, or look whether the term of another has ended; return how long to wait before the next round."""
        if self._resigned:
            return self.timing.poll
        try:
            if self._mine is not None:
                self._renew(self._mine)
            else:
                self._look()
            self.trouble = ""
        except (PreconditionFailed, AlreadyExists):
            self._mine = None
        except HeraError as error:
            self.trouble = error.message
        return self.timing.retry if self._mine is not None else self.timing.poll

    def resign(self) -> None:
        """Write nothing more; the Lease is still ours until `release`."""
        self._resigned = True

    def release(self) -> None:
        """Give the Lease up, so that another replica need not wait for it to run out. Only when no write is under way."""
        self.resign()
        mine, self._mine = self._mine, None
        if mine is not None:
            self._leases.write(replace(mine, holder=""), self._wall())

    def run(self, stop: threading.Event, elected: Callable[[int], None], lost: Callable[[], None]) -> None:
        """Make rounds; call `elected` once with the term's number, and `lost` when that term ends unasked."""
        led = False
        while not stop.is_set():
            wait = self.step()
            if led and not self.leads() and not self._resigned:
                lost()
                return
            if not led and self.leads():
                led = True
                elected(self.check())
            if led:
                wait = min(wait, max(self._until - self._clock(), 0.05))
            stop.wait(wait)

    def _renew(self, mine: Record) -> None:
        started = self._clock()
        if started >= self._until:
            self._mine = None
            return
        try:
            self._mine = self._leases.write(mine, self._wall())
        except Conflict:
            self._own_write_counts(mine)
        self._until = started + self.timing.renew

    def _own_write_counts(self, mine: Record) -> None:
        """Go on after a renewal whose answer was lost: the version moved, but holder and number are still ours."""
        found = self._leases.read()
        if found is None or (found.holder, found.transitions) != (mine.holder, mine.transitions):
            raise Conflict("another replica leads")
        self._mine = self._leases.write(found, self._wall())

    def _look(self) -> None:
        found = self._leases.read() or Record()
        now = self._clock()
        if found != self._seen:
            self._seen, self._seen_at = found, now
        free = not found.holder or now - self._seen_at >= found.duration
        if not free:
            return
        wanted = Record(self.identity, found.transitions + 1, self.timing.lease, found.version)
        started = self._clock()
        self._mine = self._leases.write(wanted, self._wall())
        self._until = started + self.timing.renew
