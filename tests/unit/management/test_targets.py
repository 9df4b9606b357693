from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from infra.errors import NotFound, UsageError
from infra.management.settings import IMAGES, Settings
from infra.management.targets import Reached, look, reach

CONFIG = {"apiVersion": "v1", "kind": "Config", "current-context": "a", "contexts": [{"name": "a"}, {"name": "b"}]}


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(CONFIG))
    monkeypatch.setenv("HERA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/absent:{path}")
    return path


@pytest.mark.parametrize(("asked", "found"), [("", "a"), ("b", "b")], ids=["current", "named"])
def test_a_context_is_found_in_the_listed_files(kubeconfig: Path, asked: str, found: str) -> None:
    reached = look("context", "", asked)
    assert (reached.kubeconfig, reached.context) == (kubeconfig, found)


def test_a_context_that_is_not_there_is_said(kubeconfig: Path) -> None:
    with pytest.raises(UsageError, match="no context 'c'"):
        look("context", "", "c")
    kubeconfig.unlink()
    with pytest.raises(UsageError, match="no kubeconfig"):
        look("context", "", "")


def test_a_context_goes_with_no_other_target(kubeconfig: Path) -> None:
    with pytest.raises(UsageError, match="--context"):
        reach("host", "x", "a", Settings(simulation=True), print)


def test_a_host_cluster_that_is_not_there_is_not_made_by_looking(kubeconfig: Path) -> None:
    with pytest.raises(NotFound, match="no host cluster"):
        look("host", "never-made", "")


def test_what_was_asked_for_goes_before_what_was_built_and_that_before_the_public_image() -> None:
    reached = Reached(Path("k"), "c", images={"steps": "built", "argoexec": "built"}, pull="Never", private=True)
    settings = reached.settle(Settings(simulation=True, images={"steps": "asked"}))
    found = [settings.image(name) for name in ("steps", "argoexec", "minio")]
    assert found == ["asked", "built", IMAGES["minio"]]
    assert settings.open_ui and settings.pull == "Never"
    assert settings.images == {"steps": "asked"}, "what was built is no choice that a repeat keeps"


def test_the_ui_needs_a_token_where_others_reach_it_or_something_is_real() -> None:
    assert not Reached(Path("k"), "c").settle(Settings(simulation=True)).open_ui
    assert not Reached(Path("k"), "c", private=True).settle(Settings(state="s3://s")).open_ui
