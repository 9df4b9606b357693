"""What of manifests needs no server: names, waves, digests, readiness, and what one cluster has on top of an overlay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.errors import ConfigRejected
from infra.kube.manifests.apply import Report
from infra.kube.manifests.applyset import Record, Seen
from infra.kube.manifests.objects import Reference, in_waves, named, owned, reference
from infra.kube.manifests.ready import is_ready
from infra.kube.manifests.render import Overlay, Rendered, render
from tests.support.overlays import K8S

NAMESPACE = Reference("v1", "Namespace", "", "apps")
DEFINITION = Reference("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "redis.hera.dev")
ACCOUNT = Reference("v1", "ServiceAccount", "apps", "web")
ROLE = Reference("rbac.authorization.k8s.io/v1", "Role", "apps", "web")
CONTROLLER = Reference("apps/v1", "Deployment", "apps", "web")
POLICY = Reference("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "", "hera-host")
CUSTOM = Reference("hera.dev/v1", "Redis", "data", "cache")


def test_controllers_come_before_their_configurations_and_go_after_them() -> None:
    items = [CUSTOM, POLICY, CONTROLLER, ROLE, ACCOUNT, DEFINITION, NAMESPACE]
    waves = in_waves(items)
    assert [set(wave) for wave in waves] == [{NAMESPACE, DEFINITION}, {ACCOUNT, ROLE}, {CONTROLLER}, {POLICY, CUSTOM}]
    assert in_waves(items, backwards=True) == waves[::-1]


@pytest.mark.parametrize("item", [NAMESPACE, CUSTOM], ids=["of-the-cluster", "of-a-namespace"])
def test_a_name_leads_to_the_object_and_back(item: Reference) -> None:
    assert reference(named(item)) == item


APPLIED = {
    "manager": "hera-platform",
    "operation": "Apply",
    "fieldsV1": {"f:spec": {"f:ports": {}}},
    "time": "2026-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    ("entry", "same"),
    [
        (APPLIED, True),
        (APPLIED | {"time": "2026-02-02T00:00:00Z"}, True),
        (APPLIED | {"fieldsV1": {"f:spec": {}}}, False),
        (APPLIED | {"operation": "Update"}, False),
        (APPLIED | {"manager": "kubectl"}, False),
        (APPLIED | {"subresource": "status"}, False),
    ],
    ids=["as-it-was", "applied-again", "a-field-is-no-more-ours", "an-update", "somebody-else", "status"],
)
def test_only_our_own_applied_fields_count(entry: dict[str, Any], same: bool) -> None:
    before = owned({"managedFields": [APPLIED]}, "hera-platform")
    assert before
    assert (owned({"managedFields": [{"manager": "x", "operation": "Apply"}, entry]}, "hera-platform") == before) is same


def test_what_is_under_way_forgets_neither_the_old_nor_the_new() -> None:
    record = Record("digest", {ACCOUNT: Seen("m", "l")}).including([ACCOUNT, ROLE])
    assert record.objects == {ACCOUNT: Seen("m", "l"), ROLE: Seen()}
    assert record.rendered == "" and record.kinds == {("v1", "ServiceAccount"), ("rbac.authorization.k8s.io/v1", "Role")}


@pytest.mark.parametrize(
    ("report", "text"),
    [
        (Report(created=(ACCOUNT, ROLE), unchanged=3), "2 created, 3 as they were"),
        (Report(unchanged=5), "5 as they were"),
        (Report(removed=(ROLE,)), "1 removed"),
        (Report(), "nothing to apply"),
    ],
    ids=["some", "none", "pruned", "empty"],
)
def test_a_report_is_one_line(report: Report, text: str) -> None:
    assert report.headline == text


def live(kind: str, spec: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"generation": 2}, "spec": spec, "status": status}


THROUGH = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2}


@pytest.mark.parametrize(
    ("obj", "ready"),
    [
        (live("Deployment", {"replicas": 2}, **THROUGH), True),
        (live("Deployment", {"replicas": 2}, **THROUGH | {"observedGeneration": 1}), False),
        (live("Deployment", {"replicas": 2}, **THROUGH | {"replicas": 3}), False),
        (live("StatefulSet", {"replicas": 2}, **THROUGH), True),
        (live("StatefulSet", {"replicas": 2}, **THROUGH | {"readyReplicas": 1}), False),
        (
            live("DaemonSet", {}, observedGeneration=2, desiredNumberScheduled=3, updatedNumberScheduled=3, numberAvailable=3),
            True,
        ),
        (
            live("DaemonSet", {}, observedGeneration=2, desiredNumberScheduled=3, updatedNumberScheduled=3, numberAvailable=2),
            False,
        ),
        (live("Job", {}, conditions=[{"type": "Complete", "status": "True"}]), True),
        (live("CustomResourceDefinition", {}, conditions=[{"type": "Established", "status": "False"}]), False),
        (live("ConfigMap", {}), True),
    ],
    ids=[
        "deployment", "not-seen-yet", "an-old-pod-lives", "stateful", "one-not-ready", "daemon", "one-node-lacks-it", "job",
        "definition-not-served", "runs-nothing",
    ],
)  # fmt: skip
def test_ready_means_as_it_was_applied_last(obj: dict[str, Any], ready: bool) -> None:
    assert is_ready(obj) is ready


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("apiVersion: v1\nkind: ConfigMap\n", "without apiVersion, kind or name"),
        (
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
            "twice",
        ),
    ],
    ids=["nameless", "twice"],
)
def test_what_cannot_be_told_apart_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigRejected, match=message):
        _ = Rendered(text).by_reference


def test_what_one_cluster_has_comes_on_top_of_the_overlay(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [account.yaml]\nnamespace: hera-backup\n")
    (tmp_path / "account.yaml").write_text("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: backup}\n")
    component = K8S / "components" / "restoring"
    made = render(Overlay(tmp_path, (component,), {"hera-backup/backup": {"cloud/role": "arn:x"}}, {"set": "one"}))
    account = made.by_reference[Reference("v1", "ServiceAccount", "hera-backup", "backup")]
    assert account["metadata"]["annotations"] == {"cloud/role": "arn:x"}
    assert {obj["metadata"]["labels"]["set"] for obj in made.objects} == {"one"}
    assert {obj["kind"] for obj in made.objects} >= {"ServiceAccount", "ClusterRoleBinding"}
