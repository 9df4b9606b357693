"""`terraform validate` and `terraform test` of every module, on the simulator."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.simulator.environment import environment
from tests.support.cli import PROJECT

TERRAFORM = PROJECT / "infra" / "terraform"
MODULES = sorted(path.parent for path in (TERRAFORM / "modules").rglob("versions.tf"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_validate_and_test(module: Path, tmp_path: Path) -> None:
    shutil.copytree(TERRAFORM, tmp_path / "terraform", ignore=shutil.ignore_patterns(".terraform*"))
    copy = tmp_path / "terraform" / module.relative_to(TERRAFORM)
    extra = {**os.environ, **environment(tmp_path / "cloud")}
    for command in ("init", "validate", "test"):
        done = subprocess.run(["terraform", f"-chdir={copy}", command, "-no-color"], env=extra, capture_output=True, text=True)
        assert done.returncode == 0, f"terraform {command}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert "0 failed" in done.stdout and " 0 passed" not in done.stdout, done.stdout
