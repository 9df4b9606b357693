"""A plain terraform on a simulation of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.simulator.cloud import SimulatedCloud
from infra.simulator.environment import environment

MODULES = Path(__file__).parent / "modules"


class Terraform:
    """Runs the real terraform in one folder."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.home = home
        self.environment = {**os.environ, **environment(home)}

    @property
    def cloud(self) -> SimulatedCloud:
        return SimulatedCloud(self.home)

    def write(self, text: str, name: str = "main.tf") -> "Terraform":
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)
        return self

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            ["terraform", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, code: int | None = 0) -> str:
        process = self.start(*arguments)
        output = process.communicate(timeout=240)[0]
        if code is not None:
            assert process.returncode == code, output
        return output

    def init(self) -> "Terraform":
        self.run("init", "-input=false", "-no-color")
        return self

    def apply(self, *arguments: str, code: int = 0) -> str:
        return self.run("apply", "-auto-approve", "-input=false", "-no-color", *arguments, code=code)

    def destroy(self, *arguments: str, code: int = 0) -> str:
        return self.run("destroy", "-auto-approve", "-input=false", "-no-color", *arguments, code=code)

    def plan(self, *arguments: str) -> dict[tuple[str, ...], set[str]]:
        """Plan, and give the addresses by what is to be done with them."""
        self.run("plan", "-out=p", "-input=false", "-no-color", *arguments)
        document = json.loads(self.run("show", "-json", "p"))
        found: dict[tuple[str, ...], set[str]] = {}
        for change in document.get("resource_changes", []):
            actions = tuple(change["change"]["actions"])
            if actions != ("no-op",) and actions != ("read",):
                found.setdefault(actions, set()).add(change["address"])
        return found

    def outputs(self) -> dict[str, Any]:
        return {name: item["value"] for name, item in json.loads(self.run("output", "-json")).items()}


@pytest.fixture
def terraform(tmp_path: Path) -> Callable[[str], Terraform]:
    """Give a folder with a configuration, initialised."""

    def make(text: str, folder: str = "work") -> Terraform:
        return Terraform(tmp_path / folder, tmp_path / "home").write(text).init()

    return make


@pytest.fixture
def module(tmp_path: Path) -> Callable[[str], Terraform]:
    """Give a copy of one of the configurations under modules/, initialised."""

    def make(name: str) -> Terraform:
        shutil.copytree(MODULES / name, tmp_path / name)
        return Terraform(tmp_path / name, tmp_path / "home").init()

    return make
