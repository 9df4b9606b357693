"""What each cluster's stages last did, beside the Terraform state and outliving every process: the memory that resume reads.

One checksummed JSON object per cluster (`clusters/NAME/ledger.json`), changed only by compare-and-swap, plus a lock object
(`clusters/NAME/lock.json`, written only if absent) so that one run at a time writes a cluster.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from infra.errors import NotFound, StateCorrupt, StateLocked
from infra.objects import ObjectStore, PreconditionFailed
from infra.stores import open_store as open_store

if TYPE_CHECKING:
    from infra.spec.model import Cluster

API_VERSION = "hera.dev/v1alpha1"
_HISTORY = 20
"""Runs remembered per cluster."""
_ATTEMPTS = 10
"""Compare-and-swap rounds before giving up; only a crowd of writers needs more than two."""


@dataclass(frozen=True)
class StageRecord:
    """A stage's memory. Phases: planned, applying, applied, failed, destroying, destroyed."""

    phase: str = "planned"
    serial: int = 0
    plan_digest: str = ""
    begun: str = ""
    """Digest of the plan whose apply has begun; empty as soon as there is a newer plan."""
    inputs_digest: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    changed_at: str = ""
    checked_at: str = ""
    """When the cloud was last compared and found equal."""
    drifted: bool = False
    run: str = ""


@dataclass(frozen=True)
class RunRecord:
    """One run of a pipeline. Phases: running, succeeded, failed, interrupted, awaiting-approval."""

    id: str
    operation: str
    phase: str
    actor: str
    started: str
    finished: str = ""
    error: str = ""
    approvals: tuple[str, ...] = ()
    """`stage digest who`, one per approval."""


@dataclass(frozen=True)
class Lock:
    """Who writes the cluster now. `pid` and `born` tell a dead holder on the same host from a living one.

    A run in pods has a `namespace`: `run` is its workflow there and `host` the pod that was let in.
    """

    run: str
    actor: str
    host: str
    pid: int
    born: str
    since: str
    operation: str = ""
    namespace: str = ""


