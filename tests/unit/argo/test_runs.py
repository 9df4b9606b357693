"""A Workflow as a run, Argo's names of pods, artifact stores by URL, and answers that two people give at once."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from infra.artifacts import location
from infra.kube.api import Api
from infra.objects_folder import FolderStore
from tests.doubles.kubernetes_api import FakeKubernetes
from workflows.argo import answers, records
from workflows.argo.artifacts import log
from workflows.argo.runs import Run, RunNode, pod_name

from .conftest import NAME, RUN, Controller


@pytest.mark.parametrize(
    ("workflow", "node", "template", "name"),
    [
        ("wfname", "wfname", "", "wfname"),
        ("wfname", "nodename", "templatename", "wfname-templatename-1454367246"),
        ("wfname", "nodename", "", "wfname-1454367246"),
    ],
    ids=["root", "node", "inline"],
)
def test_pods_are_named_as_argo_names_them(workflow: str, node: str, template: str, name: str) -> None:
    assert pod_name(workflow, node, template) == name


@pytest.mark.parametrize(
    ("repository", "artifact", "place"),
    [
        (
            {"s3": {"bucket": "b", "endpoint": "s3.amazonaws.com", "region": "eu-west-1"}},
            {"s3": {"key": "k"}},
            ("s3://b?region=eu-west-1", "k"),
        ),
        (
            {"s3": {"bucket": "b", "endpoint": "m.x.svc:9000", "insecure": True}},
            {"s3": {"key": "k"}},
            ("s3://b?endpoint=http://m.x.svc:9000&region=us-east-1", "k"),
        ),
        ({"gcs": {"bucket": "b"}}, {"gcs": {"key": "k"}}, ("gs://b", "k")),
        (
            {"azure": {"endpoint": "https://acct.blob.core.windows.net", "container": "c"}},
            {"azure": {"blob": "k"}},
            ("azurerm://acct/c", "k"),
        ),
        ({}, {"http": {"url": "x"}}, None),
    ],
    ids=["aws", "minio", "gcs", "azure", "other"],
)
def test_artifact_stores(repository: dict[str, Any], artifact: dict[str, Any], place: tuple[str, str] | None) -> None:
    assert location(repository, artifact) == place


def test_packed_nodes_are_read(controller: Controller) -> None:
    controller.begin()
    controller.node("plan-network", "Running")
    data = json.loads(json.dumps(controller.fake.objects[RUN]))
    nodes = data["status"].pop("nodes")
    data["status"]["compressedNodes"] = base64.b64encode(gzip.compress(json.dumps(nodes).encode())).decode()
    assert [node.display for node in Run(data).nodes] == ["plan-network"]


def test_states(controller: Controller) -> None:
    controller.begin()
    assert controller.run().state == "running"
    controller.asks()
    assert controller.run().state == "awaiting-approval"
    controller.fake.change(RUN, {"spec": {"shutdown": "Stop"}})
    assert controller.run().state == "stopping"
    controller.end("Failed")
    assert controller.run().state == "failed" and not controller.run().waiting


def test_only_the_first_answer_counts(api: Api, controller: Controller) -> None:
    controller.begin()
    controller.asks()
    answers.answer(api, "hera", NAME, "network-approve", approved=False)
    with pytest.raises(answers.Answered):
        answers.answer(api, "hera", NAME, "network-approve", approved=True)


def test_an_answer_survives_a_write_in_between(fake: FakeKubernetes, api: Api, controller: Controller) -> None:
    controller.begin()
    controller.asks()
    real, tries = api.patch, []

    def crowded(path: str, body: Any, **options: Any) -> Any:
        if not tries:
            fake.change(RUN, {"metadata": {"annotations": {"controller": "wrote"}}})
        tries.append(path)
        return real(path, body, **options)

    api.patch = crowded  # type: ignore[method-assign]
    answers.answer(api, "hera", NAME, "network-approve", approved=True)
    assert len(tries) == 2 and not controller.run().waiting


def test_stopping_what_has_ended(api: Api, controller: Controller) -> None:
    controller.begin()
    controller.end()
    with pytest.raises(answers.Answered, match="has ended"):
        answers.stop(api, "hera", NAME)


def test_runs_are_found_by_name_and_by_cluster(api: Api, controller: Controller) -> None:
    controller.begin("shop")
    assert records.get(api, "hera", NAME).name == NAME
    assert records.get(api, "hera", "shop").name == NAME
    live = records.live(api, "hera", "shop", "create-cluster")
    assert live is not None and records.live(api, "hera", "shop", "delete-cluster") is None
    controller.end()
    assert records.live(api, "hera", "shop") is None


def test_an_archived_log_is_read_without_what_argo_said(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("runs/log", b'{"event": "note"}\ntime=2026-11-27T00:00:00 level=info msg="sub-process exited" argo=true\nlast\n')
    artifacts = [{"name": "main-logs", "s3": {"key": "runs/log"}}, {"name": "plan-json", "s3": {"key": "runs/plan"}}]
    node = RunNode({"id": "n", "name": "n", "type": "Pod", "phase": "Succeeded", "outputs": {"artifacts": artifacts}})
    repository = {"s3": {"bucket": "b", "endpoint": "s3.amazonaws.com"}}
    run = Run({"metadata": {"name": "r"}, "spec": {}, "status": {"artifactRepositoryRef": {"artifactRepository": repository}}})
    opened: list[str] = []

    def open_store(url: str) -> FolderStore:
        opened.append(url)
        return store

    assert log(run, node, open_store) == ['{"event": "note"}', "last"]
    assert len(opened) == 1 and opened[0].startswith("s3://b")
