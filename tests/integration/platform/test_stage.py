"""The platform stage on simulated clouds, with a real API server for the cluster where the test says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from infra.errors import NotFound
from infra.simulator.cloud import SimulatedCloud
from steps.common.ledger import Ledgers, open_store
from tests.support import kubernetes_api, overlays
from tests.support.cli import EXAMPLES, PROJECT, Cli
from tests.support.inventory import difference
from tests.support.kubernetes_api import Server

NAME = "sandbox"
POLICY = "/apis/networking.k8s.io/v1/namespaces/data/networkpolicies/default-deny"
RUNS = count(1)


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    folder: Path

    def ok(self) -> Done:
        assert self.code == 0, self.out
        return self

    def output(self, name: str) -> str:
        return (self.folder / "outputs" / name).read_text()

    def changes(self, name: str = "plan.json") -> list[tuple[str, str]]:
        (stage,) = json.loads((self.folder / "artifacts" / name).read_text())["stages"]
        return [(item["type"], item["action"]) for item in stage["changes"]]


@dataclass(frozen=True)
class World:
    cli: Cli
    cloud: SimulatedCloud
    kubeconfig: Path | None

    def steps(self, run: str, *links: str, **parameters: str) -> Done:
        """Run links of a chain as a pod does: parameters from the environment, outputs in files."""
        folder = self.cli.home / "nodes" / f"{run}-{next(RUNS)}"
        given = {"cluster": NAME, "simulate": "true", "actor": "tester", "run": run} | parameters
        environment = {"HERA_" + name.upper().replace("-", "_"): value for name, value in given.items()}
        environment |= {"HERA_ROOT": str(folder), "HERA_HOLDER_PID": str(os.getpid()), "HERA_FRESH_SECONDS": "0"}
        environment |= {"HERA_PLATFORM_KUBECONFIG": str(self.kubeconfig)} if self.kubeconfig else {}
        done = subprocess.run(
            [sys.executable, "-m", "steps.chain", *links],
            capture_output=True,
            text=True,
            env=self.cli.environment(**environment),
            cwd=PROJECT,
        )
        return Done(done.returncode, done.stdout + done.stderr, folder)

    def plan(self, run: str) -> Done:
        return self.steps(run, "lifecycle.admit", "platform.plan", operation="create").ok()

    def apply(self, run: str, planned: Done, *more: str) -> Done:
        values = {"changes": planned.output("changes"), "plan-digest": planned.output("plan-digest")}
        links = ("platform.apply", *more, "lifecycle.record")
        return self.steps(run, *links, operation="create", status="Succeeded", failures="", **values)

    def drift(self, run: str) -> Done:
        links = ("lifecycle.admit", "platform.drift", "lifecycle.record")
        return self.steps(run, *links, operation="drift", status="Succeeded", failures="").ok()

    def destroy(self, run: str) -> Done:
        links = ("lifecycle.admit", "platform.destroy", "lifecycle.record")
        return self.steps(run, *links, operation="delete", status="Failed", failures="").ok()


def world(home: Path, cloud: str, kubeconfig: Path | None) -> World:
    """A cluster of a cloud, network and cluster stage made."""
    cli = Cli(home)
    cli.run("create", "cluster", "-f", EXAMPLES / f"{cloud}-dev.yaml", "--simulate", "--yes").ok()
    return World(cli, SimulatedCloud(cli.simulation / "cloud"), kubeconfig)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of its own: it begins and ends empty."""
    with kubernetes_api.running(tmp_path_factory.mktemp("api")) as found:
        yield found


