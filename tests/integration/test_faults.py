"""What goes wrong in a cloud, on command: each is named, retried only where that helps, and `resume` reaches the asked state."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.simulator.cloud import SimulatedCloud
from tests.support.cli import EXAMPLES, Cli
from tests.support.inventory import difference, in_cloud

NAME = "sandbox"
DEV = {cloud: EXAMPLES / f"{cloud}-dev.yaml" for cloud in ("aws", "azure", "gcp")}
NODE_POOL = {"aws": "aws_eks_node_group", "azure": "azurerm_kubernetes_cluster_node_pool", "gcp": "google_container_node_pool"}
CONTROL_PLANE = {"aws": "aws_eks_cluster", "azure": "azurerm_kubernetes_cluster", "gcp": "google_container_cluster"}
ADDRESS = {"aws": "aws_eip", "azure": "azurerm_public_ip", "gcp": "google_compute_address"}


@dataclass(frozen=True)
class World:
    cli: Cli
    created: Callable[[str, Path], None]

    @property
    def cloud(self) -> SimulatedCloud:
        return SimulatedCloud(self.cli.simulation / "cloud")

    def create(self, cloud: str, *more: str) -> tuple[str, ...]:
        return ("create", "cluster", "-f", str(DEV[cloud]), "--simulate", "--yes", *more)

    def stands(self, cloud: str) -> None:
        """Let the cluster be there already."""
        self.created(DEV[cloud].name, self.cli.home)

    def agrees(self) -> None:
        assert difference(self.cli.simulation, NAME) == []


class Impatient(Cli):
    """Does not wait out the time between attempts, which is not what these tests are about."""

    def environment(self, **extra: str) -> dict[str, str]:
        return super().environment(HERA_BACKOFF_SCALE="0.02", **extra)


@pytest.fixture
def world(tmp_path: Path, created: Callable[[str, Path], None]) -> World:
    return World(Impatient(tmp_path / "home"), created)


def eventually(condition: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


@pytest.mark.parametrize("cloud", ["gcp"])
def test_throttling_is_waited_out(world: World, cloud: str) -> None:
    world.cloud.fault("throttle", type=ADDRESS[cloud], operation="create")
    done = world.cli.run(*world.create(cloud)).ok()
    assert "THROTTLED" in done.err
    world.agrees()


@pytest.mark.parametrize("cloud", ["azure"])
def test_quota_stops_and_resume_goes_on(world: World, cloud: str) -> None:
    world.cloud.set_quota(ADDRESS[cloud], 0)
    done = world.cli.run(*world.create(cloud))
    assert done.code == 83, done.err
    assert "QUOTA_EXCEEDED" in done.err and f"resume cluster {NAME}" in done.err
    world.cloud.set_quota(ADDRESS[cloud], None)
    world.cli.run("resume", "cluster", NAME, "--yes").ok()
    world.agrees()


@pytest.mark.parametrize(
    ("cloud", "kind"), [("aws", "die_after"), ("azure", "die_before"), ("azure", "die_after"), ("gcp", "die_after")]
)
def test_a_provider_that_dies_in_mid_call_orphans_nothing(world: World, cloud: str, kind: str) -> None:
    world.cloud.fault(kind, type=NODE_POOL[cloud], operation="create")  # type: ignore[arg-type]
    done = world.cli.run(*world.create(cloud))
    if done.code:
        world.cli.run("resume", "cluster", NAME, "--yes").ok()
    world.agrees()
    assert world.cli.run("plan", "cluster", "-f", DEV[cloud], "--simulate").code == 0


@pytest.mark.parametrize("cloud", DEV)
def test_delete_works_on_a_half_made_cluster(world: World, cloud: str) -> None:
    world.cloud.fault("error", type=CONTROL_PLANE[cloud], operation="create", message="InternalFailure: half made", repeat=9)
    assert world.cli.run(*world.create(cloud)).code != 0
    world.cloud.clear_faults()
    world.cli.run("delete", "cluster", NAME, "--yes", "--unprotect").ok()
    assert list(in_cloud(world.cli.simulation)) == []


def test_delete_works_without_ledger_or_outputs(world: World) -> None:
    world.stands("aws")
    (world.cli.simulation / "clusters" / NAME / "ledger.json").unlink()
    world.cli.run("delete", "cluster", NAME, "-f", DEV["aws"], "--simulate", "--yes", "--unprotect").ok()
    assert list(in_cloud(world.cli.simulation)) == []


def test_delete_removes_what_kubernetes_made_first(world: World) -> None:
    world.stands("aws")
    tags = {"hera-cluster": NAME, "kubernetes.io/created-for": "owned"}
    world.cloud.add("aws_lb", "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/net/k8s-shop/1", name="k8s-shop", tags=tags)
    done = world.cli.run("delete", "cluster", NAME, "--yes", "--unprotect").ok()
    assert "aws_lb" in done.err
    assert list(in_cloud(world.cli.simulation)) == []


def test_delete_fails_when_something_is_left(world: World) -> None:
    world.stands("aws")
    world.cloud.add("aws_s3_bucket", "forgotten", tags={"hera-cluster": NAME})
    done = world.cli.run("delete", "cluster", NAME, "--yes", "--unprotect")
    assert done.code == 86, done.err
    assert "aws_s3_bucket" in done.err


def test_forbidden_calls_are_named_and_not_retried(world: World) -> None:
    text = "api error UnauthorizedOperation: You are not authorized to perform this operation. User: arn:aws:iam::1:user/ann"
    world.cloud.fault("error", type="aws_vpc", operation="create", message=text, repeat=9)
    done = world.cli.run(*world.create("aws"))
    assert done.code == 77, done.err
    assert len([call for call in world.cloud.calls() if call.type == "aws_vpc" and call.operation == "create"]) == 1


def test_one_writer_at_a_time_and_the_other_learns_who(world: World, tmp_path: Path) -> None:
    world.cloud.set_latency_scale(0.01)
    first = world.cli.start(*world.create("aws"), log=tmp_path / "log", HERA_ACTOR="ann")
    eventually(lambda: (world.cli.simulation / "clusters" / NAME / "lock.json").exists())
    second = world.cli.run(*world.create("aws"))
    assert second.code == 75, second.err
    assert "ann" in second.err and "STATE_LOCKED" in second.err
    assert first.wait(timeout=240) == 0
    world.agrees()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_a_stopped_create_finishes_its_calls_and_resumes(world: World, tmp_path: Path, number: signal.Signals) -> None:
    world.cloud.set_latency_scale(0.005)
    run = world.cli.start(*world.create("gcp"), log=tmp_path / "log")
    eventually(lambda: any(call.operation == "create" for call in world.cloud.calls()))
    os.kill(run.pid, number)
    assert run.wait(timeout=240) == 82, (tmp_path / "log").read_text()
    assert f"resume cluster {NAME}" in (tmp_path / "log").read_text()
    world.agrees()
    assert not (world.cli.simulation / "clusters" / NAME / "lock.json").exists()
    world.cli.run("resume", "cluster", NAME, "--yes").ok()
    world.agrees()


def test_a_hanging_cloud_meets_the_time_limit(world: World) -> None:
    world.cloud.fault("hang", type="aws_eks_cluster", operation="create", seconds=8)
    done = world.cli.run(*world.create("aws", "--timeout", "5"))
    assert done.code in (81, 82), done.err
    world.cli.run("resume", "cluster", NAME, "--yes").ok()
    world.agrees()


def test_a_state_file_cut_short_is_mended_from_its_backup(world: World) -> None:
    world.stands("aws")
    state = world.cli.simulation / "clusters" / NAME / "network.tfstate"
    backup = state.with_name("network.tfstate.backup")
    backup.write_bytes(state.read_bytes())
    state.write_bytes(state.read_bytes()[:500])
    world.cli.run("resume", "cluster", NAME, "--yes").ok()
    world.agrees()


def test_an_altered_plan_is_never_applied(world: World) -> None:
    world.cloud.fault("error", type="aws_vpc", operation="create", message="InternalError: try later", repeat=9)
    assert world.cli.run(*world.create("aws")).code != 0
    plans = list((world.cli.simulation / "clusters" / NAME / "network" / "plans").glob("*.tfplan"))
    assert len(plans) == 1 and plans[0].stat().st_mode & 0o077 == 0


def test_create_refuses_to_move_a_cluster_to_another_region(world: World, tmp_path: Path) -> None:
    world.stands("gcp")
    moved = tmp_path / "moved.yaml"
    moved.write_text(DEV["gcp"].read_text().replace("europe-west4", "us-central1"))
    done = world.cli.run("create", "cluster", "-f", moved, "--simulate", "--yes")
    assert done.code == 78 and "spec.region" in done.err, done.err


def test_a_damaged_ledger_is_named_not_guessed(world: World) -> None:
    world.stands("aws")
    ledger = world.cli.simulation / "clusters" / NAME / "ledger.json"
    ledger.write_bytes(ledger.read_bytes().replace(b"applied", b"appliex", 1))
    done = world.cli.run("describe", "cluster", NAME)
    assert done.code == 87 and "STATE_CORRUPT" in done.err, done.err
