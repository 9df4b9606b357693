"""What is inside the management cluster, from outside: its stores and its simulated cloud, through tunnels."""

from __future__ import annotations

import base64
from contextlib import ExitStack
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

from infra.errors import AuthDenied, NotFound
from infra.kube.api import Api
from infra.kube.tunnel import tunnel
from infra.locations import StateLocation
from infra.objects import ObjectStore
from infra.stores import open_store

ENVIRONMENT, CREDENTIALS = "hera-environment", "hera-credentials"
"""ConfigMap and Secret that every step's container gets as its environment."""

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


class Inside:
    """One management cluster's inner addresses; tunnels live as long as this object."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api, self._namespace = api, namespace
        self._stack = ExitStack()
        self._ports: dict[tuple[str, str, int], int] = {}

    def __enter__(self) -> Inside:
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the tunnels."""
        self._ports.clear()
        self._stack.close()

    def open_store(self, url: str) -> ObjectStore:
        """Open a store as a step's container would; one whose endpoint is a Service is reached through a tunnel."""
        location = StateLocation.parse(url)
        endpoint = location.options.get("endpoint", "")
        if not _inner(endpoint):
            return open_store(url)
        options = {"region": "us-east-1"} | dict(location.options) | {"endpoint": self.address(endpoint)}
        there = StateLocation(location.scheme, location.bucket, location.prefix, options)
        known = {name: value for name, value in self.environment.items() if name.startswith("AWS_") and "KEY" in name}
        return _with_keys(there, known) if known else open_store(_url(there))

    def simulator(self) -> tuple[str, str]:
        """Return URL and token of the simulated cloud.

        Raises:
            NotFound: This management cluster has none.
        """
        url = self.environment.get("HERA_SIMULATOR_URL", "")
        if not url:
            raise NotFound("this management cluster has no simulated cloud", next_step="clusterctl bootstrap --simulate")
        return self.address(url), self.environment.get("HERA_SIMULATOR_TOKEN", "")

    def address(self, url: str) -> str:
        """Return a URL that works here for one that works in the cluster."""
        if not _inner(url):
            return url
        parts = urlsplit(url)
        service, namespace = str(parts.hostname).split(".")[:2]
        key = (namespace, service, parts.port or (443 if parts.scheme == "https" else 80))
        if key not in self._ports:
            self._ports[key] = self._stack.enter_context(tunnel(self._api, *key))
        return parts._replace(netloc=f"127.0.0.1:{self._ports[key]}").geturl()

    @cached_property
    def environment(self) -> dict[str, str]:
        """What steps find in their environment, as far as this person may read it."""
        found: dict[str, str] = {}
        for kind, name in (("configmaps", ENVIRONMENT), ("secrets", CREDENTIALS)):
            try:
                data: dict[str, Any] = self._api.get(f"/api/v1/namespaces/{self._namespace}/{kind}/{name}").get("data") or {}
            except (NotFound, AuthDenied):
                continue
            found |= {key: base64.b64decode(value).decode() if kind == "secrets" else value for key, value in data.items()}
        return found


def _inner(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host.endswith((".svc", ".svc.cluster.local"))


def _url(location: StateLocation) -> str:
    return f"{location.scheme}://{location.bucket}/{location.prefix}?{urlencode(location.options)}"


def _with_keys(location: StateLocation, keys: dict[str, str]) -> ObjectStore:
    """Open an S3 store with the cluster's own keys, whatever keys this process has for the real cloud."""
    from infra.providers.aws.state import S3Store

    return S3Store(location, {name.lower(): value for name, value in keys.items() if name in KEYS})
