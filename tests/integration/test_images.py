"""The steps image as it is built: who it runs as, what is in it and what is not, and that a step starts in it.

It is built where the cache does not hold it. Pods that run it are the business of the tests of the management cluster.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.host.images import builders, ensure_images, labels, reference

LARGEST = 150e6
SMALLER = {"pause": 3e6, "argoexec": 50e6}


class Archive:
    """An OCI archive's configuration and the names of its files; layers are read by their uncompressed copies in buildah."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        with tarfile.open(path) as tar:

            def blob(digest: str) -> dict[str, object]:
                file = tar.extractfile(f"blobs/{digest.replace(':', '/')}")
                assert file is not None
                found: dict[str, object] = json.load(file)
                return found

            index = tar.extractfile("index.json")
            assert index is not None
            (entry,) = json.load(index)["manifests"]
            self.reference = entry["annotations"]["org.opencontainers.image.ref.name"]
            manifest = blob(entry["digest"])
            self.config: dict[str, object] = blob(manifest["config"]["digest"])["config"]  # type: ignore[index, assignment]


@pytest.fixture(scope="module")
def archives() -> dict[str, Archive]:
    return {
        name: Archive(path) for name, path in ensure_images(["steps", "pause", "argoexec", "secrets-operator"], print).items()
    }


class Container:
    """A container of the steps image in buildah's own storage; runs a command in it as the image says."""

    def __init__(self, archive: Path) -> None:
        self._buildah = builders.Buildah().command()
        self.name = self._call("from", "--quiet", f"oci-archive:{archive}")
        self.folder = Path(self._call("mount", self.name))

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        whole = [*self._buildah, "run", "--isolation=chroot", self.name, "--", *command]
        return subprocess.run(whole, capture_output=True, text=True, timeout=120)

    def remove(self) -> None:
        self._call("rm", self.name)

    def _call(self, *words: str) -> str:
        return subprocess.run([*self._buildah, *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def container(archives: dict[str, Archive]) -> Iterator[Container]:
    made = Container(archives["steps"].path)
    yield made
    made.remove()


@pytest.mark.parametrize("name", ["steps", "pause", "argoexec", "secrets-operator"])
def test_the_archive(archives: dict[str, Archive], name: str) -> None:
    archive = archives[name]
    assert archive.reference == reference(name)
    assert archive.config["User"] == "65532:65532"
    assert labels(name).items() <= archive.config["Labels"].items()  # type: ignore[attr-defined]
    assert archive.size < SMALLER.get(name, LARGEST)


def test_a_step_starts_as_nobody(container: Container) -> None:
    assert container.run("id", "-u").stdout.strip() == "65532"
    done = container.run("python", "-m", "steps.lifecycle")
    assert done.returncode == 64, done.stderr
    assert "accepted: admit, drain" in done.stdout


def test_all_that_a_step_may_import_is_there_and_no_more(container: Container) -> None:
    script = """
import importlib, importlib.util, json, pkgutil, infra, steps
for package in (steps, infra):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
names = ["boto3", "kubernetes", "azure.storage.blob", "google.cloud.storage", "grpc"]
unwanted = ["hera", "pytest", "moto", "clusterctl", "workflows"]
def there(name):
    return importlib.util.find_spec(name.split(".")[0]) is not None
print(json.dumps([name for name in names + unwanted if there(name)]))
"""
    done = container.run("python", "-c", script)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["boto3", "kubernetes", "azure.storage.blob", "google.cloud.storage", "grpc"]


def test_terraform_is_there(container: Container) -> None:
    assert re.match(r"Terraform v1\.\d+", container.run("terraform", "version").stdout)


HOME_OF_ROOT = tuple(str(Path("/root", name)) for name in (".bashrc", ".profile"))


def test_nothing_of_the_build_stays(container: Container) -> None:
    unwanted = re.compile(
        r"\.(bash|python)_history$|/\.git/|/tests?/.*\.tftest\.hcl$|^/root[/].+|\.pip/|/\.cache/|/apt/lists/.*Packages"
    )
    found = [f"/{path.relative_to(container.folder)}" for path in _walk(container.folder)]
    assert not [path for path in found if unwanted.search(path) and path not in HOME_OF_ROOT]


def test_code_is_compiled_so_that_a_read_only_root_costs_nothing(container: Container) -> None:
    app = container.folder / "opt" / "hera" / "app"
    sources = {path for path in app.rglob("*.py")}
    compiled = {path.parent.parent / f"{path.name.split('.')[0]}.py" for path in app.rglob("*.pyc")}
    assert sources and sources == compiled


def test_no_file_belongs_to_the_user_or_can_be_written_by_it(container: Container) -> None:
    loose = [path for path in _walk(container.folder / "opt") if path.stat().st_uid or path.stat().st_mode & 0o022]
    assert not loose


def _walk(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent) / name for name in names if not (Path(parent) / name).is_symlink())
