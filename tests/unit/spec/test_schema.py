"""The published JSON Schema says the same as the loader, as far as JSON Schema can."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from infra.spec.load import parse_cluster
from infra.spec.schema import json_schema
from tests.unit.spec.test_refusals import CASES, VALID, Tweaks, tweaked

BEYOND = {
    "name with newline",  # only for Python's validator, whose $ ignores a last newline
    "zone twice",
    "pool zone outside network",
    "pool zone twice",
    "pools of one name",
    "every pool tainted",
    "taint twice",
    "min above max",
    "min above the default of max",
    "public for nobody",
    "ranges without public",
    "private range allowed",
    "allowed range twice",
    "tag of Hera",
    "name this cloud refuses",
    "network too small",
    "pods overlap network",
    "services overlap pods",
    "network overlaps the default of pods",
    "cidr host bits",
    "cidr out of bounds",
    "cidr prefix too long",
    "cidr is everything",
    "cidr is loopback",
    "zone elsewhere",
}
"""Refusals that take arithmetic or several fields; everything else an editor shows while one types."""


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    with pytest.MonkeyPatch.context() as patch:
        from tests.unit.spec.conftest import CLOUDS

        patch.setenv("HERA_PROVIDER_PATH", str(CLOUDS))
        schema = json_schema(["nimbus"])
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_valid_case(validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(VALID)


def test_a_dump_is_valid(validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(parse_cluster(yaml.safe_dump(VALID)).dump())


def test_what_environments_fill_in_may_be_left_out(validator: jsonschema.Draft202012Validator) -> None:
    short: dict[str, Any] = {"cloud": "nimbus", "region": "north", "environment": "dev"}
    validator.validate({**VALID, "spec": short})


@pytest.mark.parametrize(
    "tweaks",
    [tweaks for name, (tweaks, _) in CASES.items() if name not in BEYOND],
    ids=[name for name in CASES if name not in BEYOND],
)
def test_what_the_loader_refuses_the_schema_refuses(validator: jsonschema.Draft202012Validator, tweaks: Tweaks) -> None:
    assert not validator.is_valid(tweaked(tweaks))


def test_the_exceptions_exist_and_are_ones(validator: jsonschema.Draft202012Validator) -> None:
    assert set(CASES) >= BEYOND
    assert [name for name in sorted(BEYOND) if not validator.is_valid(tweaked(CASES[name][0]))] == []
