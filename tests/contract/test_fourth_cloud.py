"""A cloud that Hera has never heard of, from a folder outside the checkout: created, changed, and deleted to the last file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NIMBUS = ROOT / "tests" / "unit" / "spec" / "clouds" / "nimbus"
SPEC = """\
apiVersion: hera.dev/v1alpha1
kind: Cluster
metadata:
  name: demo
spec:
  cloud: nimbus
  region: north
  environment: dev
  nodePools:
    - name: general
      max: {max}
"""


class Clusterctl:
    """The command line with the fourth cloud in reach, and nothing of the user's own."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(NIMBUS, folder / "clouds" / "nimbus", ignore=shutil.ignore_patterns("__pycache__", ".terraform*"))
        self.sky, self.file = folder / "sky", folder / "demo.yaml"
        self.sky.mkdir()
        self.write(max=3)
        keep = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LANG") if name in os.environ}
        self.environment = keep | {
            "HOME": str(folder),
            "HERA_HOME": str(folder / "hera"),
            "HERA_PROVIDER_PATH": str(folder / "clouds"),
            "NIMBUS_HOME": str(self.sky),
            "CHECKPOINT_DISABLE": "1",
        }

    def write(self, **values: Any) -> None:
        self.file.write_text(SPEC.format(**values))

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "clusterctl", *arguments]
        environment = self.environment | more
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)

    def done(self, *arguments: str, code: int = 0) -> str:
        result = self.run(*arguments)
        assert result.returncode == code, f"{arguments}: {result.returncode}\n{result.stdout}\n{result.stderr}"
        return result.stdout

    def objects(self) -> dict[str, dict[str, str]]:
        """Return what is in the cloud: each object's name and tags."""
        return {path.name: json.loads(path.read_text()) for path in sorted(self.sky.iterdir())}


@pytest.fixture
def clusterctl(tmp_path: Path) -> Clusterctl:
    return Clusterctl(tmp_path)


def test_its_modules_keep_the_contract() -> None:
    """What the suites ask of the three clouds holds for the example that docs/adding-a-cloud.md points to."""
    from tests.contract.hcl import named
    from tests.contract.test_modules import _table

    for layer in ("network", "cluster"):
        declared = {name: block.attribute("type") for name, block in named(NIMBUS / layer, "variable").items()}
        wanted = _table(layer, "Input")
        assert {name: declared[name] for name in wanted if name != "cloud"} == {n: t for n, t in wanted.items() if n != "cloud"}
        assert set(declared) == set(wanted)
        assert set(named(NIMBUS / layer, "output")) == set(_table(layer, "Output"))


def test_it_is_validated(clusterctl: Clusterctl) -> None:
    clusterctl.done("validate", "-f", str(clusterctl.file))


def test_its_mistakes_are_refused_in_its_words(clusterctl: Clusterctl) -> None:
    clusterctl.file.write_text(clusterctl.file.read_text().replace("region: north", "region: nort"))
    result = clusterctl.run("validate", "-f", str(clusterctl.file))
    assert result.returncode == 65
    assert "regions of Nimbus: north, south; did you mean north?" in result.stdout + result.stderr


def test_without_it_the_cloud_is_unknown(clusterctl: Clusterctl) -> None:
    result = clusterctl.run("validate", "-f", str(clusterctl.file), HERA_PROVIDER_PATH="")
    assert result.returncode == 65
    assert "spec.cloud: found nimbus" in result.stdout + result.stderr


def test_it_is_created_changed_and_deleted(clusterctl: Clusterctl) -> None:
    file = str(clusterctl.file)
    clusterctl.done("init")
    clusterctl.done("plan", "cluster", "-f", file, code=2)
    assert clusterctl.objects() == {}

    clusterctl.done("create", "cluster", "-f", file, "--yes")
    objects = clusterctl.objects()
    assert set(objects) == {"demo.network", "demo.cluster"}
    assert {name: tags["hera-stage"] for name, tags in objects.items()} == {"demo.network": "network", "demo.cluster": "cluster"}
    assert {(tags["hera-cluster"], tags["managed-by"]) for tags in objects.values()} == {("demo", "hera")}
    clusterctl.done("plan", "cluster", "-f", file, code=0)

    clusterctl.write(max=5)
    clusterctl.done("create", "cluster", "-f", file, "--yes")
    clusterctl.done("plan", "cluster", "-f", file, code=0)
    kubeconfig = clusterctl.done("kubeconfig", "cluster", "demo")
    assert "nimbus" in kubeconfig

    clusterctl.done("delete", "cluster", "demo", "--yes")
    assert clusterctl.objects() == {}
