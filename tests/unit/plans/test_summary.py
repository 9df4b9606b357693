from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.plans.summary import AttributeChange, PlanSummary, StagePlan, changes_of

SECRET = "hunter2"


def update(before: Any, after: Any, **marks: Any) -> tuple[AttributeChange, ...]:
    """Return what a reader sees of one update."""
    change = {"actions": ["update"], "before": before, "after": after, **marks}
    (found,) = changes_of([{"address": "a.b", "type": "a", "mode": "managed", "change": change}], ())
    return found.attributes


def names(attributes: tuple[AttributeChange, ...]) -> list[str]:
    return [item.name for item in attributes]


def test_maps_are_told_apart_by_key() -> None:
    (item,) = update({"tags": {"owner": "me", "team": "a" * 300}}, {"tags": {"owner": "you", "team": "a" * 300}})
    assert item == AttributeChange("tags.owner", "me", "you")


def test_a_single_block_is_looked_into() -> None:
    before, after = ({"vpc_config": [{"public": public, "id": "x"}]} for public in (False, True))
    assert update(before, after) == (AttributeChange("vpc_config.public", "false", "true"),)


def test_lists_stay_whole() -> None:
    (item,) = update({"zones": ["a", "b"]}, {"zones": ["a"]})
    assert item == AttributeChange("zones", '["a", "b"]', '["a"]')


def test_a_new_map_is_one_change() -> None:
    assert update({"tags": None}, {"tags": {"a": "b"}}) == (AttributeChange("tags", None, '{"a": "b"}'),)


def test_unknown_values() -> None:
    attributes = update({"arn": "x", "tags": {"a": "1"}}, {"tags": {}}, after_unknown={"arn": True, "tags": {"a": True}})
    assert attributes == (
        AttributeChange("arn", "x", "(known after apply)"),
        AttributeChange("tags.a", "1", "(known after apply)"),
    )


@pytest.mark.parametrize(
    ("paths", "forced"),
    [
        ([["tags"]], ["tags.owner"]),
        ([["tags", "owner"]], ["tags.owner"]),
        ([["block", 0, "size"]], ["block.size"]),
        ([["name"]], []),
        ([["tag"]], []),
    ],
    ids=["whole map", "key", "in a block", "another", "prefix of a name"],
)
def test_what_forces_replacement(paths: list[list[Any]], forced: list[str]) -> None:
    before = {"tags": {"owner": "me"}, "block": [{"size": 1}]}
    after = {"tags": {"owner": "you"}, "block": [{"size": 2}]}
    assert [item.name for item in update(before, after, replace_paths=paths) if item.forces_replacement] == forced


@pytest.mark.parametrize(
    ("before", "after", "marks"),
    [
        ({"key": SECRET + "1"}, {"key": SECRET}, {"after_sensitive": {"key": True}}),
        ({"key": SECRET}, {"key": "new"}, {"before_sensitive": {"key": True}}),
        ({"m": {"a": SECRET}}, {"m": {"a": SECRET + "2"}}, {"after_sensitive": {"m": {"a": True}}}),
        ({"m": {"a": SECRET}}, {"m": {"a": SECRET + "2"}}, {"before_sensitive": {"m": True}, "after_sensitive": {}}),
        ({"b": [{"a": SECRET}]}, {"b": [{"a": SECRET + "2"}]}, {"after_sensitive": {"b": [{"a": True}]}}),
        ({"b": [{"a": SECRET}]}, {"b": [{"a": SECRET + "2"}]}, {"after_sensitive": {"b": True}}),
        ({"b": [{"a": SECRET}, {}]}, {"b": [{"a": SECRET + "2"}]}, {"before_sensitive": {"b": [{"a": True}, {}]}}),
        ({"l": [SECRET]}, {"l": []}, {"before_sensitive": {"l": [True]}}),
        ({"m": {"a": {"b": SECRET}}}, {"m": {"a": {"b": "x"}}}, {"after_sensitive": {"m": {"a": {"b": True}}}}),
        ({"key": SECRET}, {}, {"before_sensitive": True}),
        ({"key": SECRET}, {}, {"before_sensitive": {"key": True}, "after_unknown": {"key": True}}),
    ],
    ids=[
        "after",
        "before",
        "in a map",
        "whole map",
        "in a block",
        "whole block",
        "blocks",
        "list",
        "deep",
        "everything",
        "unknown",
    ],
)
def test_sensitive_values_never_get_in(before: Mapping[str, Any], after: Mapping[str, Any], marks: Mapping[str, Any]) -> None:
    attributes = update(before, after, **marks)
    assert attributes and all(item.before == item.after == "(sensitive)" for item in attributes)
    assert SECRET not in json.dumps([vars(item) for item in attributes])


def test_neighbours_of_a_secret_are_shown() -> None:
    before, after = {"m": {"a": SECRET, "b": "1"}}, {"m": {"a": "x", "b": "2"}}
    attributes = update(before, after, before_sensitive={"m": {"a": True}})
    assert AttributeChange("m.b", "1", "2") in attributes and names(attributes) == ["m.a", "m.b"]


def test_reason_survives_the_round_trip() -> None:
    change = {"actions": ["delete", "create"], "before": {"a": 1}, "after": {"a": 1}}
    item = {"address": "a.b", "type": "a", "mode": "managed", "change": change, "action_reason": "replace_because_tainted"}
    (found,) = changes_of([item], ())
    assert found.half_made and found.why == "left half-made by an earlier run"
    plan = PlanSummary("shop", "aws", "eu-west-1", False, "", (StagePlan("network", (found,)),))
    assert PlanSummary.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


@pytest.mark.parametrize(
    ("actions", "extra", "action"),
    [
        (["create"], {}, "create"),
        (["delete", "create"], {}, "replace"),
        (["create", "delete"], {}, "replace"),
        (["forget"], {}, "forget"),
        (["no-op"], {"importing": {"id": "x"}}, "import"),
        (["no-op"], {}, None),
        (["read"], {}, None),
    ],
)
def test_actions(actions: list[str], extra: Mapping[str, Any], action: str | None) -> None:
    change = {"actions": actions, "before": {}, "after": {}, **extra}
    found = changes_of([{"address": "a.b", "type": "a", "mode": "managed", "change": change}], ())
    assert [item.action for item in found] == ([action] if action else [])
