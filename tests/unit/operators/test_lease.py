"""The election in simulated time: two replicas whose clocks, pauses and lost answers are drawn by Hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.kube.errors import Conflict, Unavailable
from operator_kit.lease import Elector, NotLeading, Record, Timing

WALL = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Kept:
    """The record in memory, with versions as the API server has them; `fail` decides what becomes of a call."""

    def __init__(self) -> None:
        self.record: Record | None = None
        self.fail: Callable[[], str] = lambda: ""

    def read(self) -> Record | None:
        if self.fail():
            raise Unavailable("cut off")
        return self.record

    def write(self, record: Record, moment: datetime) -> Record:
        fault = self.fail()
        if fault == "lost":
            raise Unavailable("cut off")
        if (self.record.version if self.record else "") != record.version:
            raise Conflict("somebody else wrote")
        self.record = replace(record, version=str(int(record.version or 0) + 1))
        if fault == "answer lost":
            raise Unavailable("cut off")
        return self.record


@pytest.fixture
def clock() -> Clock:
    return Clock()


def elector(kept: Kept, name: str, clock: Clock) -> Elector:
    return Elector(kept, name, Timing(), clock, lambda: WALL)


def test_the_first_one_leads_and_the_second_waits(clock: Clock) -> None:
    kept = Kept()
    red, blue = elector(kept, "red", clock), elector(kept, "blue", clock)
    red.step()
    blue.step()
    assert red.check() == 1
    with pytest.raises(NotLeading):
        blue.check()


def test_a_silent_leader_is_replaced_when_it_has_long_stopped_trusting_itself(clock: Clock) -> None:
    kept = Kept()
    red, blue = elector(kept, "red", clock), elector(kept, "blue", clock)
    red.step()
    blue.step()
    clock.now += 10.1
    assert not red.leads()
    blue.step()
    assert not blue.leads()
    clock.now += 5
    blue.step()
    assert blue.check() == 2
    red.step()
    assert not red.leads()


def test_a_released_lease_is_taken_at_once(clock: Clock) -> None:
    kept = Kept()
    red, blue = elector(kept, "red", clock), elector(kept, "blue", clock)
    red.step()
    red.release()
    blue.step()
    assert blue.check() == 2 and not red.leads()


def test_a_renewal_whose_answer_was_lost_does_not_end_the_term(clock: Clock) -> None:
    kept = Kept()
    red = elector(kept, "red", clock)
    red.step()
    kept.fail = lambda: "answer lost"
    clock.now += 2
    red.step()
    kept.fail = lambda: ""
    clock.now += 2
    red.step()
    clock.now += 9
    assert red.check() == 1


def test_confirm_asks_the_server(clock: Clock) -> None:
    kept = Kept()
    red = elector(kept, "red", clock)
    red.step()
    assert red.confirm() == 1
    assert kept.record is not None
    kept.record = replace(kept.record, holder="blue", transitions=2)
    with pytest.raises(NotLeading):
        red.confirm()


@given(
    st.lists(
        st.tuples(st.sampled_from(["red", "blue"]), st.floats(0.01, 12.0), st.sampled_from(["", "", "", "lost", "answer lost"]))
    )
)
@settings(max_examples=300, deadline=None)
def test_two_never_lead_at_once(moves: list[tuple[str, float, str]]) -> None:
    clock, kept = Clock(), Kept()
    both = {name: elector(kept, name, clock) for name in ("red", "blue")}
    terms: dict[int, str] = {}
    for name, pause, fault in moves:
        clock.now += pause
        kept.fail = lambda fault=fault: fault  # type: ignore[misc]
        both[name].step()
        leaders = [who for who in both if both[who].leads()]
        assert len(leaders) <= 1
        for who in leaders:
            assert terms.setdefault(both[who].check(), who) == who
    assert sorted(terms) == list(terms)
