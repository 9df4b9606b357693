"""How an object that a dead run made is named for import."""

from __future__ import annotations

import pytest

from infra.providers.base import CloudObject
from steps.common.recovery import _continues, _is_pod_of, _lock_info, foreign_addresses, import_id

TABLE = {"named": "{name}", "tagged": "{owned}", "pair": "{left}/{right}", "path": "projects/{project}/things/{name}"}
OWNED = [
    CloudObject("tagged", "id-1", "one"),
    CloudObject("tagged", "id-2", "two"),
    CloudObject("tagged", "id-3", "twin"),
    CloudObject("tagged", "id-4", "twin"),
    CloudObject("other", "id-5", "one"),
]


@pytest.mark.parametrize(
    ("kind", "planned", "expected"),
    [
        pytest.param("named", {"name": "a"}, "a", id="by-name"),
        pytest.param("named", {"name": None}, None, id="name-unknown"),
        pytest.param("tagged", {"tags": {"Name": "two"}}, "id-2", id="by-name-tag"),
        pytest.param("tagged", {"name": "one", "tags": None}, "id-1", id="owned-by-name"),
        pytest.param("tagged", {"tags": {"Name": "twin"}}, None, id="ambiguous-is-no-guess"),
        pytest.param("tagged", {"tags": {"Name": "absent"}}, None, id="absent"),
        pytest.param("pair", {"left": "l", "right": "r"}, "l/r", id="two-parts"),
        pytest.param("pair", {"left": "l"}, None, id="part-missing"),
        pytest.param("path", {"project": "p", "name": "n"}, "projects/p/things/n", id="path"),
        pytest.param("unlisted", {"name": "a"}, None, id="type-not-in-table"),
    ],
)
def test_import_id(kind: str, planned: dict[str, object], expected: str | None) -> None:
    assert import_id(TABLE, kind, planned, OWNED) == expected


@pytest.mark.parametrize(
    ("approved", "action", "expected"),
    [
        pytest.param(("create",), ("create",), True, id="still-to-create"),
        pytest.param(("create",), ("delete", "create"), True, id="half-made-is-replaced"),
        pytest.param(("delete", "create"), ("create",), True, id="replacement-half-done"),
        pytest.param(("create",), ("delete",), False, id="destroying-was-not-approved"),
        pytest.param(None, ("create",), False, id="new-was-not-approved"),
        pytest.param(("update",), ("delete", "create"), False, id="replacing-was-not-approved"),
        pytest.param(("create",), ("update",), True, id="made-and-to-be-completed"),
        pytest.param(("update",), ("update",), True, id="still-to-update"),
        pytest.param(None, ("update",), False, id="changing-was-not-approved"),
        pytest.param(("delete",), ("update",), False, id="changing-what-was-to-go"),
    ],
)
def test_what_finishes_an_approved_action(approved: tuple[str, ...] | None, action: tuple[str, ...], expected: bool) -> None:
    assert _continues(approved, action) is expected


def test_reads_terraforms_lock_info() -> None:
    text = """Error acquiring the state lock
│ Lock Info:
│   ID:        c1d2
│   Path:      bucket/clusters/shop/network.tfstate
│   Operation: OperationTypeApply
│   Who:       ann@laptop
│   Version:   1.11.4
│   Created:   2026-11-24 10:00:00.1 +0000 UTC
"""
    info = _lock_info(text)
    assert (info["ID"], info["Who"], info["Created"][:10]) == ("c1d2", "ann@laptop", "2026-11-24")


@pytest.mark.parametrize(
    ("before", "after", "foreign"),
    [
        pytest.param({"tags": {"hera-cluster": "shop"}}, {"tags": {"hera-cluster": "shop"}}, False, id="ours"),
        pytest.param({"labels": {"hera-cluster": "shop"}}, {}, False, id="ours-by-label"),
        pytest.param({"tags": {"hera-cluster": "bank"}}, {"tags": {"hera-cluster": "shop"}}, True, id="another-owner"),
        pytest.param({"tags": {}}, {"tags_all": {"hera-cluster": "shop"}}, True, id="nobody-s-though-ours-are-tagged"),
        pytest.param({"tags": {"hera-cluster": "bank"}}, {}, True, id="another-owner-untagged-by-us"),
        pytest.param({"id": "a/b"}, {"id": "a/b"}, False, id="what-can-t-be-tagged"),
    ],
)
def test_what_another_owns_is_not_adopted(before: dict[str, object], after: dict[str, object], foreign: bool) -> None:
    change = {"importing": {"id": "x"}, "before": before, "after": after}
    shown = {"resource_changes": [{"address": "a", "change": change}, {"address": "b", "change": {**change, "importing": None}}]}
    assert foreign_addresses(shown, "shop") == ({"a"} if foreign else set())


@pytest.mark.parametrize(
    ("host", "run", "expected"),
    [
        ("create-cluster-x7-apply-network-123", "create-cluster-x7", True),
        ("create-cluster-x70-apply-network-1", "create-cluster-x7", False),
        ("laptop", "", False),
    ],
)
def test_a_state_lock_s_holder_is_known_by_its_pod(host: str, run: str, expected: bool) -> None:
    assert _is_pod_of(host, run) is expected
