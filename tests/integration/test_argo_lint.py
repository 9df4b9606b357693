"""What others' checkers say of files that are made here: Argo's own linter of the pipelines, actionlint of the CI example."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from infra.host.parts import ensure
from tests.support.cli import EXAMPLES, PROJECT

WORKFLOWS = PROJECT / "k8s" / "base" / "workflows"
FILES = [path for path in sorted(WORKFLOWS.glob("*.yaml")) if path.name != "kustomization.yaml"]


def lint(*paths: Path) -> subprocess.CompletedProcess[str]:
    argo = ensure("argo-server", progress=print) / "argo"
    return subprocess.run([argo, "lint", "--offline", *paths], capture_output=True, text=True)


def test_argo_finds_nothing_in_the_pipelines() -> None:
    done = lint(*FILES)
    assert done.returncode == 0 and "no linting errors found" in done.stdout, done.stdout + done.stderr


def test_argo_would_find_something(tmp_path: Path) -> None:
    """A linter that reads nothing finds nothing."""
    broken = yaml.safe_load((WORKFLOWS / "create-cluster.yaml").read_text())
    broken["spec"]["entrypoint"] = "nowhere"
    (tmp_path / "broken.yaml").write_text(yaml.safe_dump(broken))
    done = lint(tmp_path / "broken.yaml")
    assert done.returncode != 0 and "nowhere" in done.stdout + done.stderr


@pytest.mark.parametrize("damage", ["", "runs-on: ubuntu-24.04"], ids=["as it is", "a job without a runner"])
def test_actionlint_reads_the_ci_example(damage: str, tmp_path: Path) -> None:
    text = (EXAMPLES / "ci" / "github" / "hera.yaml").read_text()
    (tmp_path / "hera.yaml").write_text(text.replace(damage, "") if damage else text)
    actionlint = ensure("actionlint", progress=print) / "actionlint"
    done = subprocess.run([actionlint, "-no-color", tmp_path / "hera.yaml"], capture_output=True, text=True)
    assert bool(done.returncode) == bool(damage), done.stdout + done.stderr
