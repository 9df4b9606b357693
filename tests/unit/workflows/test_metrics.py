"""What the rendered pipelines have Argo count: each step once, under names and labels of the one table."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import yaml

from infra import metrics
from workflows import catalogue
from workflows.metrics import _metric

TABLE = {metric.name: metric for metric in metrics.PIPELINES}
DOCUMENTS: dict[str, dict[str, Any]] = {
    name: yaml.safe_load(catalogue.template_path(name).read_text()) for name in catalogue.names()
}
CONTAINERS = {
    f"{name}/{template['name']}": template
    for name, document in DOCUMENTS.items()
    for template in document["spec"]["templates"]
    if template.get("container", {}).get("command", [""])[0] == "python"
}


def counted(part: dict[str, Any]) -> list[dict[str, Any]]:
    return list(part["metrics"]["prometheus"])


def labels(item: dict[str, Any]) -> dict[str, str]:
    return {label["key"]: label["value"] for label in item["labels"]}


@pytest.mark.parametrize("where", CONTAINERS)
def test_each_step_of_a_container_is_counted_once(where: str) -> None:
    _, _, module, *words = CONTAINERS[where]["container"]["command"]
    links = words if module == "steps.chain" else [f"{module.removeprefix('steps.')}.{words[0]}"]
    found = [labels(item) for item in counted(CONTAINERS[where]) if item["name"] == "hera_step_seconds"]
    assert [f"{item['stage']}.{item['action']}" for item in found] == [link.partition(":")[0] for link in links]
    assert [item["name"] for item in counted(CONTAINERS[where])].count("hera_step_errors_total") == 1


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_run_is_counted(name: str) -> None:
    found = counted(DOCUMENTS[name]["spec"])
    assert [item["name"] for item in found] == [metric.name for metric in metrics.PIPELINES[:3]]
    assert {labels(item)["pipeline"] for item in found} == {name}


def test_names_kinds_and_labels_are_those_of_the_table() -> None:
    items = [item for part in (*CONTAINERS.values(), *(doc["spec"] for doc in DOCUMENTS.values())) for item in counted(part)]
    assert {item["name"] for item in items} == set(TABLE)
    for item in items:
        metric = TABLE[item["name"]]
        assert metric.kind in item and tuple(labels(item)) == metric.labels and item["help"] == metric.help


def test_a_cluster_stands_after_its_apply_and_is_gone_after_the_proof() -> None:
    found = [(where, item) for where, part in CONTAINERS.items() for item in counted(part) if item["name"] == "hera_cluster"]
    assert {where: item["gauge"]["value"] for where, item in found} == {
        "create-cluster/apply-cluster": "1",
        "delete-cluster/delete-cluster": "0",
    }


def test_drift_is_told_for_each_stage_that_is_compared() -> None:
    (where,) = (where for where in CONTAINERS if where.startswith("drift-cluster/find-drift"))
    words = CONTAINERS[where]["container"]["command"]
    compared = [word.partition(".")[0] for word in words if ".drift" in word]
    told = Counter(labels(item)["stage"] for item in counted(CONTAINERS[where]) if item["name"] == "hera_cluster_drift")
    assert told == Counter(compared) and compared


def test_a_label_that_the_table_lacks_is_refused() -> None:
    with pytest.raises(AssertionError, match="hera_cluster_drift"):
        _metric(metrics.DRIFT, "1", {"cluster": "c"})
