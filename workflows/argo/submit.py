"""Starts a run: a Workflow that names an installed pipeline and carries nothing but parameters."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Any

from infra.errors import AlreadyExists, NotFound, UsageError
from infra.kube.api import Api
from infra.kube.errors import Unavailable
from workflows.argo.runs import CLUSTER, PIPELINE, Run, path

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_NAME = 57
"""Characters of a run's name before its random part: it becomes a label."""
_TRIES = 5


def submit(api: Api, namespace: str, template: str, parameters: Mapping[str, str]) -> Run:
    """Start a pipeline; who asks is whom the API server sees.

    Raises:
        NotFound: The management cluster has no such pipeline.
        UsageError: A parameter is missing or unknown; nothing was started.
    """
    declared = _declared(api, namespace, template)
    given = {name: value for name, value in parameters.items() if name != "actor"}
    unknown = sorted(set(given) - set(declared))
    missing = sorted(name for name, item in declared.items() if "value" not in item and not given.get(name))
    if unknown or missing:
        problem = f"takes no parameter {unknown[0]!r}" if unknown else f"needs the parameter {missing[0]!r}"
        raise UsageError(f"the pipeline {template} {problem}", next_step="clusterctl bootstrap --check")
    if "actor" in declared:
        given["actor"] = api.whoami()
    cluster = given.get("cluster", "")
    stem = f"{template}-{cluster}"[:_NAME].rstrip("-.")
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": f"{stem}-{''.join(random.choices(_LETTERS, k=5))}",
            "namespace": namespace,
            "labels": {PIPELINE: template, CLUSTER: cluster},
        },
        "spec": {
            "workflowTemplateRef": {"name": template},
            "arguments": {"parameters": [{"name": name, "value": value} for name, value in given.items()]},
        },
    }
    return _create(api, namespace, body)


def _create(api: Api, namespace: str, body: dict[str, Any]) -> Run:
    """Create it once, even when the answer to the first request gets lost: the name is ours."""
    for attempt in range(_TRIES):
        try:
            return Run(api.create(path(namespace), body))
        except AlreadyExists:
            if not attempt:
                raise
            return Run(api.get(path(namespace, body["metadata"]["name"])))
        except Unavailable:
            if attempt == _TRIES - 1:
                raise
            time.sleep(2**attempt / 2)
    raise AssertionError


def _declared(api: Api, namespace: str, template: str) -> dict[str, dict[str, Any]]:
    try:
        found = api.get(path(namespace, template, "workflowtemplates"))
    except NotFound as error:
        raise NotFound(
            f"the management cluster has no pipeline {template!r} in the namespace {namespace}",
            next_step="clusterctl bootstrap --check",
        ) from error
    return {item["name"]: item for item in found["spec"].get("arguments", {}).get("parameters") or ()}
