"""What steps left in the artifact store, fetched into the run's folder as the local engine would have left it there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra.artifacts import location
from infra.objects import ObjectStore
from workflows.argo.logs import CONTAINER, said
from workflows.argo.runs import Run, RunNode

WANTED = ".json"
"""Pages are for browsers; programs read the JSON beside them."""


Opener = Callable[[str], ObjectStore]
"""Opens an artifact store by its URL."""
LOG = f"{CONTAINER}-logs"
"""What Argo calls the log that it archives."""


def fetch(run: Run, node: RunNode, folder: Path, open_store: Opener) -> None:
    """Write a node's JSON artifacts below its folder, each under the name that its container gave it."""
    for artifact in node.artifacts:
        file = str(artifact.get("path", "")).removeprefix("/hera/")
        if not file.endswith(WANTED) or file.startswith("/") or ".." in file:
            continue
        data = _read(run, artifact, open_store)
        if data is not None:
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def log(run: Run, node: RunNode, open_store: Opener) -> list[str]:
    """Return what a node's main container said, from the archive; nothing when it was not archived."""
    kept = (_read(run, artifact, open_store) for artifact in node.artifacts if artifact.get("name") == LOG)
    return [line for data in kept if data for line in said(data.decode(errors="replace").splitlines())]


def _read(run: Run, artifact: Mapping[str, Any], open_store: Opener) -> bytes | None:
    repository = (run.status.get("artifactRepositoryRef") or {}).get("artifactRepository") or {}
    place = location(repository, artifact)
    stored = open_store(place[0]).get(place[1]) if place else None
    return stored.data if stored else None
