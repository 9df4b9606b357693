from typing import Any

import pytest

from infra.simulator.clouds.base import Tables, TypeRules
from infra.simulator.planning import conform, plan_create, plan_update, same
from infra.simulator.schema import Attribute, Block, NestedBlock
from infra.simulator.values import UNKNOWN, is_unknown, shaped

INNER = Block({"size": Attribute("size", "number", optional=True), "uid": Attribute("uid", "string", computed=True)})
BLOCK = Block(
    {
        "id": Attribute("id", "string", computed=True),
        "name": Attribute("name", "string", required=True),
        "mode": Attribute("mode", "string", optional=True, computed=True),
        "note": Attribute("note", "string", optional=True),
        "version": Attribute("version", "number", computed=True),
        "secret_wo": Attribute("secret_wo", "string", optional=True, write_only=True),
        "zones": Attribute("zones", ["set", "string"], optional=True),
    },
    {"disk": NestedBlock("list", INNER), "network": NestedBlock("list", INNER, max_items=1), "rule": NestedBlock("set", INNER)},
)
RULES = TypeRules(
    Tables(
        defaults={"t": {"note": "hello"}},
        computed_blocks={"t": {"network": {"size": 1}}},
        replaces={"t": ("disk.size",)},
        recomputed={"t": {"version": ("mode",)}},
    ),
    "t",
)


def value(**given: Any) -> dict[str, Any]:
    empty = {"id": None, "name": "n", "mode": None, "note": None, "version": None, "secret_wo": None, "zones": None}
    return {**empty, "disk": [], "network": [], "rule": [], **given}


def existing(**given: Any) -> dict[str, Any]:
    return value(id="1", mode="a", note="hello", version=1, network=[{"size": 1, "uid": "n"}], **given)


def test_create_leaves_to_the_cloud_what_is_not_configured() -> None:
    planned = plan_create(BLOCK, value(disk=[{"size": 1, "uid": None}], secret_wo="s"), RULES)
    assert is_unknown(planned["id"]) and is_unknown(planned["mode"]) and is_unknown(planned["network"])
    assert planned["note"] == "hello"
    assert planned["secret_wo"] is None, "a write-only value is never planned"
    assert planned["disk"] == [{"size": 1, "uid": UNKNOWN}]


def test_no_change_gives_the_prior_object_itself() -> None:
    prior = existing(zones=["a", "b"])
    proposed = {**prior, "zones": ["b", "a"], "network": []}
    assert plan_update(BLOCK, prior, proposed, value(), RULES).value is prior


@pytest.mark.parametrize(
    ("change", "replace"),
    [
        pytest.param({"note": "x"}, [], id="in-place"),
        pytest.param({"name": "x"}, [("name",)], id="generic-rule"),
        pytest.param({"disk": [{"size": 2, "uid": "d"}]}, [("disk", 0, "size")], id="table-in-a-block"),
        pytest.param({"id": "2"}, [], id="computed-never-replaces"),
    ],
)
def test_what_replaces(change: dict[str, Any], replace: list[Any]) -> None:
    prior = existing(disk=[{"size": 1, "uid": "d"}])
    assert plan_update(BLOCK, prior, {**prior, **change}, {**value(), **change}, RULES).replace == replace


def test_update_keeps_what_the_cloud_computed_and_asks_again_where_told() -> None:
    prior = existing()
    planned = plan_update(BLOCK, prior, {**prior, "mode": "b"}, value(mode="b"), RULES).value
    assert planned["id"] == "1"
    assert is_unknown(planned["version"])


def test_new_elements_of_lists_and_sets_are_completed() -> None:
    prior = existing(disk=[{"size": 1, "uid": "d"}], rule=[{"size": 1, "uid": "r"}])
    fresh = {"size": 9, "uid": None}
    planned = plan_update(
        BLOCK, prior, {**prior, "disk": [*prior["disk"], fresh], "rule": [*prior["rule"], fresh]}, value(), RULES
    ).value
    assert planned["disk"] == [{"size": 1, "uid": "d"}, {"size": 9, "uid": UNKNOWN}]
    assert planned["rule"] == [{"size": 1, "uid": "r"}, {"size": 9, "uid": UNKNOWN}]


def test_stored_objects_of_any_age_fit_the_schema() -> None:
    assert conform(BLOCK, {"name": "n", "gone": 1, "disk": [{"size": 1, "old": 2}]}) == value(disk=[{"size": 1, "uid": None}])


@pytest.mark.parametrize(
    ("before", "after", "type_", "equal"),
    [
        pytest.param(["a", "b"], ["b", "a"], ["set", "string"], True, id="sets-have-no-order"),
        pytest.param(["a", "b"], ["b", "a"], ["list", "string"], False, id="lists-have"),
        pytest.param(None, [], ["list", "string"], True, id="no-list-is-an-empty-one"),
        pytest.param(None, "", "string", False, id="no-text-is-not-an-empty-one"),
        pytest.param(0, False, "bool", True, id="zero"),
    ],
)
def test_same(before: Any, after: Any, type_: Any, equal: bool) -> None:
    assert same(before, after, type_) is equal


@pytest.mark.parametrize(
    ("given", "type_", "expected"),
    [
        pytest.param({"a": 1, "b": 2}, ["object", {"a": "string", "c": "bool"}], {"a": "1", "c": None}, id="object"),
        pytest.param({"a": "x"}, ["list", ["object", {"a": "string"}]], [{"a": "x"}], id="block-read-as-list"),
        pytest.param("text", ["list", "string"], None, id="impossible"),
        pytest.param("12", "number", 12, id="number"),
        pytest.param({"type": "string", "value": "x"}, "dynamic", [b'"string"', "x"], id="dynamic-from-state"),
    ],
)
def test_shaped(given: Any, type_: Any, expected: Any) -> None:
    assert shaped(given, type_) == expected
