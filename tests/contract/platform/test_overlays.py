"""Overlays are small patches: rendering is stable, and they differ from each other where they say and nowhere else."""

from __future__ import annotations

import pytest
import yaml

from infra.kube.manifests.compare import changes, paths
from tests.support import overlays
from tests.support.overlays import COMPONENTS, ENVIRONMENTS, K8S, Object

LABEL = "hera.dev/environment"


def by_reference(environment: str) -> dict[tuple[str, str, str], Object]:
    return {overlays.reference(obj): obj for obj in overlays.built(environment)}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_rendering_twice_gives_the_same_bytes(environment: str) -> None:
    folder = K8S / "overlays" / environment
    assert overlays.text(folder) == overlays.text(folder)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_is_there_twice_or_without_a_place(environment: str) -> None:
    references = [overlays.reference(obj) for obj in overlays.built(environment)]
    assert len(references) == len(set(references))
    namespaces = {name for kind, _, name in references if kind == "Namespace"} | {"", "kube-system"}
    assert {namespace for _, namespace, _ in references} <= namespaces


@pytest.mark.parametrize(
    ("environment", "different"),
    [
        ("dev", {f"ResourceQuota {name}" for name in ("apps", "data", "monitoring")} | {"ValidatingAdmissionPolicy hera-images"}),
        ("staging", {"ResourceQuota apps", "ResourceQuota data", "ResourceQuota monitoring"}),
    ],
)
def test_differs_from_prod_only_where_it_says(environment: str, different: set[str]) -> None:
    own, prod = by_reference(environment), by_reference("prod")
    assert own.keys() == prod.keys()
    found = {
        f"{kind} {namespace or name}"
        for kind, namespace, name in own
        if [path for path in paths(changes(own[kind, namespace, name], prod[kind, namespace, name])) if LABEL not in path]
    }
    assert found == different


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_everything_is_labelled(environment: str) -> None:
    wanted = {"app.kubernetes.io/part-of": "hera", LABEL: environment}
    assert [obj for obj in overlays.built(environment) if not wanted.items() <= obj["metadata"]["labels"].items()] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_exception_says_why(environment: str) -> None:
    kinds = ("Namespace", "NetworkPolicy", "ServiceAccount", "ValidatingAdmissionPolicy")
    silent = [
        overlays.reference(obj)
        for obj in overlays.built(environment)
        if obj["kind"] in kinds and not obj["metadata"].get("annotations", {}).get("hera.dev/reason")
    ]
    assert silent == []


def test_every_component_is_known_and_builds() -> None:
    assert tuple(sorted(path.name for path in (K8S / "components").iterdir())) == COMPONENTS
    assert len(overlays.built("prod", COMPONENTS)) == len(overlays.built("prod")) + 30


def test_overlays_are_small() -> None:
    for environment in ENVIRONMENTS:
        lines = [line for path in (K8S / "overlays" / environment).iterdir() for line in path.read_text().splitlines()]
        assert len(lines) < 60, environment


def test_the_audit_policy_tells_no_secret() -> None:
    """The first rule that matches counts, so nothing above the one for secrets may catch them with more than their names."""
    policy = yaml.safe_load((K8S / "base" / "audit" / "policy.yaml").read_text())
    for rule in policy["rules"]:
        groups = rule.get("resources", [])
        if any("secrets" in item.get("resources", ()) for item in groups):
            assert rule["level"] == "Metadata"
            return
        assert rule["level"] == "None", rule
    raise AssertionError("no rule for secrets")
