"""How an object that a dead run made is named for import."""

from __future__ import annotations

import pytest

from infra.providers.base import CloudObject
from steps.common.recovery import _continues, _lock_info, import_id

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
