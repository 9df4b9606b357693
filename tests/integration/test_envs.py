"""`terraform` alone in envs/ and `clusterctl` plan the same resources with the same values."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic.alias_generators import to_camel

from infra import providers
from infra.simulator.environment import environment
from infra.spec.load import parse_cluster
from steps.common import roots
from tests.support.cli import PROJECT

TERRAFORM = PROJECT / "infra" / "terraform"
COMPOSITIONS = sorted(path.parent for path in TERRAFORM.glob("envs/*/*/main.tf"))
SPEC = """apiVersion: hera.dev/v1alpha1
kind: Cluster
metadata: {{name: hera-{env}}}
spec: {{cloud: {cloud}, region: {region}, environment: {env}, cloudOptions: {options}}}
"""


def plan(folder: Path, extra: dict[str, str]) -> dict[str, Any]:
    for arguments in (["init", "-input=false"], ["plan", "-input=false", "-out=p"], ["show", "-json", "p"]):
        done = subprocess.run(
            ["terraform", f"-chdir={folder}", *arguments], env={**os.environ, **extra}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


def resources(shown: dict[str, Any]) -> dict[str, Any]:
    """Return what is planned: address to known and unknown values."""
    return {
        item["address"]: (item["change"]["after"], item["change"]["after_unknown"])
        for item in shown["resource_changes"]
        if item["mode"] == "managed"
    }


def region_of(shown: dict[str, Any]) -> str:
    return str(next(value["value"] for name, value in shown["variables"].items() if name in ("region", "location")))


def cloud_options(tfvars: Path) -> dict[str, str]:
    """Return what a composition has its user fill in, in the words of a spec: `project_id = "x"` is `projectId`."""
    text = tfvars.read_text() if tfvars.is_file() else ""
    return {to_camel(name): value for name, value in re.findall(r'^(\w+)\s*=\s*"(.*)"$', text, re.MULTILINE)}


@pytest.mark.parametrize("composition", COMPOSITIONS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_the_same_resources(composition: Path, tmp_path: Path) -> None:
    extra = environment(tmp_path / "cloud")
    copy = tmp_path / "terraform"
    shutil.copytree(TERRAFORM, copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    alone = plan(copy / composition.relative_to(TERRAFORM), extra)

    env, cloud = composition.parent.name, composition.name
    options = cloud_options(composition / "terraform.tfvars")
    cluster = parse_cluster(SPEC.format(env=env, cloud=cloud, region=region_of(alone), options=options))
    work = tmp_path / "work"
    work.mkdir()
    roots.write(roots.whole_root(providers.get(cloud), cluster), work)
    ours = plan(work, extra)

    mine, theirs = resources(ours), resources(alone)
    assert sorted(mine) == sorted(theirs)
    different = {address: (mine[address], theirs[address]) for address in mine if mine[address] != theirs[address]}
    assert not different, json.dumps(different, indent=1)[:4000]
