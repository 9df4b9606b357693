"""Faults and delays: what a test asked to go wrong, and how long real clouds take."""

import os
import threading

from infra.simulator.errors import Cancelled, CloudError
from infra.simulator.latency import seconds_for
from infra.simulator.store import Store

THROTTLED = {
    "aws": "operation error: https response error StatusCode: 400, RequestID: simulated, api error"
    " ThrottlingException: Rate exceeded",
    "azurerm": "unexpected status 429 (429 Too Many Requests) with error: TooManyRequests: The request is being throttled"
    " as the limit has been reached for operation type.",
    "google": "googleapi: Error 429: Quota exceeded for quota metric 'Queries' and limit 'Queries per minute', rateLimitExceeded",
}
FAILED = {
    "aws": "operation error: https response error StatusCode: 500, RequestID: simulated, api error InternalError: An"
    " internal error has occurred",
    "azurerm": "unexpected status 500 (500 Internal Server Error) with error: InternalServerError: An error occurred.",
    "google": "googleapi: Error 503: The service is currently unavailable., backendError",
}
FOREVER = 86400.0
DIED = 70


class Disturbance:
    """Applies faults and delays to calls."""

    def __init__(self, store: Store, stopping: threading.Event) -> None:
        self._store = store
        self._stopping = stopping
        self._pending = threading.local()

    def before(self, provider: str, type_: str, operation: str) -> None:
        """Strike before the cloud does anything; remember what is to strike after."""
        self._pending.die = False
        for kind, message, seconds in self._due(type_, operation):
            if kind == "die_before":
                os._exit(DIED)
            if kind == "die_after":
                self._pending.die = True
            elif kind == "hang":
                self._wait(FOREVER if seconds is None else seconds)
            else:
                texts = THROTTLED if kind == "throttle" else FAILED
                doing = {"create": "creating", "delete": "deleting", "update": "updating"}.get(operation, "reading")
                default = texts.get(provider.split("-")[0], FAILED["aws"])
                raise CloudError(message or f"{doing} {type_}: {default}")

    def after(self, type_: str, operation: str, seconds: float | None) -> None:
        """Strike once the work is done, and take the time it takes."""
        if getattr(self._pending, "die", False):
            os._exit(DIED)
        scale = float(self._store.setting("latency_scale", "0"))
        if scale:
            self._wait(scale * (seconds_for(type_, operation) if seconds is None else seconds))

    def _wait(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise Cancelled("request canceled, context canceled", "terraform was interrupted and stopped the provider.")

    def _due(self, type_: str, operation: str) -> list[tuple[str, str | None, float | None]]:
        matching = "type IN (?, '*') AND operation IN (?, '*')"
        if self._store.connection.execute(f"SELECT 1 FROM faults WHERE {matching}", (type_, operation)).fetchone() is None:
            return []
        with self._store.transaction() as database:
            database.execute(f"UPDATE faults SET seen=seen+1 WHERE {matching}", (type_, operation))
            query = f"SELECT kind, message, seconds FROM faults WHERE {matching} AND seen BETWEEN nth AND nth+repeat-1"
            return list(database.execute(query, (type_, operation)))
