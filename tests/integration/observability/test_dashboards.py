"""Dashboards and rules ask for what exists: every query goes to a real Prometheus that has read our figures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import exposition, prometheus
from tests.support.ports import free_port
from tests.support.prometheus import COMPONENT, Prometheus, rules
from tests.support.waiting import until
from tools import dashboards

PAGES = {path.stem: json.loads(path.read_text()) for path in sorted((COMPONENT / "dashboards").glob("*.json"))}
QUERIES = {
    f"{name}: {panel['title']}, {target['refId']}": (target["expr"].replace("$cluster", "shop"), target["legendFormat"])
    for name, page in PAGES.items()
    for panel in page["panels"]
    for target in panel["targets"]
}
EXPRESSIONS = {
    str(rule.get("alert") or rule["record"]): str(rule["expr"]) for kind in ("alert", "record") for rule in rules(kind)
}
READINGS = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has read our figures often enough for rates, and has recorded what its rules record."""
    port = free_port()
    with exposition.served(port), prometheus.running(tmp_path_factory.mktemp("prometheus"), port) as found:
        until(lambda: count(found, "argo_workflows_hera_step_errors_total") >= READINGS, "Prometheus has read too little", 60)
        until(lambda: found.query("hera:operator_seconds:p95"), "Prometheus has recorded nothing", 60)
        yield found


def count(server: Prometheus, name: str) -> int:
    values = server.query(f"max(count_over_time({name}[5m]))")
    return int(values[0]["value"][1]) if values else 0


@pytest.mark.parametrize("where", QUERIES)
def test_a_panel_has_data(server: Prometheus, where: str) -> None:
    query, legend = QUERIES[where]
    found = server.query(query.removesuffix(" or vector(0)"))  # what stands for nothing must not hide a wrong name
    assert found, query
    assert all(item["value"][1] not in ("NaN", "") for item in found), found
    wanted = re.findall(r"{{(\w+)}}", legend)
    assert all(set(wanted) <= set(item["metric"]) for item in found), f"a line of {query} lacks a label of {legend}"


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_rule_asks_for_what_exists(server: Prometheus, name: str) -> None:
    selectors = server.selectors(EXPRESSIONS[name])
    assert selectors
    assert [selector for selector in selectors if not server.query(f"last_over_time({selector}[5m])")] == []


def test_a_wrong_name_would_be_noticed(server: Prometheus) -> None:
    (selector,) = server.selectors("rate(hera_no_such_total[5m]) > 1")
    assert not server.query(f"last_over_time({selector}[5m])")


def test_no_rule_fails(server: Prometheus) -> None:
    groups = server.ask("rules")["groups"]
    assert {rule["name"]: rule.get("lastError") for group in groups for rule in group["rules"] if rule["health"] != "ok"} == {}


def test_the_files_are_what_the_list_says() -> None:
    assert dashboards.main(["--check"]) == 0
    assert {path.stem for path in dashboards.rendered()} == set(PAGES)


def test_nothing_lies_on_top_of_something_else() -> None:
    for page in PAGES.values():
        cells = [
            (x, y)
            for place in (panel["gridPos"] for panel in page["panels"])
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < dashboards.PAGE_WIDTH


def test_the_folder_has_one_query_for_each_panel_at_least() -> None:
    assert len(QUERIES) >= 45 and all(page["panels"] for page in PAGES.values()), Path(COMPONENT)
