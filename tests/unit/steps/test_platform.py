"""What the platform stage decides without a cluster."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.errors import ConfigRejected
from infra.kube.manifests.compare import Difference, Field
from infra.kube.manifests.objects import Reference
from infra.kube.manifests.render import Rendered
from infra.spec.load import parse_cluster
from infra.spec.model import Cluster
from steps.common.admission import made, refuse_moves
from steps.common.ledger import Ledger, StageRecord
from steps.lifecycle.run import planned
from steps.platform.manifests import change, check


def manifest(kind: str, name: str, **metadata: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name} | metadata}


def rendered(*objects: dict[str, Any]) -> Rendered:
    return Rendered("\n---\n".join(map(json.dumps, objects)))


def test_a_manifest_in_a_namespace_that_nobody_makes_is_refused() -> None:
    account = manifest("ServiceAccount", "backup", namespace="hera-backup")
    check(rendered(manifest("Namespace", "hera-backup"), account, manifest("ConfigMap", "x", namespace="kube-system")))
    with pytest.raises(ConfigRejected, match="ServiceAccount hera-backup/backup"):
        check(rendered(account))


@pytest.mark.parametrize(
    ("kind", "action", "security"),
    [("NetworkPolicy", "update", True), ("NetworkPolicy", "create", False), ("ConfigMap", "update", False)],
    ids=["a-guard-changes", "a-guard-is-made", "no-guard"],
)
def test_a_plan_marks_changes_of_who_may_do_what(kind: str, action: str, security: bool) -> None:
    shown = change(Difference(Reference("v1", kind, "apps", "x"), action, (Field("spec.a", 1, [2]),)))
    assert (shown.address, shown.type, shown.action) == (f"platform: {kind} apps/x", f"kubernetes {kind}", action)
    assert [(item.name, item.before, item.after) for item in shown.attributes] == [("spec.a", "1", "[2]")]
    assert bool(shown.security) is security


def test_what_the_server_would_refuse_is_in_the_plan() -> None:
    shown = change(Difference(Reference("v1", "ConfigMap", "apps", "x"), "create", problem="no such field"))
    assert [(item.name, item.after) for item in shown.attributes] == [("refused", "no such field")]


def spec(enabled: bool) -> Cluster:
    platform = {"platform": {"enabled": enabled}}
    data = {"cloud": "aws", "region": "eu-west-1", "environment": "dev"} | platform
    return parse_cluster(
        json.dumps({"apiVersion": "hera.dev/v1alpha1", "kind": "Cluster", "metadata": {"name": "shop"}, "spec": data})
    )


def ledger(**stages: StageRecord) -> Ledger:
    return Ledger("shop", cloud="aws", region="eu-west-1", stages=stages)


MADE = StageRecord("applied", outputs={"backup_url": "s3://x"})


@pytest.mark.parametrize(
    ("record", "there"),
    [
        (StageRecord(), False),
        (MADE, True),
        (StageRecord("applying", begun="digest"), True),
        (StageRecord("destroyed", begun="digest"), False),
    ],
    ids=["planned", "applied", "begun", "destroyed"],
)
def test_a_platform_goes_with_the_cluster_only(record: StageRecord, there: bool) -> None:
    found = ledger(cluster=MADE, platform=record)
    assert ("platform" in made(found)) is there
    refuse_moves(found, spec(True))
    if there:
        with pytest.raises(ConfigRejected, match=r"spec\.platform\.enabled"):
            refuse_moves(found, spec(False))
    else:
        refuse_moves(found, spec(False))


def new(**more: Any) -> StageRecord:
    return StageRecord(run="r", plan_digest="d", **more)


@pytest.mark.parametrize(
    ("record", "waits"),
    [
        (new(), True),
        (new(phase="failed"), True),
        (new(begun="d", phase="applying"), False),
        (new(begun="d", phase="applied"), False),
        (new(phase="applied"), False),
        (StageRecord(run="another", plan_digest="d"), False),
    ],
    ids=["planned", "planned-after-a-failure", "begun", "applied", "found-unchanged", "of-another-run"],
)
def test_a_run_is_not_over_while_a_stage_that_it_planned_waits(record: StageRecord, waits: bool) -> None:
    assert planned(ledger(cluster=MADE, platform=record), "r") == ("platform" if waits else "")
