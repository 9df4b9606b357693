"""The Lease in the API server, on a connection of its own: a renewal never waits behind the operator's other calls."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from infra.errors import NotFound
from infra.kube.api import Api
from infra.kube.errors import refused, unreachable
from operator_kit.lease import Record


class ApiLeases:
    """One Lease by name. Each call ends within `seconds`, whatever the network does."""

    def __init__(self, api: Api, namespace: str, name: str, seconds: float) -> None:
        self._api, self._namespace, self._name, self._seconds = api, namespace, name, seconds
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"

    def read(self) -> Record | None:
        """Return the record, or None before anybody ever led."""
        try:
            return Record.of(self._call("GET", f"{self._collection}/{self._name}"))
        except NotFound:
            return None

    def write(self, record: Record, moment: datetime) -> Record:
        """Write if nobody else did in between."""
        lease = self._lease(record, moment)
        if not record.version:
            return Record.of(self._call("POST", self._collection, lease))
        return Record.of(self._call("PUT", f"{self._collection}/{self._name}", lease))

    def _lease(self, record: Record, moment: datetime) -> dict[str, Any]:
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name, "namespace": self._namespace}
            | ({"resourceVersion": record.version} if record.version else {}),
            "spec": {
                "holderIdentity": record.holder,
                "leaseTransitions": record.transitions,
                "leaseDurationSeconds": int(record.duration),
                "renewTime": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            },
        }

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        headers = {"accept": "application/json", "content-type": "application/json"}
        for item in self._api.client.configuration.auth_settings().values():
            headers[str(item["key"])] = str(item["value"])
        try:
            answer = self._api.client.rest_client.pool_manager.request(
                method,
                self._api.server + path,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                timeout=Timeout(total=self._seconds),
                retries=False,
            )
        except (HTTPError, OSError) as error:
            raise unreachable(self._api.server, error) from error
        if answer.status >= 400:
            raise refused(answer.status, answer.data, f"{method} {path}")
        read: dict[str, Any] = json.loads(answer.data)
        return read
