"""`when` as govaluate evaluates it."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import Unsupported
from workflows.local.conditions import ConditionError, check, evaluate

TRUE = [
    "",
    "red == red",
    "'a b' == 'a b'",
    "\"x\" != 'y'",
    "1 == 1.0",
    "0x10 == 16",
    "2 > 1 && 1 < 2",
    "true || false",
    "!(1 == 2)",
    "!false",
    "red in (green, red)",
    "2 in (1, 2)",
    "'abc' =~ '^a.c$'",
    "'abc' !~ 'x'",
    "1 + 2 * 3 == 7",
    "(1 + 2) * 3 == 9",
    "2 ** 3 == 8",
    "-1 < 0",
    "'a' < 'b'",
    "a + 'b' == ab",
    "'1' != 1",
    "[with spaces] == 'with spaces'",
    "it\\-s == 'it-s' || true",
    "true || 1",
]
INVALID = [
    "not-yet == done",
    "1 +",
    "(1 == 1",
    "1 == 1)",
    "'open",
    "1.2.3 == 1",
    "red",
    "1",
    "1 < 'a'",
    "1 && true",
    "a.b == c",
    "1 === 1",
    "== red",
    "red green",
    "x in y",
]


@pytest.mark.parametrize("when", TRUE)
def test_holds(when: str) -> None:
    assert evaluate(when) is True


@pytest.mark.parametrize("when", ["1 == 2", "red != red", "x in (y, z)", "true && false", "'1' == 1", "!true", "false && 1"])
def test_does_not_hold(when: str) -> None:
    assert evaluate(when) is False


@pytest.mark.parametrize("when", INVALID)
def test_is_no_condition(when: str) -> None:
    with pytest.raises(ConditionError):
        evaluate(when)


@pytest.mark.parametrize("when", ["1 == 1 ? true : false", "(5 & 4) == 4", "{{a}} ?? b", "1 << 2 == 4"])
def test_operators_of_argo_only_are_refused_before_anything_runs(when: str) -> None:
    with pytest.raises(Unsupported, match="spec.x.when"):
        check(when, "spec.x.when")


@given(st.text(alphabet=st.characters(exclude_characters="'\"\\{}"), max_size=30))
def test_a_quoted_text_equals_itself(text: str) -> None:
    assert evaluate(f"'{text}' == '{text}'")


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_are_ordered_as_numbers(left: int, right: int) -> None:
    assert evaluate(f"{left} < {right}") is (left < right)
    assert evaluate(f"{left} <= {right} && {right} >= {left}") is (left <= right)


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.lists(st.sampled_from(["&&", "||"]), min_size=5, max_size=5))
def test_and_binds_stronger_than_or(values: list[bool], operators: list[str]) -> None:
    words = [str(value).lower() for value in values]
    text = "".join(word + f" {operator} " for word, operator in zip(words, operators, strict=False))[
        : -4 if len(values) < 6 else None
    ]
    if len(values) == 6:
        text += words[-1]
    assert evaluate(text) is eval(text.replace("&&", "and").replace("||", "or").title().replace("And", "and").replace("Or", "or"))


@given(st.text(max_size=40))
def test_any_text_is_a_truth_value_or_no_condition(text: str) -> None:
    with contextlib.suppress(ConditionError):
        assert evaluate(text) in (True, False)
