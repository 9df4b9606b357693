"""From a store's name to a store that answers: who may use it, with which credentials, opened once and shared.

A namespaced store takes credentials only from its own namespace; a cluster's store serves only the namespaces of its conditions.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra import secrets
from infra.errors import AuthDenied, ConfigRejected, NotFound
from infra.kube.api import Api, Object
from infra.secrets.base import Backend, Selector, Store
from secrets_operator.models import CLUSTER_STORE, STORE, ClusterSecretStoreSpec, NamespaceCondition, SecretStoreSpec, StoreRef
from secrets_operator.parse import parse
from secrets_operator.shared import Shared

CREDENTIALS_SECONDS = 60.0
"""How soon a changed static credential is noticed."""
FORGET_SECONDS = 6 * 3600.0


@dataclass(frozen=True)
class Opened:
    """A store that is open, what it was opened from, and when that was looked at."""

    shared: Shared
    identity: str
    looked: float


@dataclass(frozen=True)
class Described:
    """A store as its object says."""

    backend: Backend
    options: Any
    credentials: Mapping[str, Selector]
    identity: str


class Stores:
    """All stores, by the objects that describe them."""

    def __init__(
        self, api: Api, clock: Callable[[], float] = time.monotonic, read: Callable[[str, int], None] = lambda store, count: None
    ) -> None:
        self._api, self._clock, self._counted = api, clock, read
        self._open: dict[tuple[str, str, str], Opened] = {}
        self._locks: dict[tuple[str, str, str], threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, namespace: str, ref: StoreRef) -> Shared:
        """Return a store for something in a namespace; raises when there is none, or not for that namespace."""
        scope = namespace if ref.kind == STORE.kind else ""
        key = (ref.kind, scope, ref.name)
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            found = self._open.get(key)
            if found is None or self._clock() - found.looked > CREDENTIALS_SECONDS or ref.kind == CLUSTER_STORE.kind:
                found = self._refreshed(key, namespace, found)
                self._open[key] = found
            return found.shared

    def forget(self, kind: str, namespace: str, name: str) -> None:
        """Read the store's object again before its next use."""
        key = (kind, namespace, name)
        found = self._open.get(key)
        if found is not None:
            self._open[key] = Opened(found.shared, found.identity, float("-inf"))

    def describe(self, obj: Object) -> Described:
        """Return what a store's object says; raises `Refused` or `ConfigRejected` where it cannot be used."""
        kind, metadata = str(obj["kind"]), obj["metadata"]
        spec = parse(SecretStoreSpec if kind == STORE.kind else ClusterSecretStoreSpec, obj.get("spec") or {})
        entry, options = next((name, value) for name, value in spec.provider if value is not None)  # type: ignore[attr-defined]
        backend = secrets.get(entry)
        credentials = {name: self._placed(item, kind, metadata) for name, item in backend.static(options).items()}
        return Described(backend, options, credentials, f"{metadata['uid']}/{metadata['generation']}")

    def open(self, described: Described) -> tuple[Store, str]:
        """Return the store, and a digest of its credentials."""
        static = {name: self._credential(item) for name, item in described.credentials.items()}
        digest = hashlib.sha256(b"\0".join(static[name] for name in sorted(static))).hexdigest() if static else ""
        return described.backend.open(described.options, static), digest

    def purge(self) -> None:
        """Forget values that nobody asks for any more."""
        for opened in list(self._open.values()):
            opened.shared.purge(FORGET_SECONDS)

    def _refreshed(self, key: tuple[str, str, str], namespace: str, before: Opened | None) -> Opened:
        kind, scope, name = key
        resource = STORE if kind == STORE.kind else CLUSTER_STORE
        try:
            obj = self._api.get(resource.path(scope, name)) | {"kind": kind}
        except NotFound:
            raise NotFound(f"there is no {kind} {name}", next_step="create it, or correct secretStoreRef") from None
        if kind == CLUSTER_STORE.kind:
            self._allow(obj, namespace)
        described = self.describe(obj)
        if before is not None and not described.credentials and before.identity == described.identity:
            return Opened(before.shared, before.identity, self._clock())
        store, digest = self.open(described)
        identity = described.identity + digest
        if before is not None and before.identity == identity:
            return Opened(before.shared, identity, self._clock())
        label = f"{kind}/{name}"
        return Opened(Shared(store, self._clock, lambda count: self._counted(label, count)), identity, self._clock())

    def _allow(self, obj: Object, namespace: str) -> None:
        spec = parse(ClusterSecretStoreSpec, obj.get("spec") or {})
        if not any(self._holds(condition, namespace) for condition in spec.conditions):
            name = obj["metadata"]["name"]
            raise AuthDenied(f"the ClusterSecretStore {name} is not for namespace {namespace}", next_step="ask whoever owns it")

    def _holds(self, condition: NamespaceCondition, namespace: str) -> bool:
        if condition.namespaces and namespace not in condition.namespaces:
            return False
        if condition.namespace_regexes and not any(re.fullmatch(item, namespace) for item in condition.namespace_regexes):
            return False
        if condition.namespace_selector:
            labels = self._api.get(f"/api/v1/namespaces/{namespace}")["metadata"].get("labels") or {}
            return bool(condition.namespace_selector.match_labels.items() <= labels.items())
        return bool(condition.namespaces or condition.namespace_regexes)

    def _placed(self, selector: Selector, kind: str, metadata: Mapping[str, Any]) -> Selector:
        """Return the selector with its namespace; a namespaced store reaches no other one."""
        if kind == STORE.kind:
            if selector.namespace not in (None, metadata["namespace"]):
                raise ConfigRejected(
                    "a SecretStore takes credentials only from its own namespace", next_step="leave the reference's namespace out"
                )
            return selector.model_copy(update={"namespace": metadata["namespace"]})
        if selector.namespace is None:
            raise ConfigRejected("a ClusterSecretStore's credential needs a namespace", next_step="name it in the reference")
        return selector

    def _credential(self, selector: Selector) -> bytes:
        where = f"{selector.namespace}/{selector.name}"
        try:
            data = self._api.get(f"/api/v1/namespaces/{selector.namespace}/secrets/{selector.name}").get("data") or {}
        except NotFound:
            raise ConfigRejected(f"the Secret {where} with the store's credentials is not there") from None
        if selector.key not in data:
            raise ConfigRejected(f"the Secret {where} has no key {selector.key}")
        return base64.b64decode(data[selector.key])
