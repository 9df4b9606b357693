"""The expression language of retries, hooks, outputs and tags."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import Unsupported
from workflows.local.expressions import (
    AllNames,
    ExpressionError,
    MissingName,
    check,
    evaluate,
    expand,
    truth,
)

VALUES = expand({"lastRetry.exitCode": "81", "tasks.a-b.status": "Failed", "n": 3, "items": [1, 2], "inputs.parameters.x": "y"})
CASES: list[tuple[str, Any]] = [
    ("asInt(lastRetry.exitCode) in [81, 82]", True),
    ("asInt(lastRetry.exitCode) not in [81]", False),
    ("tasks['a-b'].status == 'Failed'", True),
    ('tasks["a-b"]?.status', "Failed"),
    ("tasks['c'] == nil", True),
    ("tasks['c']?.status == nil", True),
    ("tasks['c']?.outputs.parameters['x'] ?? 'none'", "none"),
    ("lastRetry.exitCode == 81", False),
    ("1 + 2 * 3 - 4 / 2", 5.0),
    ("2 ** 3 ** 2", 512),
    ("-n + 1", -2),
    ("not (n > 2) or n == 3", True),
    ("n > 2 ? 'big' : 'small'", "big"),
    ("'abc' contains 'b' && 'abc' startsWith 'a' && 'abc' endsWith 'c' && 'abc' matches '^a'", True),
    ("len(items) == 2", True),
    ("items[1]", 2),
    ("toJson(items)", "[1,2]"),
    ("string(n) + '!'", "3!"),
    ("upper(trim(' a ')) + lower('B')", "Ab"),
    ("asFloat('1.5') * 2", 3.0),
    ("get(inputs.parameters, 'x')", "y"),
    ("`raw`", "raw"),
    ("'it\\'s'", "it's"),
    ("true && !false", True),
    ("n % 2 == 1", True),
]


@pytest.mark.parametrize(("text", "value"), CASES, ids=[text for text, _ in CASES])
def test_value(text: str, value: Any) -> None:
    assert evaluate(text, VALUES) == value


@pytest.mark.parametrize(
    "text", ["asInt('x')", "1 && true", "'a' < 1", "n contains 'x'", "1 in 2", "- 'a'", "[1] + 2", "tasks['c'].status", "n.x"]
)
def test_a_value_of_the_wrong_kind_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, VALUES)


@pytest.mark.parametrize(
    "text", ["1 +", "(1", "a b", "sprig.upper('x')", "filter(items, {# > 1})", "[1, 2", "x ? 1", "unknown(1)", "'"]
)
def test_what_is_not_known_is_refused_before_anything_runs(text: str) -> None:
    with pytest.raises(Unsupported, match="spec.y"):
        check(text, "spec.y")


def test_an_unknown_name_is_missing_and_a_part_of_a_known_one_only_when_asked() -> None:
    with pytest.raises(MissingName, match="nothing is missing"):
        evaluate("nothing", VALUES)
    assert evaluate("tasks.z", VALUES) is None
    with pytest.raises(MissingName, match="tasks.z.outputs"):
        evaluate("tasks.z.outputs", AllNames({"tasks": {"z": {}}}))


def test_truth_wants_a_truth_value() -> None:
    with pytest.raises(ExpressionError, match="bool"):
        truth("1", {})


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_arithmetic_is_python_s(a: int, b: int, c: int) -> None:
    values = {"a": a, "b": b, "c": c}
    for text in ("a + b * c", "(a + b) * c", "a - b - c", "a * -b"):
        assert evaluate(text, values) == eval(text, {}, values)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,3}(\.[a-z]{1,3}){0,3}", fullmatch=True), st.text(max_size=5), max_size=8))
def test_every_name_that_is_no_beginning_of_another_can_be_read(flat: dict[str, str]) -> None:
    for name, value in flat.items():
        if not any(other.startswith(f"{name}.") for other in flat):
            place: Any = expand(flat)
            for part in name.split("."):
                place = place[part]
            assert place == value
