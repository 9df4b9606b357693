"""What a part's build depends on, and that a build is whole, done once, and honest when it fails."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from infra.errors import NotFound, StepFailed
from infra.host import parts, recipes
from infra.host.parts import PARTS, Part, digest, ensure
from infra.host.recipes import Job

BUILT: list[str] = []


def fake(job: Job) -> None:
    BUILT.append(job.source.name)
    (job.out / job.source.name).write_text("program")


def fake_failing(job: Job) -> None:
    (job.out / "half").write_text("half")
    job.run(["sh", "-c", "echo first; echo why it failed; exit 3"], job.source)


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two small parts with recipes of their own, in a cache of their own."""
    for name in ("one", "two"):
        (tmp_path / "parts" / name).mkdir(parents=True)
        (tmp_path / "parts" / name / "go.mod").write_text(f"module {name}\n")
    monkeypatch.setenv("HERA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(parts, "SOURCES", tmp_path / "parts")
    table = {
        "one": Part({}, recipe="fake"),
        "two": Part({}, recipe="fake", needs=("one",)),
        "broken": Part({}, recipe="fake_failing", source="one"),
    }
    monkeypatch.setattr(parts, "PARTS", table)
    monkeypatch.setattr(recipes, "fake", fake, raising=False)
    monkeypatch.setattr(recipes, "fake_failing", fake_failing, raising=False)
    BUILT.clear()
    return tmp_path / "parts"


@pytest.mark.parametrize("name", [name for name in PARTS if hasattr(recipes, PARTS[name].recipe)])
def test_every_part_is_pinned(name: str) -> None:
    source = parts.SOURCES / (PARTS[name].source or name)
    assert len(digest(name)) == 16
    if PARTS[name].packages and name != "pause":
        assert (source / "go.sum").stat().st_size > 0


@pytest.mark.parametrize(
    ("changed", "one", "two"), [("one", True, True), ("two", False, True)], ids=["what is needed", "only itself"]
)
def test_the_digest_follows_sources_and_needs(sources: Path, changed: str, one: bool, two: bool) -> None:
    before = digest("one"), digest("two")
    (sources / changed / "go.sum").write_text("a sum\n")
    assert (digest("one") != before[0], digest("two") != before[1]) == (one, two)


def test_a_part_is_built_once_also_by_two_at_once(sources: Path) -> None:
    threads = [threading.Thread(target=ensure, args=("two",), kwargs={"progress": lambda _: None}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(BUILT) == ["one", "two"]


def test_several_parts_are_one_folder_of_programs(sources: Path) -> None:
    together = ensure("one", "two", progress=lambda _: None)
    assert {path.name: path.read_text() for path in together.iterdir()} == {"one": "program", "two": "program"}
    assert ensure("one", "two", progress=lambda _: None) == together


def test_a_failed_build_says_why_and_leaves_no_half_part(sources: Path, tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="why it failed"):
        ensure("broken", progress=lambda _: None)
    assert [path.name for path in (tmp_path / "cache" / "parts" / "broken").iterdir()] == ["lock"]


def test_an_unknown_part_is_refused_by_name() -> None:
    with pytest.raises(NotFound, match="no part 'nothing'"):
        ensure("nothing", progress=lambda _: None)
