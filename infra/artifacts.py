"""Reads where Argo keeps an artifact, in Argo's words, as the URL of a store that we can open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote


def location(repository: Mapping[str, Any], artifact: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the store's URL and the key of an artifact; None for a kind of store that is not known."""
    for kind, url in (("s3", _s3), ("gcs", _gcs), ("azure", _azure)):
        if kind in artifact:
            settings = {**(repository.get(kind) or {}), **artifact[kind]}
            return url(settings), str(settings.get("key") or settings.get("blob"))
    return None


def _s3(settings: Mapping[str, Any]) -> str:
    endpoint, options = str(settings.get("endpoint") or ""), {}
    if endpoint and "amazonaws.com" not in endpoint:
        options["endpoint"] = f"{'http' if settings.get('insecure') else 'https'}://{endpoint}"
    options["region"] = str(settings.get("region") or "us-east-1")
    return f"s3://{settings['bucket']}?" + "&".join(f"{key}={quote(value, safe=':/')}" for key, value in options.items())


def _gcs(settings: Mapping[str, Any]) -> str:
    return f"gs://{settings['bucket']}"


def _azure(settings: Mapping[str, Any]) -> str:
    account = str(settings["endpoint"]).split("//", 1)[-1].split(".", 1)[0]
    return f"azurerm://{account}/{settings['container']}"
