"""The life of each example, as its user sees it: create, no change, drift found and repaired, change, delete, nothing left."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from infra.simulator.cloud import SimulatedCloud, SimulatedObject
from tests.support.cli import EXAMPLES, Cli
from tests.support.inventory import difference, in_cloud
from tests.support.specs import with_bigger_pool

CLOUDS = ("aws", "azure", "gcp")


class World:
    """A user with a spec, and the cloud that it is for."""

    def __init__(self, cli: Cli, example: Path, folder: Path) -> None:
        self.cli, self.spec = cli, folder / "cluster.yaml"
        self.spec.write_text(example.read_text())
        self.name: str = yaml.safe_load(example.read_text())["metadata"]["name"]
        self.cloud = SimulatedCloud(cli.simulation / "cloud")

    def create(self) -> str:
        """Create, which is also to repair and to change; the states and the cloud agree afterwards."""
        done = self.cli.run("create", "cluster", "-f", self.spec, "--simulate", "--yes").ok()
        assert difference(self.cli.simulation, self.name) == []
        return done.out + done.err

    def plan(self) -> int:
        return self.cli.run("plan", "cluster", "-f", self.spec, "--simulate").code

    def drifts(self, *words: str) -> None:
        done = self.cli.run("drift", "cluster", self.name)
        assert done.code == 2, done.err
        assert all(word in done.out for word in words)

    def delete(self) -> None:
        self.cli.run("delete", "cluster", self.name, "--yes", "--unprotect").ok()
        assert list(in_cloud(self.cli.simulation)) == []
        assert self.cli.run("get", "clusters", "-o", "json").ok().json()["items"] == []
        assert self.cli.run("describe", "cluster", self.name).code == 66

    def an_object(self) -> SimulatedObject:
        """Pick something that has tags and that other things do not hang on."""
        owned = self.cloud.objects(tags={"hera-cluster": self.name})
        words = ("eip", "public_ip", "log_group", "log_analytics", "address", "storage_bucket")
        return next(item for word in words for item in owned if word in item.type)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_life_of_a_small_cluster(cli: Cli, cloud: str, tmp_path: Path) -> None:
    world = World(cli, EXAMPLES / f"{cloud}-dev.yaml", tmp_path)
    assert "simulat" in world.create()
    listed = cli.run("get", "clusters", "-o", "json").ok().json()
    assert [(item["name"], item["phase"]) for item in listed["items"]] == [(world.name, "ready")]

    changed = world.an_object()
    key = next(key for key in ("tags", "labels") if key in changed.attributes)
    world.cloud.change(changed.id, {key: {**(changed.attributes[key] or {}), "by-hand": "yes"}})  # type: ignore[dict-item]
    world.drifts()
    world.create()
    (mended,) = [item for item in world.cloud.objects(type=changed.type) if item.id == changed.id]
    assert "by-hand" not in mended.tags
    world.delete()


@pytest.mark.parametrize("cloud", CLOUDS)
def test_life_of_a_large_cluster(cli: Cli, cloud: str, tmp_path: Path) -> None:
    world = World(cli, EXAMPLES / f"{cloud}-prod.yaml", tmp_path)
    world.create()
    assert world.plan() == 0

    victim = world.an_object()
    world.cloud.remove(victim.id)
    world.drifts(victim.type)
    world.create()
    assert cli.run("drift", "cluster", world.name).code == 0

    world.spec.write_text(with_bigger_pool(world.spec))
    assert world.plan() == 2
    world.create()

    refused = cli.run("delete", "cluster", world.name, "--yes")
    assert refused.code == 79, refused.err
    assert "--unprotect" in refused.err
    world.delete()
