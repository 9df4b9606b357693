"""Each test is a user of its own, with a home and a simulated cloud of its own; what needs a management cluster shares one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.managed import Managed, managed


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


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
