"""The component `observability` on a real API server: known field by field, and refused by none of our own policies."""

from __future__ import annotations

from typing import Any

import pytest

from infra.errors import HeraError
from tests.support import overlays
from tests.support.kubernetes_api import Server
from tests.support.waiting import until

STRICT = {"fieldManager": "hera-platform", "force": "true", "dryRun": "All", "fieldValidation": "Strict"}
NAMES = frozenset(map(overlays.reference, overlays.built("dev")))
OBJECTS = {
    "/".join(overlays.reference(obj)): obj
    for obj in overlays.built("dev", ("observability",))
    if overlays.reference(obj) not in NAMES
}
WORKLOADS = {name: obj for name, obj in OBJECTS.items() if obj["kind"] in ("Deployment", "StatefulSet", "DaemonSet")}


@pytest.fixture(scope="module")
def guarded(platform: Server) -> Server:
    """The platform, once its policies refuse what they have to."""
    bad = pod(WORKLOADS["Deployment/monitoring/grafana"])
    bad["spec"]["containers"][0]["image"] = "example.test/app:latest"
    until(lambda: "hera-images" in refusal(platform, bad), "the policies are not in force")
    return platform


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    """Return the pod that a workload makes."""
    template, metadata = workload["spec"]["template"], workload["metadata"]
    named = {"name": f"{metadata['name']}-0", "namespace": metadata["namespace"], "labels": template["metadata"]["labels"]}
    spec = template["spec"]
    claims = [item["metadata"]["name"] for item in workload["spec"].get("volumeClaimTemplates", ())]
    volumes = [*spec.get("volumes", ()), *({"name": name, "emptyDir": {}} for name in claims)]
    containers = [dict(container) for container in spec["containers"]]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": spec | {"containers": containers, "volumes": volumes}}


def refusal(server: Server, obj: dict[str, Any]) -> str:
    try:
        server.api.patch(server.api.path_of(obj), obj, kind="apply", **STRICT)
    except HeraError as error:
        return f"{type(error).__name__}: {error.message}"
    return ""


@pytest.mark.parametrize("name", OBJECTS)
def test_is_accepted(guarded: Server, name: str) -> None:
    assert refusal(guarded, OBJECTS[name]) == ""


@pytest.mark.parametrize("name", WORKLOADS)
def test_its_pods_are_accepted(guarded: Server, name: str) -> None:
    """Policies read workloads too; Pod Security and quotas only read pods."""
    assert refusal(guarded, pod(WORKLOADS[name])) == ""


def test_every_account_of_the_platform_is_used_and_no_other() -> None:
    used = {(obj["metadata"]["namespace"], obj["spec"]["template"]["spec"]["serviceAccountName"]) for obj in WORKLOADS.values()}
    made = {
        (obj["metadata"]["namespace"], obj["metadata"]["name"])
        for obj in overlays.built("dev")
        if obj["kind"] == "ServiceAccount" and obj["metadata"]["namespace"] in ("monitoring", "node-agents")
    }
    assert used == made
