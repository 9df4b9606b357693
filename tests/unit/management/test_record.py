from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import StateCorrupt
from infra.management.record import Management


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HERA_HOME", str(tmp_path))
    return tmp_path


def test_nothing_is_remembered_at_first() -> None:
    assert Management.load() is None


def test_what_is_saved_is_loaded_and_nobody_else_reads_it(home: Path) -> None:
    cluster = Management("/k", "admin", simulation=True, state="s3://s")
    path = cluster.save()
    assert Management.load() == cluster
    assert path.stat().st_mode & 0o777 == 0o600


def test_forgetting_leaves_another_cluster_alone() -> None:
    old, new = Management("/a", "a"), Management("/b", "b")
    old.save()
    new.save()
    old.forget()
    assert Management.load() == new
    new.forget()
    assert Management.load() is None


@pytest.mark.parametrize("text", ["{", "[]", '{"context": "x"}'], ids=["no-json", "no-object", "no-kubeconfig"])
def test_a_broken_file_is_said(home: Path, text: str) -> None:
    (home / "management.json").write_text(text)
    with pytest.raises(StateCorrupt):
        Management.load()
