"""A Secret's values as secrets of stores. The same rules: nothing written when nothing changed, nothing of others touched."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from infra.errors import ConfigRejected, HeraError, NotFound
from infra.kube.api import Api, Object
from operator_kit import finalizers
from operator_kit.conditions import Condition
from operator_kit.events import Recorder
from secrets_operator import status
from secrets_operator.external import sentence
from secrets_operator.models import GROUP, PUSH, PushSecretSpec, StoreRef, seconds
from secrets_operator.parse import Refused, parse
from secrets_operator.stores import Stores

FINALIZER = f"{GROUP}/pushed"
Pushed = dict[str, list[str]]
"""What is in which store: `Kind/name` to keys."""


class Push:
    """Reconciles PushSecrets; `acting` makes sure that we lead while a store is written."""

    def __init__(self, api: Api, stores: Stores, recorder: Recorder, acting: Callable[[], AbstractContextManager[None]]) -> None:
        self._api, self._stores, self._recorder, self._acting = api, stores, recorder, acting

    def reconcile(self, namespace: str, name: str) -> float | None:
        """Bring the stores up to date and say so; return when to look again."""
        path = PUSH.path(namespace, name)
        try:
            obj = self._api.get(path)
        except NotFound:
            return None
        if finalizers.is_going(obj):
            return self._let_go(path, obj)
        try:
            spec = parse(PushSecretSpec, obj.get("spec") or {})
            if spec.deletion_policy == "Delete" and not finalizers.has(obj, FINALIZER):
                finalizers.put(self._api, path, obj, FINALIZER)
                obj = self._api.get(path)
            pushed, count = self._push(obj, spec)
        except Refused as error:
            self._tell(obj, Condition("Ready", False, "InvalidSpec", error.message))
            return None
        except HeraError as error:
            if not error.code.startswith(("NOT_LEADING", "STATE_CHANGED")):
                self._tell(obj, Condition("Ready", False, "Errored", sentence(error)))
            raise
        self._tell(obj, Condition("Ready", True, "Synced", f"{count} secrets are in the stores"), {"syncedPushSecrets": pushed})
        return seconds(spec.refresh_interval) or None

    def _push(self, obj: Object, spec: PushSecretSpec) -> tuple[Pushed, int]:
        values = self._values(obj["metadata"]["namespace"], spec)
        before: Mapping[str, list[str]] = (obj.get("status") or {}).get("syncedPushSecrets") or {}
        pushed: Pushed = {}
        for ref in spec.secret_store_refs:
            store = self._stores.get(obj["metadata"]["namespace"], ref).store
            label = f"{ref.kind}/{ref.name}"
            for key, value in values.items():
                with self._acting():
                    store.write(key, value)
            pushed[label] = sorted(values)
        if spec.deletion_policy == "Delete":
            self._remove(obj, {label: [k for k in keys if k not in pushed.get(label, ())] for label, keys in before.items()})
        return pushed, len(values)

    def _values(self, namespace: str, spec: PushSecretSpec) -> dict[str, bytes]:
        name = spec.selector.secret.name
        try:
            found = self._api.get(f"/api/v1/namespaces/{namespace}/secrets/{name}").get("data") or {}
        except NotFound:
            raise NotFound(f"there is no Secret {name} to push", next_step="create it, or correct selector.secret.name") from None
        data = {key: base64.b64decode(value) for key, value in found.items()}
        values: dict[str, bytes] = {}
        for item in spec.data:
            key = item.match.secret_key
            if key is not None and key not in data:
                raise ConfigRejected(f"the Secret {name} has no key {key}", next_step="correct match.secretKey")
            values[item.match.remote_ref.remote_key] = data[key] if key is not None else _as_json(data)
        return values

    def _let_go(self, path: str, obj: Object) -> float | None:
        """Remove what was pushed, unless somebody wants the object gone without that."""
        if finalizers.has(obj, FINALIZER):
            if not finalizers.is_released(obj):
                try:
                    self._remove(obj, (obj.get("status") or {}).get("syncedPushSecrets") or {})
                except HeraError as error:
                    hint = f"; annotate it {finalizers.RELEASE}=true to let it go without cleaning up"
                    self._tell(obj, Condition("Ready", False, "CleanupFailed", sentence(error) + hint))
                    raise
            finalizers.take(self._api, path, obj, FINALIZER)
        return None

    def _remove(self, obj: Object, keys: Mapping[str, list[str]]) -> None:
        for label, names in keys.items():
            kind, name = label.split("/", 1)
            ref = StoreRef.model_validate({"kind": kind, "name": name})
            for key in names:
                store = self._stores.get(obj["metadata"]["namespace"], ref).store
                with self._acting():
                    store.remove(key)

    def _tell(self, obj: Object, condition: Condition, more: Mapping[str, Any] | None = None) -> None:
        status.tell(self._api, self._recorder, PUSH, obj, [condition], more)


def _as_json(data: Mapping[str, bytes]) -> bytes:
    try:
        return json.dumps({key: value.decode() for key, value in sorted(data.items())}, separators=(",", ":")).encode()
    except UnicodeDecodeError:
        raise ConfigRejected(
            "the Secret has keys that are no text", next_step="name the keys to push in match.secretKey"
        ) from None
