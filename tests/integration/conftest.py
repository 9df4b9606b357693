"""Each test is a user of its own, with a home and a simulated cloud of its own; what needs a management cluster shares one."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.cli import EXAMPLES, Cli
from tests.support.managed import Managed, managed


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


@pytest.fixture(scope="session")
def created(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Path], None]:
    """Give a home in which an example was created; each is created once a session and copied after that."""

    @cache
    def original(example: str) -> Path:
        home = tmp_path_factory.mktemp(Path(example).stem) / "home"
        Cli(home).run("create", "cluster", "-f", EXAMPLES / example, "--simulate", "--yes").ok()
        return home

    def copy(example: str, home: Path) -> None:
        shutil.copytree(original(example), home, symlinks=True)

    return copy


@pytest.fixture(scope="session")
def management(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    """A host cluster with Hera in simulation; taken down at the end, also of a session that is terminated."""
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated"))
    with managed(f"test-{os.getpid()}", tmp_path_factory.mktemp("management") / "home") as found:
        yield found


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what shares the management cluster, so that it can be played by one process (`make test` does)."""
    for item in items:
        if "management" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.management)
