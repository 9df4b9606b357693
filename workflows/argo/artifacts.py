"""What steps left in the artifact store, fetched into the run's folder as the local engine would have left it there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from infra.artifacts import location
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
