"""What a step is given: a spec from a ConfigMap, and an environment for terraform that leaves a real store its credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import NotFound
from steps.common.context import Context
from tests.support.cli import EXAMPLES

SPEC = (EXAMPLES / "aws-dev.yaml").read_text()


def test_a_spec_comes_from_a_configmap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HERA_SPEC_TEXT", SPEC)
    assert Context({"spec-from": "shop"}, tmp_path).cluster.name == "sandbox"


def test_a_configmap_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HERA_SPEC_TEXT", raising=False)
    with pytest.raises(NotFound, match="no ConfigMap 'shop' with the key spec.yaml"):
        _ = Context({"spec-from": "shop"}, tmp_path).cluster


@pytest.mark.parametrize(
    ("state", "given", "left"),
    [
        pytest.param("file:///x", {"AWS_ACCESS_KEY_ID": "real"}, {"AWS_ACCESS_KEY_ID", "ARM_SUBSCRIPTION_ID"}, id="folder"),
        pytest.param("s3://b", {"AWS_ACCESS_KEY_ID": "real"}, {"ARM_SUBSCRIPTION_ID"}, id="store"),
        pytest.param("azurerm://a/c", {"ARM_SUBSCRIPTION_ID": "real"}, set(), id="store-in-a-subscription"),
    ],
)
def test_dummies_do_not_stand_in_for_a_real_store_s_credentials(
    state: str, given: dict[str, str], left: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "ARM_SUBSCRIPTION_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HERA_SIMULATOR_HOME", str(tmp_path))
    environment = Context({"simulate": "true", "state": state}, tmp_path).terraform_environment()
    assert environment.keys() & {"AWS_ACCESS_KEY_ID", "ARM_SUBSCRIPTION_ID"} == left
    assert "TF_CLI_CONFIG_FILE" in environment
