"""The simulated cloud from outside terraform: look at it, disturb it, read what was called.

Plain sqlite3, nothing of gRPC: the command line and tests import this.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from infra.simulator.errors import UsageError
from infra.simulator.store import Row, Store

FaultKind = Literal["error", "throttle", "hang", "die_before", "die_after"]
Operation = Literal["create", "read", "update", "delete", "import", "data"]


@dataclass(frozen=True)
class SimulatedObject:
    """One object of the simulated cloud. `tags` holds tags or labels, whatever its cloud calls them."""

    provider: str
    type: str
    id: str
    name: str
    attributes: dict[str, object]
    tags: dict[str, str]
    created: str


@dataclass(frozen=True)
class Fault:
    """A disturbance waiting for its call: the `nth` matching call, and `repeat - 1` calls after it."""

    number: int
    kind: str
    type: str
    operation: str
    nth: int
    repeat: int
    message: str | None
    seconds: float | None
    seen: int

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it will."""
        return self.seen >= self.nth + self.repeat - 1


@dataclass(frozen=True)
class Call:
    """One call a provider made: when, on what, how it ended. `ended` is None while it runs or when its process died."""

    number: int
    provider: str
    type: str
    operation: str
    id: str
    name: str
    started: float
    ended: float | None
    error: str | None
    process: int
    seconds: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seconds", (self.ended or self.started) - self.started)


class SimulatedCloud:
    """The cloud kept in `home`: the same one every terraform with `environment(home)` works on."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._store = Store(home)

    def objects(
        self, *, type: str | None = None, tags: Mapping[str, str] | None = None, implied: bool = False
    ) -> list[SimulatedObject]:
        """List objects, oldest first, of one type and with all of the given tags when asked.

        What the cloud makes by itself (default security groups and the like) is left out unless `implied`.
        """
        rows = self._store.find("1" if type is None else "type=?", () if type is None else (type,))
        wanted = (tags or {}).items()
        return [
            SimulatedObject(row.provider, row.type, row.id, row.name, row.attributes, row.tags, row.created)
            for row in rows
            if wanted <= row.tags.items() and (implied or not row.implied)
        ]

    def change(self, object_id: str, attributes: Mapping[str, object]) -> None:
        """Change an object behind terraform's back."""
        with self._store.transaction():
            for row in self._rows(object_id):
                self._store.update(row.uid, row.id, row.name, {**row.attributes, **attributes})

    def remove(self, object_id: str) -> None:
        """Delete an object behind terraform's back, whatever depends on it."""
        with self._store.transaction():
            for row in self._rows(object_id):
                self._store.delete(row.uid)

    def _rows(self, object_id: str) -> list[Row]:
        rows = self._store.find("id=? COLLATE NOCASE", (object_id,))
        if not rows:
            raise UsageError(f"the simulated cloud in {self.home} has no object {object_id!r}; list them with `objects()`")
        return rows

    def add(
        self,
        type: str,
        id: str,
        *,
        provider: str | None = None,
        name: str | None = None,
        attributes: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
        scope: str = "",
    ) -> SimulatedObject:
        """Put an object there that terraform did not make, for instance the load balancer of a Kubernetes service."""
        held = {"id": id, "name": name or id, **(attributes or {})}
        if tags:
            held["labels" if type.startswith("google") else "tags"] = dict(tags)
        with self._store.transaction():
            uid = self._store.insert(provider or type.split("_")[0], type, id, name or id, scope, held)
        row = self._store.by_uid(uid)
        assert row is not None
        return SimulatedObject(row.provider, row.type, row.id, row.name, row.attributes, row.tags, row.created)

    def fault(
        self,
        kind: FaultKind,
        *,
        type: str,
        operation: Operation | Literal["*"],
        nth: int = 1,
        message: str | None = None,
        seconds: float | None = None,
        repeat: int = 1,
    ) -> int:
        """Disturb the nth call of (type, operation) from now on; returns the fault's number.

        error: refused with `message`, or a real text. throttle: refused as too many requests. hang: no answer for
        `seconds`, or until terraform gives up. die_before and die_after: the provider process exits before, or after,
        the cloud did the work, and never answers. `*` as type or operation means any.
        """
        if kind not in get_args(FaultKind):
            raise UsageError(f"no fault {kind!r}; there are {', '.join(get_args(FaultKind))}")
        if operation not in (*get_args(Operation), "*"):
            raise UsageError(f"no operation {operation!r}; there are {', '.join(get_args(Operation))}")
        cursor = self._store.connection.execute(
            "INSERT INTO faults (kind, type, operation, nth, repeat, message, seconds) VALUES (?,?,?,?,?,?,?)",
            (kind, type, operation, nth, repeat, message, seconds),
        )
        return int(cursor.lastrowid or 0)

    def faults(self) -> list[Fault]:
        """List the faults set, spent or not."""
        query = "SELECT number, kind, type, operation, nth, repeat, message, seconds, seen FROM faults ORDER BY number"
        return [Fault(*row) for row in self._store.connection.execute(query)]

    def clear_faults(self) -> None:
        """Forget every fault."""
        self._store.connection.execute("DELETE FROM faults")

    def set_latency_scale(self, scale: float) -> None:
        """Make calls take their real time multiplied by `scale`; 0, the default, makes them immediate."""
        if scale < 0:
            raise UsageError("a latency scale is 0 or more")
        self._store.set_setting("latency_scale", repr(float(scale)))

    def set_quota(self, type: str, limit: int | None) -> None:
        """Limit how many objects of a type one region or project holds; None lifts the limit."""
        with self._store.transaction() as database:
            database.execute("DELETE FROM quotas WHERE type=?", (type,))
            if limit is not None:
                database.execute("INSERT INTO quotas VALUES (?,?)", (type, limit))

    def calls(self) -> list[Call]:
        """Give the log of calls in the order they began."""
        query = "SELECT number, provider, type, operation, id, name, started, ended, error, process FROM calls"
        return [Call(*row) for row in self._store.connection.execute(query + " ORDER BY number")]

    def clear_calls(self) -> None:
        """Empty the log of calls."""
        self._store.connection.execute("DELETE FROM calls")

    def reset(self) -> None:
        """Empty the cloud: objects, log, faults, quotas, settings."""
        with self._store.transaction() as database:
            for table in ("objects", "refs", "calls", "faults", "settings", "quotas"):
                database.execute(f"DELETE FROM {table}")

    def describe(self) -> str:
        """Give a summary that says it is simulated."""
        counted: dict[str, int] = {}
        for item in self.objects():
            counted[item.type] = counted.get(item.type, 0) + 1
        return json.dumps({"simulated": True, "home": str(self.home), "objects": counted}, sort_keys=True)
