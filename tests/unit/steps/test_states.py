"""States as they lie in the store: under which key, whole or not, with which outputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.locations import StateLocation
from infra.objects_folder import FolderStore
from steps.common import states

STATE = {"lineage": "one", "serial": 3, "outputs": {"ca_certificate": {"value": "PEM", "sensitive": True}}}


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("file:///var/lib/hera", "clusters/shop/cluster.tfstate"),
        ("s3://states/hera?region=eu-west-1", "clusters/shop/cluster.tfstate"),
        ("gs://states/hera", "clusters/shop/cluster.tfstate/default.tfstate"),
    ],
    ids=["folder", "s3", "gs"],
)
def test_the_key_is_where_terraform_puts_it(url: str, key: str) -> None:
    assert states.state_object(StateLocation.parse(url), "shop", "cluster") == key


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"serial": 1}'], ids=["empty", "cut short", "no object", "no state"])
def test_what_is_no_whole_state_is_none(data: bytes) -> None:
    assert states.parse(data) == {}


def test_sensitive_outputs_are_read_from_the_state(tmp_path: Path) -> None:
    store, location = FolderStore(tmp_path), StateLocation.parse(tmp_path.as_uri())
    assert states.outputs(states.read(store, location, "shop", "cluster")) == {}
    store.put(states.state_object(location, "shop", "cluster"), json.dumps(STATE).encode())
    assert states.outputs(states.read(store, location, "shop", "cluster")) == {"ca_certificate": "PEM"}
