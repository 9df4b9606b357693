"""The examples load, say little in dev, and agree with the published JSON Schema; broken ones do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from infra.errors import SpecInvalid
from infra.spec.load import load_cluster, parse_cluster

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
BREAKAGES: dict[str, tuple[str, Any]] = {
    "unknown field": ("colour", "red"),
    "unknown cloud": ("cloud", "cirrus"),
    "region of no cloud": ("region", "atlantis-1"),
    "unknown environment": ("environment", "production"),
    "version as number": ("kubernetes", {"version": 1.34}),
    "old version": ("kubernetes", {"version": "1.2"}),
    "zone of no region": ("network", {"zones": ["atlantis-1a"]}),
    "range without length": ("network", {"cidr": "10.0.0.0"}),
    "pool without name": ("nodePools", [{}]),
    "no pools": ("nodePools", []),
    "unknown option": ("cloudOptions", {"nonsense": 1}),
}


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((ROOT / "schemas" / "cluster.v1alpha1.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_loads_and_agrees_with_the_schema(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    cluster = load_cluster(path)
    validator.validate(yaml.safe_load(path.read_text()))
    validator.validate(cluster.dump())
    assert f"{cluster.spec.cloud}-{cluster.spec.environment}" == path.stem
    assert parse_cluster(yaml.safe_dump(cluster.dump())) == cluster


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_tells_editors_its_schema_and_readers_what_it_is(path: Path) -> None:
    first, second = path.read_text().splitlines()[:2]
    assert first == "# yaml-language-server: $schema=../schemas/cluster.v1alpha1.json"
    assert second.startswith("# ")


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path.stem.endswith("-dev")], ids=lambda path: path.stem)
def test_a_dev_cluster_is_little_to_write(path: Path) -> None:
    assert len([line for line in path.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]) <= 16


@pytest.mark.parametrize(("field", "value"), BREAKAGES.values(), ids=BREAKAGES.keys())
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_broken_one_is_refused_by_the_schema(
    path: Path, field: str, value: Any, validator: jsonschema.Draft202012Validator
) -> None:
    data = yaml.safe_load(path.read_text())
    data["spec"][field] = value
    assert not validator.is_valid(data)


def test_the_refusal_in_the_documentation_is_a_real_one() -> None:
    text = (ROOT / "docs" / "spec.md").read_text()
    spec, _, answer = text.split("A file like this\n\n```yaml\n", 1)[1].partition("```\n\nis answered with\n\n```\n")
    with pytest.raises(SpecInvalid) as caught:
        parse_cluster(spec, "shop.yaml")
    assert caught.value.message == answer.partition("\n```")[0]


def test_the_spec_in_the_documentation_is_a_valid_one() -> None:
    text = (ROOT / "docs" / "spec.md").read_text()
    assert parse_cluster(text.split("```yaml\n", 1)[1].partition("```")[0]).name == "sandbox"
