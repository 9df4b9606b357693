"""Which runs there are, for lists and for finding the one that a person means."""

from __future__ import annotations

from infra.errors import NotFound
from infra.kube.api import Api
from workflows.argo.runs import CLUSTER, PIPELINE, Run, path


def every(api: Api, namespace: str, cluster: str = "") -> list[Run]:
    """Return our runs, the newest first."""
    selector = f"{CLUSTER}={cluster}" if cluster else PIPELINE
    found = [Run(item) for item in api.items(path(namespace), labelSelector=selector)]
    return sorted(found, key=lambda run: (run.started, run.name), reverse=True)


def live(api: Api, namespace: str, cluster: str, *pipelines: str) -> Run | None:
    """Return the run that works on a cluster now."""
    found = (run for run in every(api, namespace, cluster) if not run.ended)
    return next((run for run in found if not pipelines or run.pipeline in pipelines), None)


def get(api: Api, namespace: str, word: str) -> Run:
    """Return the run of that name, or the newest one of the cluster of that name."""
    try:
        return Run(api.get(path(namespace, word)))
    except NotFound:
        found = every(api, namespace, word)
        if found:
            return next((run for run in found if not run.ended), found[0])
    raise NotFound(f"no run and no cluster with runs is called {word!r}", next_step="clusterctl get runs")
