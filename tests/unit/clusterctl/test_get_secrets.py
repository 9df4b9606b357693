"""What `clusterctl get secrets` refuses, before any cloud is asked; tests/contract/test_secret_stores.py asks clouds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.clusterctl.conftest import Shell

KEYS = {"secretRef": {"secretAccessKeySecretRef": {"name": "a", "key": "b"}}}


def store(provider: Any, kind: str = "SecretStore") -> str:
    return yaml.safe_dump({"kind": kind, "metadata": {"name": "s"}, "spec": {"provider": provider}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "is not YAML"),
        (store({}, kind="ExternalSecret"), "holds no SecretStore"),
        ("kind: SecretStore\n", "names one provider"),
        (store({"aws": {"region": "eu-west-1"}, "gcpsm": {"projectID": "some-project"}}), "names one provider"),
        (store({"vault": {}}), "no secret store 'vault'"),
        (store({"gcpsm": {"projectID": "some-project", "odd": 1}}), "provider.gcpsm: odd"),
        (store({"gcpsm": None}), "provider.gcpsm"),
        (store({"gcpsm": {"projectID": "some-project", "auth": KEYS}}), "credentials from Secrets of a cluster"),
    ],
    ids=["no yaml", "no store", "no provider", "two", "unknown", "odd field", "empty", "static keys"],
)
def test_a_file_that_names_no_store_is_refused(shell: Shell, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "store.yaml").write_text(text)
    assert shell("get", "secrets", "-f", str(tmp_path / "store.yaml")) in range(64, 80)
    assert said in shell.err and shell.out == ""


def test_a_file_that_is_not_there_and_a_pattern_that_is_none_are_refused(shell: Shell, tmp_path: Path) -> None:
    assert shell("get", "secrets", "-f", str(tmp_path / "absent.yaml")) == 66
    (tmp_path / "store.yaml").write_text(store({"gcpsm": {"projectID": "some-project"}}))
    assert shell("get", "secrets", "-f", str(tmp_path / "store.yaml"), "--match", "(") == 64
    assert "no regular expression" in shell.err
