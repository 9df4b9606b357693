"""The error tree crosses processes unchanged, its numbers never move, and docs/ says what the code does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import infra.objects  # noqa: F401 - holds an error of the tree
from infra.errors import HeraError, Problem, SpecInvalid, StepFailed, Stop, UserMistake, WaitAndRetry, by_code, from_dict

ROOT = Path(__file__).parents[2]
EXIT_CODES = {
    "USAGE": 64,
    "SPEC_INVALID": 65,
    "NOT_FOUND": 66,
    "DEPENDENCY_MISSING": 69,
    "STEP_FAILED": 70,
    "STATE_LOCKED": 75,
    "STATE_CHANGED": 75,
    "AUTH_DENIED": 77,
    "CONFIG_REJECTED": 78,
    "ALREADY_EXISTS": 78,
    "DELETION_PROTECTED": 79,
    "AWAITING_APPROVAL": 80,
    "THROTTLED": 81,
    "CLOUD_UNAVAILABLE": 81,
    "CAPACITY_UNAVAILABLE": 81,
    "DEPENDENCY_VIOLATION": 81,
    "TIMEOUT": 81,
    "INTERRUPTED": 82,
    "QUOTA_EXCEEDED": 83,
    "PLAN_STALE": 84,
    "APPROVAL_REJECTED": 85,
    "LEFT_BEHIND": 86,
    "STATE_CORRUPT": 87,
    "UNSUPPORTED": 88,
}
CODES = sorted(EXIT_CODES)


def test_numbers_never_move() -> None:
    ours = {code: cls.exit_code for code, cls in by_code().items() if cls.__module__.startswith("infra.")}
    assert ours == EXIT_CODES


@pytest.mark.parametrize("code", CODES)
def test_each_is_of_one_kind(code: str) -> None:
    cls = by_code()[code]
    assert sum(issubclass(cls, kind) for kind in (UserMistake, WaitAndRetry, Stop)) == 1
    assert cls.retryable == issubclass(cls, WaitAndRetry)
    assert cls.__doc__


@pytest.mark.parametrize("code", [code for code in CODES if code != "SPEC_INVALID"])
def test_it_crosses_a_process_unchanged(code: str) -> None:
    error = by_code()[code]("what happened", next_step="type this", detail="the cloud's words")
    again = from_dict(json.loads(json.dumps(error.to_dict())))
    assert type(again) is type(error)
    assert again.to_dict() == error.to_dict()
    assert str(again) == "what happened"


def test_problems_cross_too() -> None:
    error = SpecInvalid([Problem("spec.a", "x", "y", "f.yaml", 3), Problem("spec.b", "x", "y")])
    again = from_dict(json.loads(json.dumps(error.to_dict())))
    assert isinstance(again, SpecInvalid)
    assert again.problems == error.problems
    assert again.to_dict() == error.to_dict()


def test_an_unknown_code_is_a_failed_step() -> None:
    error = from_dict({"code": "FROM_THE_FUTURE", "message": "m", "next": "n", "detail": "d"})
    assert type(error) is StepFailed
    assert (error.message, error.next_step, error.detail) == ("m", "n", "d")


def test_half_an_error_is_one() -> None:
    assert from_dict({}).to_dict() == StepFailed("").to_dict()


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("spec.a", "x", "y", "f.yaml", 3), "f.yaml:3: spec.a: found x; accepted: y"),
        (Problem("spec.a", "x", "y", "f.yaml"), "f.yaml: spec.a: found x; accepted: y"),
        (Problem("spec.a", "x", "y"), "spec.a: found x; accepted: y"),
    ],
    ids=["line", "file", "neither"],
)
def test_a_problem_says_where(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_the_base_is_never_raised_by_its_own_code() -> None:
    assert "code" not in vars(UserMistake)
    assert HeraError.exit_code == StepFailed.exit_code


def test_published_files_are_what_the_code_says() -> None:
    """docs/errors.md, docs/spec.md and the JSON Schema."""
    command = [sys.executable, "tools/generate_schema.py", "--check"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
