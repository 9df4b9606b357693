"""A Kubernetes API in memory, for all that talks to one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.kube.api import Api
from tests.doubles.kubernetes_api import FakeKubernetes, kubernetes


@pytest.fixture
def fake() -> FakeKubernetes:
    return FakeKubernetes()


@pytest.fixture
def api(fake: FakeKubernetes) -> Iterator[Api]:
    with kubernetes(fake) as api:
        yield api
