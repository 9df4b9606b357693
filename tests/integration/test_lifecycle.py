"""The life of each example, as its user sees it: create, no change, drift found and repaired, change, delete, nothing left."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from infra.simulator.cloud import SimulatedCloud, SimulatedObject
from tests.support.cli import EXAMPLES, Cli
from tests.support.inventory import difference, in_cloud
from tests.support.specs import with_bigger_pool

ALL = sorted(EXAMPLES.glob("*.yaml"))


def a_tagged_network_object(cloud: SimulatedCloud, name: str) -> SimulatedObject:
    """Pick something that has tags and that other things do not hang on."""
    owned = cloud.objects(tags={"hera-cluster": name})
    words = ("eip", "public_ip", "log_group", "log_analytics", "address", "storage_bucket")
    return next(item for word in words for item in owned if word in item.type)


@pytest.mark.parametrize("example", ALL, ids=lambda path: path.stem)
def test_life_of_a_cluster(cli: Cli, example: Path, tmp_path: Path) -> None:
    spec = tmp_path / "cluster.yaml"
    spec.write_text(example.read_text())
    name = yaml.safe_load(example.read_text())["metadata"]["name"]
    cloud = SimulatedCloud(cli.simulation / "cloud")

    created = cli.run("create", "cluster", "-f", spec, "--simulate", "--yes").ok()
    assert "simulat" in created.out + created.err
    assert difference(cli.simulation, name) == []

    assert cli.run("plan", "cluster", "-f", spec, "--simulate").code == 0
    listed = cli.run("get", "clusters", "-o", "json").ok().json()
    assert [(item["name"], item["phase"]) for item in listed["items"]] == [(name, "ready")]

    victim = a_tagged_network_object(cloud, name)
    cloud.remove(victim.id)
    drift = cli.run("drift", "cluster", name)
    assert drift.code == 2, drift.err
    assert victim.type in drift.out
    cli.run("create", "cluster", "-f", spec, "--simulate", "--yes").ok()
    assert difference(cli.simulation, name) == []
    assert cli.run("drift", "cluster", name).code == 0

    spec.write_text(with_bigger_pool(spec))
    assert cli.run("plan", "cluster", "-f", spec, "--simulate").code == 2
    cli.run("create", "cluster", "-f", spec, "--simulate", "--yes").ok()
    assert cli.run("plan", "cluster", "-f", spec, "--simulate").code == 0

    if "prod" in example.stem:
        refused = cli.run("delete", "cluster", name, "--yes")
        assert refused.code == 79, refused.err
        assert "--unprotect" in refused.err
    cli.run("delete", "cluster", name, "--yes", "--unprotect").ok()
    assert list(in_cloud(cli.simulation)) == []
    assert cli.run("get", "clusters", "-o", "json").ok().json()["items"] == []
    assert cli.run("describe", "cluster", name).code == 66


@pytest.mark.parametrize("cloud_name", sorted({path.stem.split("-")[0] for path in ALL}))
def test_changed_by_hand_is_found_and_repaired(cli: Cli, cloud_name: str) -> None:
    example = EXAMPLES / f"{cloud_name}-dev.yaml"
    name = yaml.safe_load(example.read_text())["metadata"]["name"]
    cli.run("create", "cluster", "-f", example, "--simulate", "--yes").ok()
    cloud = SimulatedCloud(cli.simulation / "cloud")
    victim = a_tagged_network_object(cloud, name)
    key = next(key for key in ("tags", "labels") if key in victim.attributes)
    cloud.change(victim.id, {key: {**(victim.attributes[key] or {}), "by-hand": "yes"}})  # type: ignore[dict-item]
    assert cli.run("drift", "cluster", name).code == 2
    cli.run("create", "cluster", "-f", example, "--simulate", "--yes").ok()
    assert cli.run("drift", "cluster", name).code == 0
    (mended,) = [item for item in cloud.objects(type=victim.type) if item.id == victim.id]
    assert "by-hand" not in mended.tags