@dataclass(frozen=True)
class Ledger:
    """Everything remembered about a cluster."""

    name: str
    cloud: str = ""
    region: str = ""
    environment: str = ""
    simulated: bool = False
    phase: str = "creating"
    """creating, ready, failed, awaiting-approval, deleting, deleted."""
    spec: dict[str, Any] = field(default_factory=dict)
    stages: dict[str, StageRecord] = field(default_factory=dict)
    run: RunRecord | None = None
    history: tuple[RunRecord, ...] = ()
    created_at: str = ""
    predecessor: dict[str, str] = field(default_factory=dict)
    """The dead run whose cluster lock the current run took over: `run`, `host`, `since`."""

    def stage(self, name: str) -> StageRecord:
        """Return a stage's record; a blank one when nothing was done yet."""
        return self.stages.get(name, StageRecord())

    def with_stage(self, name: str, **changes: Any) -> Ledger:
        """Return the ledger with parts of a stage's record changed."""
        return replace(self, stages={**self.stages, name: replace(self.stage(name), **changes)})

    def to_dict(self) -> dict[str, Any]:
        """Return the ledger in its versioned JSON form."""
        return {"apiVersion": API_VERSION, "kind": "ClusterLedger", **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Ledger:
        """Read back what `to_dict` wrote."""
        body = {key: value for key, value in data.items() if key not in ("apiVersion", "kind")}
        body["stages"] = {name: StageRecord(**record) for name, record in body["stages"].items()}
        body["history"] = tuple(_run(item) for item in body["history"])
        body["run"] = _run(body["run"]) if body["run"] else None
        return cls(**body)

    @staticmethod
    def cluster(ledger: Ledger) -> Cluster:
        """Return the remembered spec as types."""
        from infra.spec.model import Cluster

        return Cluster.model_validate(ledger.spec)


def _run(data: dict[str, Any]) -> RunRecord:
    return RunRecord(**{**data, "approvals": tuple(data["approvals"])})


def _pack(ledger: Ledger) -> bytes:
    body = json.dumps(ledger.to_dict(), sort_keys=True)
    return json.dumps({"sha256": hashlib.sha256(body.encode()).hexdigest(), "ledger": body}).encode()


def _unpack(data: bytes, key: str) -> Ledger:
    try:
        wrapper = json.loads(data)
        body = wrapper["ledger"]
        intact = hashlib.sha256(body.encode()).hexdigest() == wrapper["sha256"]
    except (ValueError, KeyError, TypeError, AttributeError):
        intact = False
    if not intact:
        raise StateCorrupt(
            f"the ledger at {key} does not match its checksum",
            next_step="restore the object's previous version, or delete it: `clusterctl resume` then reads the Terraform state",
        )
    return Ledger.from_dict(json.loads(body))


def _key(name: str, file: str) -> str:
    return f"clusters/{name}/{file}"


class Ledgers:
    """All clusters' ledgers in a store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def find(self, name: str) -> Ledger | None:
        """Return a cluster's ledger, or None."""
        stored = self._store.get(_key(name, "ledger.json"))
        return _unpack(stored.data, _key(name, "ledger.json")) if stored else None

    def get(self, name: str) -> Ledger:
        """Return a cluster's ledger; raises `NotFound`."""
        ledger = self.find(name)
        if ledger is None:
            raise NotFound(f"no cluster {name!r}", next_step="run `clusterctl get clusters`")
        return ledger

    def all(self) -> list[Ledger]:
        """Return every cluster's ledger by name."""
        keys = [key for key in self._store.list("clusters/") if key.endswith("/ledger.json")]
        return [_unpack(stored.data, key) for key in keys if (stored := self._store.get(key))]

    def update(self, name: str, change: Callable[[Ledger], Ledger]) -> Ledger:
        """Change a ledger (a blank one when there is none) by compare-and-swap; returns the new one."""
        key = _key(name, "ledger.json")
        for _ in range(_ATTEMPTS):
            stored = self._store.get(key)
            new = change(_unpack(stored.data, key) if stored else Ledger(name))
            try:
                self._store.put(key, _pack(new), if_version=stored.version if stored else None, if_absent=stored is None)
            except PreconditionFailed:
                continue
            return new
        raise StateLocked(f"the ledger of {name} changes faster than it can be written", next_step="try again")

    def archive(self, ledger: Ledger, when: str) -> None:
        """Keep a deleted cluster's ledger, for whoever asks later what became of it."""
        self._store.put(f"deleted/{ledger.name}/{when}.json", _pack(ledger))

    def forget(self, name: str) -> None:
        """Remove everything stored for a cluster that is gone, the lock last."""
        keys = sorted(self._store.list(f"clusters/{name}/"), key=lambda key: key.endswith("/lock.json"))
        for key in keys:
            self._store.delete(key)

    def lock(self, name: str) -> Lock | None:
        """Return who holds the cluster."""
        stored = self._store.get(_key(name, "lock.json"))
        return Lock(**json.loads(stored.data)) if stored else None

    def acquire(self, name: str, lock: Lock, is_dead: Callable[[Lock], bool]) -> Lock | None:
        """Take the cluster's lock; returns the dead holder that was replaced, if any.

        Raises `StateLocked` naming the holder when a living run has it.
        """
        key, data = _key(name, "lock.json"), json.dumps(asdict(lock)).encode()
        for _ in range(_ATTEMPTS):
            stored = self._store.get(key)
            holder = Lock(**json.loads(stored.data)) if stored else None
            if holder and holder.run != lock.run and not is_dead(holder):
                raise StateLocked(
                    describe(name, holder),
                    next_step=f"wait for that run or stop it; if it is surely dead: clusterctl unlock cluster {name}",
                )
            try:
                self._store.put(key, data, if_version=stored.version if stored else None, if_absent=stored is None)
            except PreconditionFailed:
                continue
            return holder if holder and holder.run != lock.run else None
        raise StateLocked(f"the lock of {name} is contended", next_step="try again")

    def release(self, name: str, run: str) -> None:
        """Give the lock back if this run has it."""
        holder = self.lock(name)
        if holder and holder.run == run:
            self._store.delete(_key(name, "lock.json"))

    def put_plan(self, name: str, stage: str, digest: str, data: bytes) -> None:
        """Keep a plan for its apply; earlier plans of the stage go."""
        prefix = f"clusters/{name}/{stage}/plans/"
        self._store.put(f"{prefix}{digest}.tfplan", data)
        for key in list(self._store.list(prefix)):
            if not key.endswith(f"/{digest}.tfplan"):
                self._store.delete(key)

    def get_plan(self, name: str, stage: str, digest: str) -> bytes | None:
        """Return a kept plan; raises `StateCorrupt` when its bytes are not those of its digest."""
        stored = self._store.get(f"clusters/{name}/{stage}/plans/{digest}.tfplan")
        if stored and hashlib.sha256(stored.data).hexdigest() != digest:
            raise StateCorrupt(f"the stored plan {digest[:12]} of {name}/{stage} was altered", next_step="plan again")
        return stored.data if stored else None


def describe(name: str, holder: Lock) -> str:
    """Say who holds a cluster."""
    who = f"run {holder.run} ({holder.operation}) of {holder.actor} on {holder.host}"
    where = f"workflow {holder.namespace}/{holder.run}" if holder.namespace else f"pid {holder.pid}"
    return f"{name} is held by {who}, {where}, since {holder.since}"


def remember_run(ledger: Ledger, run: RunRecord) -> Ledger:
    """Return the ledger with `run` as the current one and the previous one in the history."""
    past: Iterable[RunRecord] = (ledger.run, *ledger.history) if ledger.run and ledger.run.id != run.id else ledger.history
    return replace(ledger, run=run, history=tuple(past)[:_HISTORY])
