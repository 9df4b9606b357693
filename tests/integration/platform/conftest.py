"""One API server for all tests of the manifests, with the prod overlay on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import kubernetes_api, overlays
from tests.support.kubernetes_api import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("api")
    with kubernetes_api.running(folder) as found:
        yield found


@pytest.fixture(scope="session")
def platform(server: Server) -> Server:
    """The server once an overlay's objects are on it; those of the others have the same rights and policies, but for one."""
    for obj in overlays.built("dev"):
        server.api.apply(obj, manager="hera-platform")
    return server
