"""One round for an ExternalSecret: read it afresh, read the store, build everything, then write once or not at all."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from infra.errors import HeraError, NotFound, UserMistake
from infra.kube.api import Api, Object
from operator_kit.conditions import Condition, merge, timestamp
from operator_kit.events import Recorder
from secrets_operator import build, consumers, target
from secrets_operator.build import Found, NothingLeft
from secrets_operator.models import EXTERNAL, ExternalSecretSpec, seconds
from secrets_operator.parse import Refused, parse
from secrets_operator.stores import Stores
from secrets_operator.target import Wish

FORCE = "secrets.hera.dev/force-sync"
"""Set to anything new to have the store read at once."""
ONCE_SECONDS = 60.0
"""How old a value may be where no interval says it."""
SHARE = 0.9
"""A value this much of the interval old is not read again."""


@dataclass(frozen=True)
class Result:
    """What came of a round."""

    reason: str
    message: str
    wrote: bool = False
    secret: tuple[str, str] | None = None
    """Name and version of the Secret, when this round wrote it."""
    again: float | None = None
    synced: bool = True


class External:
    """Reconciles ExternalSecrets."""

    def __init__(self, api: Api, stores: Stores, recorder: Recorder, chance: Callable[[], float] = random.random) -> None:
        self._api, self._stores, self._recorder, self._chance = api, stores, recorder, chance

    def reconcile(self, namespace: str, name: str, *, forced: bool = False, drifted: bool = False) -> Result | None:
        """Bring the Secret up to date and say so in the status; None when the ExternalSecret is gone.

        `forced` reads the store whatever the policy says; `drifted` means that somebody touched the Secret.
        """
        try:
            obj = self._api.get(EXTERNAL.path(namespace, name))
        except NotFound:
            return None
        if obj["metadata"].get("deletionTimestamp"):
            return None
        try:
            spec = parse(ExternalSecretSpec, obj.get("spec") or {})
            result = self._sync(obj, spec, forced, drifted)
        except Refused as error:
            self._tell(obj, Result("InvalidSpec", error.message, synced=False))
            return Result("InvalidSpec", error.message, synced=False)
        except HeraError as error:
            if not error.code.startswith(("NOT_LEADING", "STATE_CHANGED")):
                self._tell(obj, Result("SecretSyncedError", sentence(error), synced=False))
            raise
        self._tell(obj, result)
        return result

    def _sync(self, obj: Object, spec: ExternalSecretSpec, forced: bool, drifted: bool) -> Result:
        metadata = obj["metadata"]
        name = spec.target.name or metadata["name"]
        found = target.read(self._api, metadata["namespace"], name) if spec.target.creation_policy != "None" else None
        if found is not None and consumers.is_due(found):
            found = consumers.restart(self._api, found)
        if not forced and _is_settled(obj, spec, found, drifted):
            return Result("SecretSynced", "the Secret is as it was made")
        interval = seconds(spec.refresh_interval)
        oldest = 0.0 if forced else interval * SHARE or ONCE_SECONDS
        try:
            content = self._content(metadata["namespace"], spec, oldest)
        except NothingLeft:
            return self._delete(obj, spec, found, self._next(spec, interval))
        if spec.target.creation_policy == "None":
            return Result(
                "SecretSynced", "the store's secrets can be read; no Secret is wanted", again=self._next(spec, interval)
            )
        written = target.write(self._api, self._noting_consumers(target.wish(obj, spec, content), found), found)
        if written is not None and consumers.is_due(written):
            written = consumers.restart(self._api, written)
        version = (name, str(written["metadata"]["resourceVersion"])) if written else None
        return Result("SecretSynced", "the Secret is up to date", written is not None, version, self._next(spec, interval))

    def _noting_consumers(self, wanted: Wish, found: Object | None) -> Wish:
        """Have the Secret say that restarts are due, if its values change and somebody asked for restarts."""
        changes = found is not None and "data" in target.difference(wanted, found)
        if not changes or not consumers.asking(self._api, wanted.namespace, wanted.name):
            return wanted
        return replace(wanted, annotations={**wanted.annotations, consumers.DUE: "true"})

    def _content(self, namespace: str, spec: ExternalSecretSpec, oldest: float) -> dict[str, bytes]:
        store = self._stores.get(namespace, spec.secret_store_ref)
        finds = ((number, item.find) for number, item in enumerate(spec.data_from) if item.find)
        found = {number: Found(store.find(build.query(find), oldest)) for number, find in finds}
        return build.content(spec, store.read(build.refs(spec, found), oldest), found)

    def _delete(self, obj: Object, spec: ExternalSecretSpec, found: Object | None, again: float | None) -> Result:
        """Remove the Secret: every secret behind it is definitely gone, and the policy says so."""
        text = "every secret is gone from the store, and so is the Secret (deletionPolicy Delete)"
        metadata = obj["metadata"]
        if found is not None:
            name = found["metadata"]["name"]
            target.check_owner(name, metadata["name"], metadata["uid"], found)
            self._api.delete(f"/api/v1/namespaces/{metadata['namespace']}/secrets/{name}")
        return Result("SecretDeleted", text, found is not None, again=again, synced=False)

    def _next(self, spec: ExternalSecretSpec, interval: float) -> float | None:
        """Return when to look again: spread by a tenth, so that what began together does not go on together."""
        if spec.refresh_policy != "Periodic" or not interval:
            return None
        return interval * (0.95 + self._chance() / 10)

    def _tell(self, obj: Object, result: Result) -> None:
        """Write the status if it says anything new, and an event with it."""
        metadata, status = obj["metadata"], obj.get("status") or {}
        condition = Condition("Ready", result.synced, result.reason, result.message)
        now: dict[str, Any] = {"conditions": merge(status.get("conditions") or (), [condition], metadata["generation"])}
        version = settled_version(obj) if result.synced else status.get("syncedResourceVersion")
        if version:
            now["syncedResourceVersion"] = version
        changed = any(status.get(key) != value for key, value in now.items())
        if result.synced and (result.wrote or changed):
            now["refreshTime"] = timestamp()
        if not changed and not result.wrote:
            return
        self._api.patch(EXTERNAL.path(metadata["namespace"], metadata["name"]) + "/status", {"status": now})
        about = obj | {"apiVersion": EXTERNAL.api_version, "kind": EXTERNAL.kind}
        if result.wrote or not result.synced:
            self._recorder.tell(about, result.reason, result.message, warning=not result.synced)


def settled_version(obj: Object) -> str:
    """Return what the status notes as synced: the spec's generation."""
    return str(obj["metadata"]["generation"])


def _is_settled(obj: Object, spec: ExternalSecretSpec, found: Object | None, drifted: bool) -> bool:
    """Tell whether the policy says that nothing is looked at again: the Secret is there and whole."""
    if spec.refresh_policy == "Periodic" or found is None:
        return False
    status = obj.get("status") or {}
    if not status.get("syncedResourceVersion"):
        return False
    if spec.refresh_policy == "CreatedOnce":
        return True
    return bool(status["syncedResourceVersion"] == settled_version(obj) and not drifted and _is_whole(obj, found))


def _is_whole(obj: Object, found: Object) -> bool:
    """Tell whether every key that was written is there still; edits are found by the watch."""
    return all(key in (found.get("data") or {}) for key in target.written_keys(obj["metadata"]["name"], found))


def sentence(error: HeraError) -> str:
    """Return an error for a status: what happened, what to do, and its code."""
    advice = f"; {error.next_step}" if error.next_step and isinstance(error, UserMistake) else ""
    return f"{error.message}{advice} ({error.code})"
