"""Watching with kopf, and only that: no annotation, no finalizer, no event is written by it.

kopf's own change handlers keep the last spec in an annotation, which for a Secret means its values; and each costs two writes an
object. So events only name what to look at again (`operator_kit.queue`), and the reconciler reads it afresh.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.kube.api import Api

Heard = Callable[[str, Mapping[str, Any]], None]
"""Gets the type (empty for what was there already) and the object; must be quick."""


@dataclass(frozen=True)
class Watch:
    """One kind to watch, in all namespaces."""

    group: str
    version: str
    plural: str
    heard: Heard
    labels: str = ""
    """A label selector that the API server applies."""


def run(api: Api, watches: Sequence[Watch], stop: threading.Event, ready: threading.Event) -> None:
    """Watch until `stop` is set; sets `ready` when it has begun. Not for the main thread, whose signals kopf takes."""
    import kopf

    logging.getLogger("kopf").setLevel(logging.ERROR)
    registry, settings = kopf.OperatorRegistry(), kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.queueing.idle_timeout = 0.5
    settings.queueing.worker_limit = 200
    settings.watching.server_timeout = 240
    settings.watching.connect_timeout = 10
    settings.networking.error_backoffs = [0.5, 1, 1, 2, 2, 5, 5, 5]
    for watch in watches:
        if watch.labels:
            settings.watching.label_selectors[watch.group, watch.version, watch.plural] = watch.labels
        _listen(registry, watch)

    @kopf.on.login(registry=registry)
    def login(**_: Any) -> Any:
        return connection(api)

    kopf.run(registry=registry, settings=settings, standalone=True, clusterwide=True, stop_flag=stop, ready_flag=ready)


def connection(api: Api) -> Any:
    """Return the same connection for kopf; asked again when the API server refuses the token, which may have been renewed."""
    import kopf

    configuration = api.client.configuration
    token = str(configuration.auth_settings().get("BearerToken", {}).get("value") or "")
    return kopf.ConnectionInfo(
        server=api.server,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        token=re.sub("^bearer ", "", token, flags=re.IGNORECASE) or None,
    )


def _listen(registry: Any, watch: Watch) -> None:
    import kopf

    @kopf.on.event(watch.group, watch.version, watch.plural, registry=registry, id=watch.plural)
    async def heard(type: str | None, body: Any, **_: Any) -> None:
        watch.heard(type or "", body)