def test_the_whole_life_of_a_platform(server: Server, tmp_path: Path) -> None:
    here, api = world(tmp_path, "aws", server.kubeconfig), server.api
    wanted = len(overlays.built("dev"))

    planned = here.plan("first")
    assert planned.output("changes") == "safe"
    kinds = planned.changes()
    assert len([kind for kind, _ in kinds if kind.startswith("kubernetes ")]) == wanted
    assert {action for _, action in kinds} == {"create"} and len(kinds) > wanted + 10
    with pytest.raises(NotFound):
        api.get(POLICY)
    done = here.apply("first", planned, "platform.verify").ok()
    assert f"manifests: {wanted} created" in done.out and "platform: 6 of 6 checks passed" in done.output("summary")
    account = api.get("/api/v1/namespaces/hera-backup/serviceaccounts/backup")
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].startswith("arn:aws:iam::")
    assert difference(here.cli.simulation, NAME) == []

    again = here.plan("second")
    assert (again.output("changes"), again.changes()) == ("none", [])
    assert "nothing to do for stage platform" in here.apply("second", again).ok().out
    assert here.drift("looked").output("drift") == "false"

    api.patch(POLICY, {"spec": {"policyTypes": ["Ingress"]}})
    found = here.drift("found")
    assert (found.output("drift"), found.output("summary")) == ("true", "platform: 1 to update")
    repair = here.plan("repair")
    assert repair.changes() == [("kubernetes NetworkPolicy", "update")]
    assert "who may do what" in (repair.folder / "artifacts" / "plan.json").read_text()
    assert f"manifests: 1 changed, {wanted - 1} as they were" in here.apply("repair", repair).ok().out
    assert api.get(POLICY)["spec"]["policyTypes"] == ["Ingress", "Egress"]

    assert f"manifests: {wanted} removed" in here.destroy("away").out
    spaces = {item["metadata"]["name"] for item in api.items("/api/v1/namespaces")}
    assert spaces == {"default", "kube-node-lease", "kube-public", "kube-system"}
    assert not [item for item in here.cloud.objects() if item.tags.get("hera-stage") == "platform"]
    assert "nothing is left" in here.cli.run("delete", "cluster", NAME, "--yes").ok().err


@pytest.mark.parametrize("cloud", ["azure", "gcp"])
def test_without_a_kubernetes_api_manifests_are_checked_and_that_is_said(tmp_path: Path, cloud: str) -> None:
    here = world(tmp_path, cloud, None)
    planned = here.plan("first")
    assert "manifests were rendered and checked, not applied" in planned.out
    assert planned.output("changes") == "safe" and not [kind for kind, _ in planned.changes() if kind.startswith("kubernetes ")]
    assert "not verified" in here.apply("first", planned, "platform.verify").ok().output("summary")
    outputs = Ledgers(open_store(here.cli.simulation.as_uri())).get(NAME).stage("platform").outputs
    assert set(outputs["identities"]) >= {"hera-backup/backup", "monitoring/tempo"}
    assert here.plan("second").output("changes") == "none"
    assert difference(here.cli.simulation, NAME) == []
    here.destroy("away")
    assert not [item for item in here.cloud.objects() if item.tags.get("hera-stage") == "platform"]


def test_a_cluster_that_does_not_answer_stops_the_apply_and_not_the_end(tmp_path: Path, server: Server) -> None:
    """A plan is not made blindly, and a broken cluster can still be taken away."""
    from tests.support.ports import free_ports

    away = tmp_path / "away.kubeconfig"
    content = json.loads(server.kubeconfig.read_text())
    content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{free_ports(1)[0]}"
    away.write_text(json.dumps(content))
    made = world(tmp_path / "home", "aws", None)
    made.apply("first", made.plan("first")).ok()
    here = World(made.cli, made.cloud, away)
    done = here.steps("second", "lifecycle.admit", "platform.plan", operation="create")
    assert done.code == 81 and "CLOUD_UNAVAILABLE" in done.out
    here.steps("second", "lifecycle.record", operation="create", status="Failed", failures="").ok()
    assert "the cluster was not emptied" in here.destroy("away").out
    assert not [item for item in here.cloud.objects() if item.tags.get("hera-stage") == "platform"]
