"""What a valid spec becomes: defaults of environment and cloud, overridden field by field, and the same again after a dump."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra import providers
from infra.errors import SpecInvalid
from infra.spec.defaults import ENVIRONMENTS, NODE_POOLS, overlay
from infra.spec.load import parse_cluster
from infra.spec.model import Cluster, Network, NodePool
from infra.spec.notes import notes

ROOT = Path(__file__).parents[3]


def spec(text: str = "", environment: str = "dev", region: str = "north") -> Cluster:
    """Load a minimal spec with more lines under `spec:`."""
    lines = "\n".join(f"  {line}" for line in text.strip("\n").splitlines())
    return parse_cluster(
        "apiVersion: hera.dev/v1alpha1\nkind: Cluster\nmetadata: {name: demo}\n"
        f"spec:\n  cloud: nimbus\n  region: {region}\n  environment: {environment}\n{lines}\n"
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_minimal_spec_is_its_environment(environment: str) -> None:
    data = spec(environment=environment).dump()["spec"]
    assert overlay(data, ENVIRONMENTS[environment]) == data
    (pool,) = data["nodePools"]
    assert pool | NODE_POOLS[environment] == pool
    assert pool["name"] == "general"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("dev", ("single", True, "aggressive", False, 30, 1, "wisp")),
        ("staging", ("single", False, "conservative", False, 90, 2, "anvil")),
        ("prod", ("zone", False, "conservative", True, 365, 3, "anvil")),
    ],
)
def test_what_sets_environments_apart(environment: str, expected: tuple[Any, ...]) -> None:
    whole = spec(environment=environment).spec
    (pool,) = whole.node_pools
    kubernetes, network = whole.kubernetes, whole.network
    assert expected == (
        network.nat,
        pool.spot,
        kubernetes.autoscaler_profile,
        kubernetes.deletion_protection,
        network.flow_logs.retention_days,
        pool.min,
        pool.machine_type,
    )
    assert kubernetes.control_plane_logs.retention_days == network.flow_logs.retention_days


def test_the_models_own_defaults_are_those_of_prod() -> None:
    """Whoever builds a model by hand gets the cautious values."""
    network = Network(zones=["a"]).model_dump(by_alias=True)
    pool = NodePool(name="a", machineType="m", zones=["a"]).model_dump(by_alias=True)  # type: ignore[call-arg]
    assert overlay(network, ENVIRONMENTS["prod"]["network"]) == network
    assert pool | NODE_POOLS["prod"] == pool


@pytest.mark.parametrize(
    ("region", "zones"), [("north", ["north-1", "north-2", "north-3"]), ("south", ["south-1", "south-2"])], ids=["many", "few"]
)
def test_zones_are_the_regions_first_three(region: str, zones: list[str]) -> None:
    whole = spec(region=region).spec
    assert whole.network.zones == whole.node_pools[0].zones == zones


def test_the_version_is_the_clouds_newest() -> None:
    assert spec().spec.kubernetes.version == "1.34"


def test_what_is_written_wins_field_by_field() -> None:
    whole = spec(
        """
network:
  zones: [north-2, north-4]
  flowLogs: {enabled: false}
kubernetes:
  deletionProtection: true
nodePools:
  - name: a
  - {name: b, spot: false, max: 7, zones: [north-4]}
