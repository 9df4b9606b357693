from __future__ import annotations

import pytest

from infra.errors import UsageError
from infra.management.settings import KEYS, SIMULATED_STATE, Settings


@pytest.mark.parametrize(
    "settings",
    [{"profile": "big"}, {"images": {"nginx": "x"}}, {"state": "file:///var/lib/hera"}, {"artifacts": "nothing"}],
    ids=["profile", "image", "folder", "no-url"],
)
def test_what_cannot_be_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Settings(**settings)  # type: ignore[arg-type]


def test_settings_come_back_from_the_cluster_and_unknown_ones_are_left_out() -> None:
    settings = Settings(profile="prod", state="s3://s", drift=("a", "b"), images={"steps": "x:1"})
    text = settings.to_json()
    assert Settings.from_json(text) == settings
    assert Settings.from_json(text.replace('"profile"', '"later": 1, "profile"')) == settings


def test_a_simulation_has_its_own_store_and_environment() -> None:
    settings = Settings(simulation=True)
    assert settings.state_url == SIMULATED_STATE
    assert settings.environment()["HERA_SIMULATOR_URL"].endswith("simulator.hera-simulation.svc:8443")
    assert settings.artifact_repository()["s3"]["accessKeySecret"]["name"] == "hera-credentials"
    assert Settings(state="s3://s").environment() == {}


@pytest.mark.parametrize(
    ("state", "artifacts", "key"),
    [
        ("s3://s/hera?region=eu-west-1", "", f"hera/artifacts/{KEYS}"),
        ("s3://s?region=eu-west-1", "", f"artifacts/{KEYS}"),
        ("gs://s", "s3://a/plans?region=eu-west-1", f"plans/{KEYS}"),
    ],
    ids=["below-prefix", "below-bucket", "of-their-own"],
)
def test_artifacts_lie_by_day_run_and_pod(state: str, artifacts: str, key: str) -> None:
    repository = Settings(state=state, artifacts=artifacts).artifact_repository()
    assert repository["s3"]["keyFormat"] == key
    assert "accessKeySecret" not in repository["s3"]


def test_prod_keeps_logs() -> None:
    assert Settings(profile="prod", state="s3://s?region=x").artifact_repository()["archiveLogs"] is True
    assert "archiveLogs" not in Settings(state="s3://s?region=x").artifact_repository()
