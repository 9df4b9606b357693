"""The platform stage as a user has it: asked for in the spec, with a real API server for the cluster where the test says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.errors import NotFound
from infra.simulator.cloud import SimulatedCloud
from steps.common.ledger import Ledger, Ledgers, open_store
from tests.support import kubernetes_api, overlays
from tests.support.cli import EXAMPLES, Cli, Done
from tests.support.inventory import difference
from tests.support.kubernetes_api import Server
from tests.support.ports import free_ports

NAME = "sandbox"
POLICY = "/apis/networking.k8s.io/v1/namespaces/data/networkpolicies/default-deny"


@dataclass(frozen=True)
class World:
    cli: Cli
    kubeconfig: Path | None = None

    def run(self, *arguments: str | Path) -> Done:
        extra = {"HERA_PLATFORM_KUBECONFIG": str(self.kubeconfig)} if self.kubeconfig else {}
        return self.cli.run(*arguments, HERA_FRESH_SECONDS="0", HERA_BACKOFF_SCALE="0.02", **extra)

    def spec(self, cloud: str, *, platform: bool = True) -> Path:
        data = yaml.safe_load((EXAMPLES / f"{cloud}-dev.yaml").read_text())
        data["spec"]["platform"] = {"enabled": platform}
        self.cli.home.mkdir(parents=True, exist_ok=True)
        path = self.cli.home / f"{cloud}.yaml"
        path.write_text(yaml.safe_dump(data))
        return path

    def create(self, spec: Path) -> Done:
        return self.run("create", "cluster", "-f", spec, "--simulate", "--yes")

    def plan(self, spec: Path) -> dict[str, list[tuple[str, str]]]:
        """Return each stage's changes."""
        done = self.run("plan", "cluster", "-f", spec, "--simulate", "-o", "json")
        stages: list[dict[str, Any]] = done.json()["stages"]
        found = {stage["stage"]: [(item["type"], item["action"]) for item in stage["changes"]] for stage in stages}
        assert done.code == (2 if any(found.values()) else 0)
        return found

    @property
    def ledgers(self) -> Ledgers:
        return Ledgers(open_store(self.cli.simulation.as_uri()))

    @property
    def ledger(self) -> Ledger:
        return self.ledgers.get(NAME)

    def in_cloud(self, stage: str) -> list[str]:
        objects = SimulatedCloud(self.cli.simulation / "cloud").objects()
        return [item.id for item in objects if item.tags.get("hera-stage") == stage]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of its own: it begins and ends empty."""
    with kubernetes_api.running(tmp_path_factory.mktemp("api")) as found:
        yield found


def test_the_whole_life_of_a_platform(server: Server, tmp_path: Path) -> None:
    here, api, wanted = World(Cli(tmp_path), server.kubeconfig), server.api, len(overlays.built("dev"))
    spec = here.spec("aws")
    made = here.create(spec).ok()
    assert f"manifests: {wanted} created" in made.err
    assert {name: record.phase for name, record in here.ledger.stages.items()} == dict.fromkeys(
        ("network", "cluster", "platform"), "applied"
    )
    assert here.ledger.run and here.ledger.run.phase == "succeeded" and here.ledgers.lock(NAME) is None
    account = api.get("/api/v1/namespaces/hera-backup/serviceaccounts/backup")
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].startswith("arn:aws:iam::")
    assert difference(here.cli.simulation, NAME) == []

    # A second run changes nothing, and nothing is found.
    before = {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in api.items("/api/v1/namespaces")}
    here.create(spec).ok()
    assert {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in api.items("/api/v1/namespaces")} == before
    assert here.run("drift", "cluster", NAME).code == 0

    # What somebody changes by hand is drift, and the next run puts it right.
    api.patch(POLICY, {"spec": {"policyTypes": ["Ingress"]}})
    found = here.run("drift", "cluster", NAME)
    assert found.code == 2 and "NetworkPolicy data/default-deny" in found.out
    assert here.plan(spec) == {"network": [], "cluster": [], "platform": [("kubernetes NetworkPolicy", "update")]}
    assert f"manifests: 1 changed, {wanted - 1} as they were" in here.create(spec).ok().err
    assert api.get(POLICY)["spec"]["policyTypes"] == ["Ingress", "Egress"]

    refused = here.create(here.spec("aws", platform=False))
    assert refused.code == 78 and "goes with the cluster only" in refused.err

    gone = here.run("delete", "cluster", NAME, "--yes").ok()
    assert f"manifests: {wanted} removed" in gone.err and "nothing is left" in gone.err
    spaces = {item["metadata"]["name"] for item in api.items("/api/v1/namespaces")}
    assert spaces == {"default", "kube-node-lease", "kube-public", "kube-system"}
    with pytest.raises(NotFound):
        api.get("/api/v1/namespaces/kube-system/configmaps/hera-platform")


@pytest.mark.parametrize("cloud", ["azure", "gcp"])
def test_without_a_kubernetes_api_manifests_are_checked_and_that_is_said(tmp_path: Path, cloud: str) -> None:
    here = World(Cli(tmp_path))
    spec = here.spec(cloud)
    made = here.create(spec).ok()
    assert "manifests were rendered and checked, not applied" in made.err
    assert set(here.ledger.stage("platform").outputs["identities"]) >= {"hera-backup/backup", "monitoring/tempo"}
    assert here.in_cloud("platform") and difference(here.cli.simulation, NAME) == []
    assert "nothing is left" in here.run("delete", "cluster", NAME, "--yes").ok().err


def test_a_cluster_that_does_not_answer_stops_the_plan_and_not_the_end(tmp_path: Path, server: Server) -> None:
    """A plan is not made blindly; a broken cluster can still be taken away."""
    here = World(Cli(tmp_path / "home"))
    here.create(spec := here.spec("aws")).ok()
    assert here.ledger.stage("platform").phase == "applied"

    away = tmp_path / "away.kubeconfig"
    content = json.loads(server.kubeconfig.read_text())
    content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{free_ports(1)[0]}"
    away.write_text(json.dumps(content))
    broken = World(here.cli, away)
    done = broken.run("plan", "cluster", "-f", spec, "--simulate")
    assert done.code == 81 and "CLOUD_UNAVAILABLE" in done.err
    gone = broken.run("delete", "cluster", NAME, "--yes").ok()
    assert "the cluster was not emptied" in gone.err and "nothing is left" in gone.err
