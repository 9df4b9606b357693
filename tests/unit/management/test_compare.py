from __future__ import annotations

from typing import Any

import pytest

from infra.kube.manifests.compare import changes, paths
from infra.management.compare import missing_parts, surplus


@pytest.mark.parametrize(
    ("live", "wanted", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ["a.b[1]"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a"]),
        ({"a": 1, "b": 2}, {"a": 1}, ["b"]),
    ],
    ids=["equal", "in-a-list", "longer-list", "gone"],
)
def test_changes_are_named_by_their_paths(live: Any, wanted: Any, expected: list[str]) -> None:
    assert list(paths(changes(live, wanted))) == expected


@pytest.mark.parametrize(
    ("wanted", "live", "paths"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b"]),
        ({"a": {}, "b": None}, {}, []),
        ({"a": [1]}, {}, ["a"]),
    ],
    ids=["server-adds", "differs", "nothing-is-nothing", "missing"],
)
def test_what_the_server_adds_is_no_difference(wanted: Any, live: Any, paths: list[str]) -> None:
    assert list(missing_parts(wanted, live)) == paths


def test_surplus_is_what_the_new_version_has_no_more_last_made_first() -> None:
    before = [("v1", "Namespace", "", "hera"), ("v1", "ConfigMap", "hera", "a"), ("apps/v1beta1", "Deployment", "argo", "c")]
    wanted = [{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "c", "namespace": "argo"}}]
    gone = surplus(before, wanted)
    assert [(item["kind"], item["metadata"]["name"]) for item in gone] == [("ConfigMap", "a"), ("Namespace", "hera")]