""",
    ).spec
    assert whole.network.nat == "single"
    assert (whole.network.flow_logs.enabled, whole.network.flow_logs.retention_days) == (False, 30)
    assert whole.kubernetes.deletion_protection
    assert [(p.name, p.spot, p.min, p.max, p.zones) for p in whole.node_pools] == [
        ("a", True, 1, 3, ["north-2", "north-4"]),
        ("b", False, 1, 7, ["north-4"]),
    ]


def test_options_of_the_cloud_are_filled_in() -> None:
    assert spec().spec.cloud_options == {"altitude": 2000}


def test_anchors_and_merges_work() -> None:
    whole = spec("nodePools:\n  - &a {name: a, labels: &l {team: x}, max: 4}\n  - {<<: *a, name: b}\ntags: *l").spec
    assert [(p.name, p.max, p.labels) for p in whole.node_pools] == [("a", 4, {"team": "x"}), ("b", 4, {"team": "x"})]
    assert whole.tags == {"team": "x"}


@pytest.mark.parametrize(
    ("text", "environment", "words"),
    [
        ("", "dev", []),
        ("", "prod", []),
        ("kubernetes: {endpoint: {public: true, allowedCidrs: [0.0.0.0/0]}}", "dev", ["open to the whole internet"]),
        ("kubernetes: {endpoint: {public: true, allowedCidrs: [8.0.0.0/8]}}", "dev", ["open to 8.0.0.0/8, 16,777,216 addresses"]),
        ("kubernetes: {endpoint: {public: true, allowedCidrs: [203.0.113.0/24]}}", "dev", []),
        ("kubernetes: {secretsEncryption: false}", "dev", ["Secrets are not under a key"]),
        ("kubernetes: {controlPlaneLogs: {types: [api]}}", "dev", ["no audit log"]),
        ("network: {flowLogs: {enabled: false}}", "dev", ["not recorded"]),
        ("network: {zones: [north-1]}", "dev", ["one zone, north-1"]),
        (
            "network: {nat: single}\nkubernetes: {deletionProtection: false}\nnodePools: [{name: a, spot: true}]",
            "prod",
            ["protects a production cluster", "only way out", "every node"],
        ),
    ],
    ids=["dev", "prod", "internet", "wide", "narrow", "no key", "no audit", "no flow logs", "one zone", "weak prod"],
)
def test_looser_choices_are_noted(text: str, environment: str, words: list[str]) -> None:
    found = notes(spec(text, environment))
    assert len(found) == len(words)
    assert all(word in note for word, note in zip(words, found, strict=True))


ZONES = ["north-1", "north-2", "north-3", "north-4"]
label = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,20}[A-Za-z0-9])?", fullmatch=True)
labels = st.dictionaries(label, st.one_of(st.just(""), label), max_size=3)
texts = st.text(max_size=30).filter(lambda text: text.isprintable())


@st.composite
def pools(draw: st.DrawFn, zones: list[str]) -> list[dict[str, Any]]:
    names = draw(st.lists(st.from_regex(r"[a-z][a-z0-9]{0,11}", fullmatch=True), min_size=1, max_size=4, unique=True))
    result = []
    for index, name in enumerate(names):
        low = draw(st.integers(0, 1000))
        pool: dict[str, Any] = {"name": name, "min": low, "max": draw(st.integers(max(low, 1), 1000))}
        optional = {
            "spot": st.booleans(),
            "diskGiB": st.integers(30, 16384),
            "labels": labels,
            "machineType": st.text("abc123.-", min_size=1),
            "zones": st.lists(st.sampled_from(zones), min_size=1, unique=True),
            "taints": st.just([{"key": "a/b", "effect": "NoSchedule"}] if index else []),
        }
        pool |= {field: draw(values) for field, values in optional.items() if draw(st.booleans())}
        result.append(pool)
    return result


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    zones = draw(st.lists(st.sampled_from(ZONES), min_size=1, unique=True))
    public = draw(st.booleans())
    optional: dict[str, st.SearchStrategy[Any]] = {
        "nodePools": pools(zones),
        "tags": st.dictionaries(label, texts, max_size=3),
        "cloudOptions": st.fixed_dictionaries({}, optional={"altitude": st.integers(100, 12000)}),
        "platform": st.fixed_dictionaries({}, optional={"argocd": st.booleans()}),
    }
    spec: dict[str, Any] = {
        "cloud": "nimbus",
        "region": "north",
        "environment": draw(st.sampled_from(list(ENVIRONMENTS))),
        "network": {"zones": zones, "nat": draw(st.sampled_from(["single", "zone"]))},
        "kubernetes": {
            "version": draw(st.sampled_from(["1.34", "1.33", "1.32"])),
            "endpoint": {"public": public, "allowedCidrs": ["203.0.113.0/24", "0.0.0.0/0"] if public else []},
            "adminGroups": draw(st.lists(texts, max_size=2)),
        },
    }
    spec |= {field: draw(values) for field, values in optional.items() if draw(st.booleans())}
    name = draw(st.from_regex(r"[a-z][a-z0-9]{1,39}", fullmatch=True))
    return {"apiVersion": "hera.dev/v1alpha1", "kind": "Cluster", "metadata": {"name": name}, "spec": spec}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents())
def test_a_dumped_cluster_loads_as_itself(data: dict[str, Any]) -> None:
    cluster = parse_cluster(yaml.safe_dump(data, allow_unicode=True))
    again = parse_cluster(yaml.safe_dump(cluster.dump(), sort_keys=False))
    assert again == cluster
    assert again.dump() == cluster.dump()
    assert Cluster.model_validate(cluster.dump()) == cluster


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.dates(), st.binary(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.one_of(st.text(max_size=5), st.integers()), inner, max_size=2)
    ),
    max_leaves=4,
)


def _places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place for key, value in items for place in ((*path, key), *_places(value, (*path, key)))]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents(), st.data())
def test_whatever_is_written_is_a_cluster_or_refused_with_lines(document: dict[str, Any], data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        *steps, last = data.draw(st.sampled_from(_places(document)))
        holder: Any = document
        for step in steps:
            holder = holder[step]
        holder[last] = data.draw(anything)
    try:
        parse_cluster(yaml.safe_dump(document), "x.yaml")
    except SpecInvalid as error:
        assert error.problems
        for problem in error.problems:
            assert problem.line > 0
            assert problem.path
            assert problem.found
            assert problem.accepted


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.sampled_from("apiVersonkd:{}[]&*!<->|#'\"\n\t 01,?%@`\x00\ud800é"), max_size=60))
def test_whatever_the_text_it_is_refused_by_name(text: str) -> None:
    with pytest.raises(SpecInvalid):
        parse_cluster(text)


def test_the_loader_imports_no_more_than_pydantic_and_yaml() -> None:
    code = "import sys, infra.spec.load; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    allowed = {
        "pydantic",
        "pydantic_core",
        "yaml",
        "_yaml",
        "cython_runtime",
        "annotated_types",
        "typing_extensions",
        "typing_inspection",
        "infra",
    }
    others = {name for name in loaded if name not in sys.stdlib_module_names and not name.startswith(("_", "sitecustomize"))}
    assert others <= allowed


def test_providers_are_found_and_named(tmp_path: Path) -> None:
    assert {"nimbus"} <= set(providers.names())
