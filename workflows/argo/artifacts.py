"""What steps left in the artifact store, fetched into the run's folder as the local engine would have left it there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from infra.objects import ObjectStore
from workflows.argo.runs import Run, RunNode

WANTED = ".json"
"""Pages are for browsers; programs read the JSON beside them."""


def fetch(run: Run, node: RunNode, folder: Path, open_store: Callable[[str], ObjectStore]) -> None:
    """Write a node's JSON artifacts below its folder, each under the name that its container gave it."""
    repository = (run.status.get("artifactRepositoryRef") or {}).get("artifactRepository") or {}
    for artifact in node.artifacts:
        file = str(artifact.get("path", "")).removeprefix("/hera/")
        if not file.endswith(WANTED) or file.startswith("/") or ".." in file:
            continue
        place = location(repository, artifact)
        stored = open_store(place[0]).get(place[1]) if place else None
        if stored is not None:
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(stored.data)


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
