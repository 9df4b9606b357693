"""Kubernetes Events: what people see in `kubectl describe`. Never more than the condition's sentence, never a value."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from infra.errors import HeraError
from infra.kube.api import Api
from operator_kit.conditions import timestamp
from operator_kit.logs import redact


class Recorder:
    """Tells each thing about an object once, until something else is told about it."""

    def __init__(self, api: Api, component: str) -> None:
        self._api, self._component = api, component
        self._last: dict[str, str] = {}
        self._lock = threading.Lock()

    def tell(self, about: Mapping[str, Any], reason: str, message: str, *, warning: bool = False) -> None:
        """Record an event; an API server that refuses it does not stop the work."""
        metadata, text = about["metadata"], redact(message)[:1024]
        key = str(metadata["uid"])
        with self._lock:
            if self._last.get(key) == reason + text:
                return
            self._last[key] = reason + text
        namespace, now = metadata.get("namespace") or "default", timestamp()
        digest = hashlib.sha256(f"{key}{reason}{text}{now}".encode()).hexdigest()[:16]
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{metadata['name'][:200]}.{digest}", "namespace": namespace},
            "involvedObject": {
                "apiVersion": about["apiVersion"],
                "kind": about["kind"],
                "name": metadata["name"],
                "namespace": metadata.get("namespace", ""),
                "uid": metadata["uid"],
            },
            "reason": reason,
            "message": text,
            "type": "Warning" if warning else "Normal",
            "source": {"component": self._component},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        with suppress(HeraError):
            self._api.create(f"/api/v1/namespaces/{namespace}/events", event)

    def forget(self, uid: str) -> None:
        """Drop what was told about an object that is gone."""
        with self._lock:
            self._last.pop(uid, None)
