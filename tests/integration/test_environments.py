"""What sets dev apart from prod, seen in the plan of each cloud: NAT, spot, scale-down, deletion protection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import providers
from infra.plans.cost import at
from infra.simulator.environment import environment
from infra.spec.load import load_cluster, parse_cluster
from steps.common import roots
from tests.integration.test_envs import plan
from tests.support.cli import EXAMPLES

Resources = dict[str, list[dict[str, Any]]]


def values(type: str, path: str) -> Callable[[Resources], object]:
    """Return a reader of the distinct values that an attribute has."""
    return lambda resources: {at(item, path) for item in resources.get(type, [])}


def count(type: str) -> Callable[[Resources], object]:
    return lambda resources: len(resources.get(type, []))


def scale_down_of_groups(resources: Resources) -> object:
    tags = [item["tag"][0] for item in resources["aws_autoscaling_group_tag"]]
    return {tag["value"] for tag in tags if tag["key"].endswith("/scaledownunneededtime")}


DIFFERENCES = {
    "aws": {
        "nat": (count("aws_nat_gateway"), 1, 3),
        "spot": (values("aws_eks_node_group", "capacity_type"), {"SPOT"}, {"ON_DEMAND"}),
        "protection": (values("aws_eks_cluster", "deletion_protection"), {False}, {True}),
        "scale-down": (scale_down_of_groups, {"2m0s"}, {"20m0s"}),
    },
    "azure": {
        "nat": (count("azurerm_nat_gateway"), 1, 3),
        "spot": (values("azurerm_kubernetes_cluster_node_pool", "priority"), {"Spot"}, {"Regular"}),
        "protection": (count("azurerm_management_lock"), 0, 1),
        "scale-down": (
            values("azurerm_kubernetes_cluster", "auto_scaler_profile.0.scale_down_unneeded"),
            {"5m"},
            {"20m"},
        ),
    },
    "gcp": {
        "nat": (count("google_compute_address"), 1, 3),
        "spot": (values("google_container_node_pool", "node_config.0.spot"), {True}, {False}),
        "protection": (values("google_container_cluster", "deletion_protection"), {False}, {True}),
        "scale-down": (
            values("google_container_cluster", "cluster_autoscaling.0.autoscaling_profile"),
            {"OPTIMIZE_UTILIZATION"},
            {"BALANCED"},
        ),
    },
}


def planned(cloud: str, env: str, folder: Path) -> Resources:
    """Return what the environment's defaults plan on a cloud, by type."""
    example = load_cluster(EXAMPLES / f"{cloud}-dev.yaml")
    spec = {"cloud": cloud, "region": example.spec.region, "environment": env, "cloudOptions": dict(example.spec.cloud_options)}
    cluster = parse_cluster(
        yaml.safe_dump({"apiVersion": "hera.dev/v1alpha1", "kind": "Cluster", "metadata": {"name": "shop"}, "spec": spec})
    )
    work = folder / env
    work.mkdir()
    roots.write(roots.whole_root(providers.get(cloud), cluster), work)
    found: Resources = {}
    for item in plan(work, environment(folder / "cloud"))["resource_changes"]:
        if item["mode"] == "managed":
            found.setdefault(item["type"], []).append(item["change"]["after"])
    return found


@pytest.mark.parametrize("cloud", DIFFERENCES)
def test_dev_and_prod_differ_where_documented(cloud: str, tmp_path: Path) -> None:
    dev, prod = (planned(cloud, env, tmp_path) for env in ("dev", "prod"))
    seen = {name: (read(dev), read(prod)) for name, (read, _, _) in DIFFERENCES[cloud].items()}
    assert seen == {name: (in_dev, in_prod) for name, (_, in_dev, in_prod) in DIFFERENCES[cloud].items()}
