"""What is watched, and what each event has looked at again.

Events only put keys into the queue. An ExternalSecret is looked at when its spec or annotations change, when its interval is
over, when its Secret is no longer what we wrote, and when its store changes.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client import Counter

from infra.errors import HeraError, NotFound
from operator_kit.conditions import Condition
from operator_kit.events import Recorder
from operator_kit.finalizers import RELEASE
from operator_kit.queue import Outcome, WorkQueue
from operator_kit.runtime import Context
from operator_kit.watching import Watch
from secrets_operator import status, target
from secrets_operator.external import FORCE, External, Result, sentence
from secrets_operator.models import CLUSTER_STORE, EXTERNAL, GROUP, KINDS, PUSH, STORE, VERSION
from secrets_operator.push import Push
from secrets_operator.stores import Stores

LOG = logging.getLogger("operator.secrets")
Key = tuple[str, str, str]
"""Kind, namespace, name."""
STORE_SECONDS = 300.0
ILL_STORE_SECONDS = 20.0
"""How often a store is asked whether it is well, and whether it is well again."""


class Controller:
    """The secrets operator."""

    def __init__(self, context: Context) -> None:
        self._api, self._metrics = context.api, context.metrics
        reads = Counter("hera_secrets_reads", "Secrets asked of a store", ["store"], registry=context.metrics.registry)
        self._stores = Stores(context.api, read=lambda store, count: reads.labels(store).inc(count))
        recorder = Recorder(context.api, "hera-secrets-operator")
        self._recorder = recorder
        self._external = External(context.api, self._stores, recorder)
        self._push = Push(context.api, self._stores, recorder, lambda: context.api.acting(context.elector.confirm))
        self._queue: WorkQueue[Key] = WorkQueue(self.handle, context.options.workers, self._done)
        self._lock = threading.Lock()
        self._prints: dict[Key, tuple[Any, ...]] = {}
        self._uses: dict[Key, set[Key]] = {}
        self._targets: dict[tuple[str, str], set[Key]] = {}
        self._places: dict[Key, tuple[str, str]] = {}
        self._written: dict[tuple[str, str], str] = {}
        self._forced: set[Key] = set()
        self._drifted: set[Key] = set()

    def watches(self) -> Sequence[Watch]:
        """Return the kinds to watch: ours, and the Secrets that carry our label."""
        ours = [
            Watch(GROUP, VERSION, kind.plural, lambda type, obj, kind=kind: self._heard(kind.kind, type, obj))  # type: ignore[misc]
            for kind in KINDS.values()
        ]
        return [*ours, Watch("", "v1", "secrets", self._heard_secret, labels=f"{target.MANAGED}=true")]

    def start(self) -> None:
        """Begin to work."""
        self._queue.start()

    def stop(self, seconds: float) -> bool:
        """Take no more work."""
        return self._queue.stop(seconds)

    def waiting(self) -> int:
        """Return how many keys are due."""
        return self._queue.waiting()

    def handle(self, key: Key) -> float | None:
        """Look at one object; return when to look again."""
        kind, namespace, name = key
        if kind == EXTERNAL.kind:
            return self._handle_external(key)
        if kind == PUSH.kind:
            return self._push.reconcile(namespace, name)
        return self._handle_store(kind, namespace, name)

    def _handle_external(self, key: Key) -> float | None:
        with self._lock:
            forced, drifted = key in self._forced, key in self._drifted
            self._forced.discard(key)
            self._drifted.discard(key)
        try:
            result = self._external.reconcile(key[1], key[2], forced=forced, drifted=drifted)
        except Exception:
            with self._lock:
                self._forced |= {key} if forced else set()
                self._drifted |= {key} if drifted else set()
            raise
        if result is not None and result.secret:
            self._note(key[1], result)
        return result.again if result else None

    def _note(self, namespace: str, result: Result) -> None:
        assert result.secret is not None
        with self._lock:
            self._written[namespace, result.secret[0]] = result.secret[1]

    def _handle_store(self, kind: str, namespace: str, name: str) -> float | None:
        resource = KINDS[kind]
        try:
            obj = self._api.get(resource.path(namespace, name)) | {"kind": kind}
        except NotFound:
            return None
        static = False
        try:
            described = self._stores.describe(obj)
            static = bool(described.credentials)
            self._stores.open(described)[0].check()
            ready = Condition("Ready", True, "Valid", "the store answers")
        except HeraError as error:
            ready = Condition("Ready", False, "InvalidProviderConfig" if not error.retryable else "Unreachable", sentence(error))
        warning = Condition("StaticCredentials", True, "StaticCredentials", "prefer workload identity to keys that do not expire")
        new = status.tell(self._api, self._recorder, resource, obj, [ready, *([warning] if static else [])])
        if new and ready.holds:
            self._queue.retry(self._users((kind, namespace, name)))
        self._stores.purge()
        return (STORE_SECONDS if ready.holds else ILL_STORE_SECONDS) * (0.9 + random.random() / 5)

    def _done(self, outcome: Outcome[Key]) -> None:
        kind, namespace, name = outcome.key
        error = outcome.error
        word = "ok" if error is None else error.code.lower() if isinstance(error, HeraError) else "crashed"
        self._metrics.round(kind, word, outcome.seconds)
        fields = {"kind": kind, "namespace": namespace, "name": name, "seconds": round(outcome.seconds, 3), "outcome": word}
        if isinstance(error, HeraError):
            LOG.warning(error.message, extra={"fields": fields})
        elif error is not None:
            LOG.error("a round failed: %s", type(error).__name__, extra={"fields": fields}, exc_info=error)
        else:
            LOG.debug("done", extra={"fields": fields})

    def _heard(self, kind: str, type: str, obj: Mapping[str, Any]) -> None:
        metadata = obj["metadata"]
        key = (kind, str(metadata.get("namespace") or ""), str(metadata["name"]))
        if type == "DELETED":
            self._gone(key, metadata)
            return
        annotations = metadata.get("annotations") or {}
        now = (
            metadata["uid"],
            metadata.get("generation"),
            metadata.get("deletionTimestamp"),
            annotations.get(FORCE),
            annotations.get(RELEASE),
        )
        with self._lock:
            before = self._prints.get(key)
            self._prints[key] = now
            if before is not None and before[3] != now[3]:
                self._forced.add(key)
            if kind == EXTERNAL.kind:
                self._index(key, obj)
        if before == now:
            return
        if kind in (STORE.kind, CLUSTER_STORE.kind):
            self._stores.forget(*key)
            for user in self._users(key) if before is not None or type else ():
                self._queue.add(user)
        self._queue.add(key)

    def _index(self, key: Key, obj: Mapping[str, Any]) -> None:
        """Note which store and which Secret an ExternalSecret has to do with."""
        spec = obj.get("spec") or {}
        ref, wanted = spec.get("secretStoreRef") or {}, spec.get("target") or {}
        kind = ref.get("kind") or STORE.kind
        self._unlink(key)
        self._uses.setdefault((kind, key[1] if kind == STORE.kind else "", str(ref.get("name"))), set()).add(key)
        self._targets.setdefault((key[1], str(wanted.get("name") or key[2])), set()).add(key)
        self._places[key] = (key[1], str(wanted.get("name") or key[2]))

    def _unlink(self, key: Key) -> None:
        for users in self._uses.values():
            users.discard(key)
        place = self._places.pop(key, None)
        if place is not None:
            self._targets[place].discard(key)
            if not self._targets[place]:
                del self._targets[place]

    def _users(self, store: Key) -> list[Key]:
        with self._lock:
            return list(self._uses.get(store, ()))

    def _gone(self, key: Key, metadata: Mapping[str, Any]) -> None:
        with self._lock:
            self._prints.pop(key, None)
            self._unlink(key)
        self._queue.forget(key)
        self._recorder.forget(str(metadata["uid"]))
        if key[0] in (STORE.kind, CLUSTER_STORE.kind):
            self._stores.forget(*key)

    def _heard_secret(self, type: str, obj: Mapping[str, Any]) -> None:
        """Have its owners look at a Secret that is not as we wrote it."""
        metadata = obj["metadata"]
        place = (str(metadata["namespace"]), str(metadata["name"]))
        with self._lock:
            owners, written = list(self._targets.get(place, ())), self._written.get(place)
            if type == "" or (type != "DELETED" and written == metadata["resourceVersion"]):
                return
            self._drifted.update(owners)
            if type == "DELETED":
                self._written.pop(place, None)
        for owner in owners:
            self._queue.add(owner)
