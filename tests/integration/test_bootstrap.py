"""`clusterctl bootstrap` on a cluster of its own: from nothing, again, looked at, upgraded, taken off."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.errors import NotFound
from infra.host.cluster import find
from infra.kube.api import Api
from tests.support.cli import Cli
from tests.support.managed import Managed, managed

pytestmark = pytest.mark.management
MANIFEST = "/api/v1/namespaces/hera/configmaps/hera-install"
TEMPLATE = "/apis/argoproj.io/v1alpha1/namespaces/hera/workflowtemplates/create-cluster"
QUICK = 40.0
"""Seconds for a repeat that has nothing to do, on a busy machine of two cores."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managed(f"boot-{os.getpid()}", tmp_path_factory.mktemp("bootstrap") / "home") as found:
        yield found


def again(cluster: Managed, *words: str, code: int = 0) -> dict[str, object]:
    done = cluster.cli.run("bootstrap", "--target", "host", "--name", cluster.name, *words, "-o", "json")
    assert done.code == code, f"{done.out}\n{done.err}"
    return dict(done.json())


def test_it_is_remembered_and_its_pipelines_know_where_state_is(cluster: Managed) -> None:
    assert cluster.management.simulation and cluster.management.context == cluster.host.context
    parameters = {item["name"]: item.get("value") for item in cluster.api.get(TEMPLATE)["spec"]["arguments"]["parameters"]}
    assert (parameters["simulate"], parameters["state"]) == ("true", cluster.management.state)


def test_a_repeat_changes_nothing_and_is_quick(cluster: Managed) -> None:
    pods = {item["metadata"]["uid"] for item in cluster.api.items("/api/v1/pods")}
    began = time.monotonic()
    report = again(cluster)
    took = time.monotonic() - began
    assert (report["made"], report["changed"], report["removed"]) == ([], [], [])
    assert {item["metadata"]["uid"] for item in cluster.api.items("/api/v1/pods")} == pods
    assert took < QUICK


def test_check_finds_what_is_gone_and_what_was_changed_and_a_repeat_mends_it(cluster: Managed) -> None:
    assert again(cluster, "--check")["well"] is True
    cluster.api.delete("/apis/networking.k8s.io/v1/namespaces/hera/networkpolicies/default-deny")
    role = "/apis/rbac.authorization.k8s.io/v1/namespaces/hera/roles/hera-step"
    cluster.api.patch(role, [{"op": "add", "path": "/rules/0/verbs/-", "value": "delete"}], kind="json")
    found = again(cluster, "--check", code=2)
    states = {(item["kind"], item["name"]): (item["state"], item["fields"]) for item in found["differences"]}  # type: ignore[attr-defined]
    assert states == {
        ("NetworkPolicy", "default-deny"): ("missing", []),
        ("Role", "hera-step"): ("changed", ["rules[0].verbs"]),
    }
    report = again(cluster)
    assert (report["made"], report["changed"]) == (["NetworkPolicy hera/default-deny"], ["Role hera/hera-step"])
    assert again(cluster, "--check")["well"] is True


def test_an_older_installation_is_upgraded_and_what_it_had_more_is_removed(cluster: Managed) -> None:
    old = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "of-an-older-version", "namespace": "hera"}}
    old["metadata"]["labels"] = {"hera.dev/install": "management"}  # type: ignore[index]
    cluster.api.apply(old)
    cluster.api.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "somebody-elses", "namespace": "hera"}}, manager="somebody"
    )
    objects = json.loads(cluster.api.get(MANIFEST)["data"]["objects"])
    objects += [["v1", "ConfigMap", "hera", "of-an-older-version"], ["v1", "ConfigMap", "hera", "somebody-elses"]]
    cluster.api.patch(MANIFEST, {"data": {"version": "0.0.9", "objects": json.dumps(objects)}})
    cluster.api.patch(TEMPLATE, {"metadata": {"annotations": {"workflows.argoproj.io/title": "Old title"}}})

    found = again(cluster, "--check", code=2)
    assert any("0.0.9" in item for item in found["troubles"])  # type: ignore[attr-defined]
    report = again(cluster)
    assert report["before"] == "0.0.9"
    assert report["removed"] == ["ConfigMap hera/of-an-older-version"]
    assert report["changed"] == ["WorkflowTemplate hera/create-cluster"]
    assert cluster.api.get("/api/v1/namespaces/hera/configmaps/somebody-elses")
    assert again(cluster, "--check")["well"] is True


def test_another_controller_is_not_taken_over(cluster: Managed) -> None:
    path = "/apis/apps/v1/namespaces/argo/deployments/workflow-controller"
    cluster.api.patch(path, {"metadata": {"labels": {"hera.dev/install": None}}})
    done = cluster.cli.run("bootstrap", "--target", "host", "--name", cluster.name)
    cluster.api.patch(path, {"metadata": {"labels": {"hera.dev/install": "management"}}})
    assert done.code == 78 and "was not installed by Hera" in done.err


def test_it_is_taken_off_a_cluster_that_stays_and_then_the_cluster_with_nothing_left(cluster: Managed) -> None:
    kubeconfig = {"KUBECONFIG": str(cluster.host.kubeconfig)}
    refused = cluster.cli.run("bootstrap", "--target", "context", "--down", **kubeconfig)
    assert refused.code == 80
    cluster.cli.run("bootstrap", "--target", "context", "--down", "--yes", **kubeconfig).ok()
    assert left(cluster.api) == []
    assert not (cluster.cli.home / "management.json").exists()
    cluster.cli.run("bootstrap", "--target", "host", "--name", cluster.name, "--down", "--yes").ok()
    assert not cluster.host.home.exists() and not cluster.host.run.exists()
    cluster.cli.run("bootstrap", "--target", "host", "--name", cluster.name, "--down", "--yes").ok()


def left(api: Api) -> list[str]:
    spaces = [item["metadata"]["name"] for item in api.items("/api/v1/namespaces")]
    kinds = api.items("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    found = [name for name in spaces if name.startswith(("hera", "argo"))] + [item["metadata"]["name"] for item in kinds]
    try:
        found.append(api.get("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/hera-runs")["metadata"]["name"])
    except NotFound:
        return found
    return found


def test_a_cluster_that_is_not_there_is_said(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    assert find("never-made") is None
    done = cli.run("bootstrap", "--target", "host", "--name", "never-made", "--check")
    assert done.code == 66 and "--target host --name never-made" in done.err
