"""Configurations in the style of the well-known public modules: nothing in the simulator was made for them."""

from collections.abc import Callable

import pytest

from tests.integration.simulator.conftest import Terraform


@pytest.mark.parametrize(
    ("name", "at_least", "changed"),
    [
        pytest.param("aws", 75, 'module.eks.aws_eks_node_group.this["default"]', id="aws-vpc-and-eks"),
        pytest.param("azure", 28, 'module.aks.azurerm_kubernetes_cluster_node_pool.this["work"]', id="azure-network-and-aks"),
        pytest.param("google", 28, 'module.gke.google_container_node_pool.pools["work"]', id="google-network-and-gke"),
    ],
)
def test_whole_life(module: Callable[[str], Terraform], name: str, at_least: int, changed: str) -> None:
    terraform = module(name)
    terraform.run("validate", "-no-color")
    terraform.apply()
    assert len(terraform.run("state", "list").splitlines()) >= at_least
    assert terraform.plan() == {}, "a second plan shows no changes"

    assert terraform.plan("-var", 'node_labels={pool="other"}') == {("update",): {changed}}

    terraform.destroy()
    assert terraform.cloud.objects() == [], "destroy leaves nothing"
