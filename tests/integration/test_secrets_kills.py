"""A fixed sample of the secrets operator's kills and faults (`make soak` plays all of them)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.soak import secrets
from tests.soak.secrets import FAULTS, FIRST_FAULT, World
from tests.support.struck import STEPS

SEED = 20261124
KILLS = ("in the write of the Secret", "between two restarts")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with secrets.world(tmp_path_factory.mktemp("kills")) as found:
        yield found


def test_no_secret_is_lost_wrong_or_partial_whenever_the_operator_is_killed_and_whatever_the_cloud_does(world: World) -> None:
    before, problems = -1, []
    for step in KILLS:
        number = list(STEPS).index(step)
        problems += secrets.play(world, number, before, SEED).problems
        before = number
    problems += secrets.play_fault(world, FIRST_FAULT, before, FAULTS[-1]).problems
    assert problems == []
