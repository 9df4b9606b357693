"""All six examples made, the large ones made again, and all deleted by Argo, in simulation, as a CI job does it: `argo submit`.

The simulated cloud and the states are compared after each; what other tests left in the cloud is not looked at.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import argo
from tests.support.cli import EXAMPLES
from tests.support.inventory import compared
from tests.support.managed import Managed

SUBMIT = EXAMPLES / "ci" / "scripts" / "submit.sh"
SPECS = {f"ex-{path.stem}": path for path in sorted(EXAMPLES.glob("*.yaml"))}
AT_ONCE = 3
NAMES = list(SPECS)
LARGE = [name for name in NAMES if name.endswith("prod")]


@dataclass(frozen=True)
class Ended:
    """What `submit.sh` did for one cluster."""

    code: int
    outputs: Mapping[str, str]
    err: str

    @property
    def run(self) -> str:
        return self.err.split("run ", 1)[1].split(":", 1)[0]


@dataclass(frozen=True)
class Fleet:
    """Six clusters on one management cluster, with what was in the cloud before them."""

    management: Managed
    command: argo.Command
    before: Counter[tuple[str, str]]

    def submit(self, pipeline: str, *pairs: str) -> Ended:
        environment = {**os.environ, "KUBECONFIG": str(self.command.kubeconfig)}
        environment["PATH"] = f"{self.command.binary.parent}:{environment['PATH']}"
        words = ["bash", str(SUBMIT), pipeline, *pairs]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=500)
        return Ended(done.returncode, dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line), done.stderr)

    def each(self, names: list[str], ask: Callable[[str], Ended]) -> dict[str, Ended]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(names, pool.map(ask, names), strict=True))

    def create(self, names: list[str]) -> dict[str, Ended]:
        def ask(name: str) -> Ended:
            return self.submit("create-cluster", f"cluster={name}", f"spec={spec(name)}", "approval=never")

        return self.each(names, ask)

    def difference(self) -> list[str]:
        """Say what only the cloud or only the six clusters' states have."""
        return compared(self.management.in_states(NAMES), (self.cloud() - self.before).elements())

    def cloud(self) -> Counter[tuple[str, str]]:
        return Counter(self.management.in_cloud())

    def pods(self, run: str) -> int:
        """Return how many pods a run had."""
        workflow = self.management.api.get(f"{argo.GROUP}/workflows/{run}")
        return sum(node["type"] == "Pod" for node in workflow["status"]["nodes"].values())


def spec(name: str) -> str:
    """Return an example under another name."""
    data = yaml.safe_load(Path(SPECS[name]).read_text())
    data["metadata"]["name"] = name
    return yaml.safe_dump(data)


def failures(ended: Mapping[str, Ended]) -> dict[str, str]:
    return {name: one.err[-3000:] for name, one in ended.items() if one.code}


@pytest.fixture(scope="module")
def fleet(management: Any) -> Fleet:
    before = Counter(management.in_cloud())
    return Fleet(management, argo.command(management.host.kubeconfig), before)


@pytest.fixture(scope="module")
def created(fleet: Fleet) -> dict[str, Ended]:
    return fleet.create(NAMES)


@pytest.fixture(scope="module")
def again(fleet: Fleet, created: dict[str, Ended]) -> tuple[Counter[tuple[str, str]], dict[str, Ended]]:
    return fleet.cloud(), fleet.create(LARGE)


def test_all_examples_are_created(fleet: Fleet, created: dict[str, Ended]) -> None:
    assert failures(created) == {}
    assert fleet.difference() == []
    assert fleet.management.locks(NAMES) == []
    assert {name: fleet.pods(one.run) for name, one in created.items() if fleet.pods(one.run) > 3} == {}
    assert all(one.outputs["network-changes"] == one.outputs["cluster-changes"] == "safe" for one in created.values())


def test_the_same_again_changes_nothing(fleet: Fleet, again: tuple[Counter[tuple[str, str]], dict[str, Ended]]) -> None:
    cloud, ended = again
    assert failures(ended) == {}
    assert all(one.outputs["network-changes"] == one.outputs["cluster-changes"] == "none" for one in ended.values())
    assert fleet.cloud() == cloud


def test_all_examples_are_deleted(fleet: Fleet, again: object) -> None:
    ended = fleet.each(NAMES, lambda name: fleet.submit("delete-cluster", f"cluster={name}", "unprotect=true"))
    assert failures(ended) == {}
    assert fleet.cloud() - fleet.before == Counter()
    assert fleet.management.locks(NAMES) == []
