"""What enters an image, what its digest depends on, and who builds it; nothing is built here."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import tools.images
from infra.errors import DependencyMissing, NotFound, StepFailed, UsageError
from infra.host import images, parts
from infra.host.images import builders, sources
from infra.host.images.builders import LOCAL, REGISTRY_BASE, Base
from infra.host.images.kept import kept
from infra.host.images.sources import Source

ROOT = Path(__file__).parents[3]
BASE = Base(LOCAL, "none")
PROGRAM = Source("argoexec", "one", Path())


def test_the_digest_is_of_the_inputs() -> None:
    assert images.digest("argoexec", BASE, [PROGRAM]) == images.digest("argoexec", BASE, [Source("argoexec", "one", Path("x"))])


@pytest.mark.parametrize(
    ("base", "entering"),
    [
        pytest.param(BASE, [Source("argoexec", "two", Path())], id="content"),
        pytest.param(BASE, [Source("other", "one", Path())], id="name"),
        pytest.param(BASE, [PROGRAM, Source("more", "one", Path())], id="one more"),
        pytest.param(Base(REGISTRY_BASE, "none"), [PROGRAM], id="base"),
        pytest.param(Base(LOCAL, "registry"), [PROGRAM], id="providers"),
    ],
)
def test_the_digest_changes_with(base: Base, entering: list[Source]) -> None:
    assert images.digest("argoexec", base, entering) != images.digest("argoexec", BASE, [PROGRAM])


def test_each_image_has_a_digest_of_its_own() -> None:
    assert len({images.digest(name, BASE, [PROGRAM]) for name in images.TABLE}) == len(images.TABLE)


def test_our_code_enters_and_nothing_else() -> None:
    entering = {source.target for source in sources.ours()}
    assert {"app/steps/lifecycle/__main__.py", "app/infra/simulator/__main__.py", "pins/network/aws/versions.tf"} <= entering
    tops = {"/".join(target.split("/")[:2]) for target in entering if target.startswith("app/")}
    assert tops == {"app/steps", "app/infra"}
    unwanted = re.compile(r"app/infra/(host|management)/|/tests?/|__pycache__|\.pyc$|/\.")
    assert not [target for target in entering if unwanted.search(target)]


def test_an_operator_s_image_has_its_code_the_kit_and_the_clouds() -> None:
    entering = {source.target for source in sources.operators_own("operators/secrets-operator/secrets_operator")}
    assert {"app/secrets_operator/__main__.py", "app/operator_kit/lease.py", "app/infra/providers/aws/secrets.py"} <= entering
    unwanted = re.compile(r"app/infra/(host|management|simulator|terraform)/|/tests?/|__pycache__|\.pyc$|/\.")
    assert not [target for target in entering if unwanted.search(target)]


def test_the_context_holds_what_enters_with_plain_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERA_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "images").mkdir(parents=True)
    (tmp_path / "packages" / "deep").mkdir(parents=True)
    (tmp_path / "packages" / "deep" / "module.py").write_text("x = 1\n")
    entering = [Source("packages", "", tmp_path / "packages"), Source("app/errors.py", "", ROOT / "infra" / "errors.py")]
    with sources.context(ROOT / "images" / "steps", entering) as context:
        found = {str(path.relative_to(context)) for path in context.rglob("*") if path.is_file()}
        assert found == {"Containerfile", "packages/deep/module.py", "app/errors.py"}
        assert (context / "app" / "errors.py").stat().st_mode & 0o777 == 0o644
    assert not context.exists()


@pytest.mark.parametrize("name", images.TABLE)
def test_each_image_is_of_nobody_in_particular_and_nothing_is_latest(name: str) -> None:
    recipe = (ROOT / "images" / name / "Containerfile").read_text()
    assert re.findall(r"^USER (.*)$", recipe, re.MULTILINE)[-1] == "65532:65532"
    assert ":latest" not in recipe
    assert images.labels(name)["org.opencontainers.image.version"] == images.version()


def _names(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", (ROOT / "requirements" / lock).read_text(), re.MULTILINE))


LOCKS = {
    "steps.lock": ("aws", "azure", "gcp", "kubernetes", "simulator"),
    "operators.lock": ("aws", "azure", "gcp", "kubernetes", "operators", "secrets"),
}


@pytest.mark.parametrize("lock", LOCKS)
def test_an_image_s_packages_are_those_that_are_tested(lock: str) -> None:
    found, tested = _names(lock), _names("dev.lock")
    assert {name: tested.get(name) for name in found} == found


@pytest.mark.parametrize(("lock", "extras"), LOCKS.items(), ids=LOCKS)
def test_an_image_s_packages_are_what_it_needs(lock: str, extras: tuple[str, ...]) -> None:
    found = set(_names(lock))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(item for extra in extras for item in project["optional-dependencies"][extra])]
    assert {re.split(r"[<>=]", item)[0].lower() for item in wanted} <= found
    assert not {"hera-workflows", "pytest", "moto", "mypy", "ruff", "hypothesis", "playwright"} & found


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """A PATH with nothing on it but what the test puts there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("HERA_IMAGE_BUILDER", raising=False)
    monkeypatch.delenv("HERA_IMAGE_BASE", raising=False)
    monkeypatch.delenv("HERA_IMAGE_PROVIDERS", raising=False)

    def put(name: str, script: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    return put


ENGINE, NO_ENGINE = "echo 28.2", "echo cannot connect >&2; exit 1"


@pytest.mark.parametrize(
    ("there", "asked", "chosen"),
    [
        pytest.param({"docker": ENGINE, "buildah": ""}, "", "docker", id="an engine answers"),
        pytest.param({"docker": NO_ENGINE, "buildah": ""}, "", "buildah", id="no engine answers"),
        pytest.param({"buildah": ""}, "", "buildah", id="no Docker"),
        pytest.param({"docker": ENGINE, "buildah": ""}, "buildah", "buildah", id="asked for"),
    ],
)
def test_the_builder(
    path: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch, there: dict[str, str], asked: str, chosen: str
) -> None:
    for name, script in there.items():
        path(name, script)
    if asked:
        monkeypatch.setenv("HERA_IMAGE_BUILDER", asked)
    assert builders.choose(print).name == chosen


def test_without_a_builder_it_says_what_to_install(path: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERA_HOST_INSTALL", "false")
    path("docker", NO_ENGINE)
    path("apt-get", "echo never called >&2; exit 1")
    with pytest.raises(DependencyMissing) as caught:
        builders.choose(print)
    assert "buildah" in caught.value.next_step


def test_an_unknown_builder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERA_IMAGE_BUILDER", "kaniko")
    with pytest.raises(UsageError):
        builders.choose(print)


@pytest.mark.parametrize(
    ("builder", "wanted", "variable", "expected"),
    [
        pytest.param(builders.Docker(), "", "", Base(REGISTRY_BASE, "registry"), id="Docker pulls"),
        pytest.param(builders.Buildah(), "", "", Base(LOCAL, "none"), id="buildah makes its own"),
        pytest.param(builders.Buildah(), "", "registry", Base(REGISTRY_BASE, "registry"), id="buildah pulls when asked"),
        pytest.param(
            builders.Docker(), "", "own.example/debian:12", Base("own.example/debian:12", "registry"), id="own registry"
        ),
        pytest.param(builders.Docker(), "local", "registry", Base(LOCAL, "none"), id="the caller wins"),
    ],
)
def test_the_base(
    path: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
    builder: builders.Builder,
    wanted: str,
    variable: str,
    expected: Base,
) -> None:
    if variable:
        monkeypatch.setenv("HERA_IMAGE_BASE", variable)
    assert builders.base(builder, wanted) == expected


def test_a_failed_build_shows_its_last_lines(tmp_path: Path, path: Callable[[str, str], None]) -> None:
    path("docker", "echo the line that says why; exit 3")
    recipe = tmp_path / "Containerfile"
    recipe.write_text("ARG BASE\nFROM ${BASE}\n")
    with pytest.raises(StepFailed, match="the line that says why"):
        builders.Docker().build(recipe, tmp_path, "localhost/hera/x:dev", {}, {"BASE": "b"}, tmp_path / "x.tar")


def test_an_unknown_image_is_refused_by_name(path: Callable[[str, str], None]) -> None:
    path("buildah", "")
    with pytest.raises(NotFound, match="nonsense"):
        images.ensure_images(["nonsense"], print)


def test_kept_is_made_once(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(aside: Path) -> None:
        made.append(aside)
        aside.write_text("whole")

    for _ in range(2):
        assert kept(tmp_path / "a" / "one.tar", make, "one", print).read_text() == "whole"
    assert len(made) == 1


def test_a_failure_leaves_nothing_and_the_next_one_makes_it(tmp_path: Path) -> None:
    def fail(aside: Path) -> None:
        aside.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        kept(tmp_path / "one.tar", fail, "one", print)
    assert [item.name for item in tmp_path.iterdir()] == ["lock"]
    assert kept(tmp_path / "one.tar", lambda aside: aside.touch(), "one", print).exists()


def test_old_ones_go_with_their_bills(tmp_path: Path) -> None:
    for number in range(4):
        target = tmp_path / f"{number}.tar"
        kept(target, lambda aside: aside.touch(), "one", print, keep=2)
        target.with_suffix(".cdx.json").touch()
    left = sorted(item.name for item in tmp_path.iterdir() if item.name != "lock")
    assert left == ["2.cdx.json", "2.tar", "3.cdx.json", "3.tar"]


def test_what_is_in_use_is_not_old(tmp_path: Path) -> None:
    for number, name in enumerate(("first", "second")):
        kept(tmp_path / f"{name}.tar", lambda aside: aside.touch(), name, print)
        os.utime(tmp_path / f"{name}.tar", (number, number))
    kept(tmp_path / "first.tar", lambda aside: aside.touch(), "first", print)
    kept(tmp_path / "third.tar", lambda aside: aside.touch(), "third", print, keep=2)
    assert {item.stem for item in tmp_path.iterdir()} == {"first", "third", "lock"}


def test_the_web_interface_is_of_the_same_argo() -> None:
    folder = ROOT / "infra" / "host" / "parts" / "argo-ui"
    ours, locked = (json.loads((folder / name).read_text()) for name in ("package.json", "package-lock.json"))
    assert ours["version"] == parts.ARGO
    assert locked["packages"][""]["dependencies"] == ours["dependencies"]
    assert all("integrity" in package for name, package in locked["packages"].items() if name)


def test_without_a_scanner_it_says_so(
    path: Callable[[str, str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tools.images.scan([tmp_path / "x.tar"]) == 69
    assert "grype nor trivy" in capsys.readouterr().err


def test_a_scanner_s_verdict_is_ours(path: Callable[[str, str], None], tmp_path: Path) -> None:
    path("trivy", f"echo $@ >{tmp_path}/asked; exit 7")
    assert tools.images.scan([tmp_path / "x.tar"]) == 7
    assert (tmp_path / "asked").read_text().split() == ["image", "--input", str(tmp_path / "x.tar")]
