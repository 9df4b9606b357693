"""Errors: every class's exit code, the same facts for people and programs, and never a traceback."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest
import yaml

from clusterctl import parsers
from infra.errors import HeraError, Problem, SpecInvalid, by_code

from .conftest import Shell

CLASSES = sorted((cls for cls in by_code().values() if cls is not SpecInvalid), key=lambda cls: cls.code)


class FakeVerb:
    """Stands for a verb's module; raises what the test wants."""

    __doc__ = "A verb."

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("-o", "--output", default="table")

    def run(self, args: Namespace) -> int:
        raise self.error


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> object:
    def fail(error: BaseException) -> None:
        monkeypatch.setattr(parsers, "load", lambda verb: FakeVerb(error))

    return fail


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.code)
def test_exit_code_and_text_of_every_error(shell: Shell, failing: object, cls: type[HeraError]) -> None:
    failing(cls("the thing broke", next_step="type this", detail="line one\nline two"))  # type: ignore[operator]
    assert shell("version") == cls.exit_code
    assert f"Error {cls.code}: the thing broke" in shell.err
    assert "type this" in shell.err and "line two" in shell.err
    assert ("helps" if cls.retryable else "does not help") in shell.err
    assert shell.out == ""


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_errors_as_data(shell: Shell, failing: object, form: str) -> None:
    failing(SpecInvalid([Problem("spec.region", "mars", "a region", "a.yaml", 3)]))  # type: ignore[operator]
    assert shell("version", "-o", form) == 65
    data = json.loads(shell.out) if form == "json" else yaml.safe_load(shell.out)
    assert (data["apiVersion"], data["kind"], data["code"], data["exitCode"]) == (
        "hera.dev/v1alpha1",
        "Error",
        "SPEC_INVALID",
        65,
    )
    assert data["problems"][0]["path"] == "spec.region" and data["retryable"] is False


def test_usage_error_as_json(shell: Shell) -> None:
    assert shell("get", "pods", "-o", "json") == 64
    assert json.loads(shell.out)["code"] == "USAGE"


def test_unexpected_exception_leaves_a_report_and_no_traceback(shell: Shell, failing: object, home: Path) -> None:
    failing(ZeroDivisionError("division by zero"))  # type: ignore[operator]
    assert shell("version") == 70
    assert "Error INTERNAL" in shell.err and "Traceback" not in shell.err + shell.out
    (report,) = (home / "crashes").iterdir()
    assert str(report) in shell.err
    assert "ZeroDivisionError" in report.read_text() and report.stat().st_mode & 0o077 == 0


def test_keyboard_interrupt(shell: Shell, failing: object) -> None:
    failing(KeyboardInterrupt())  # type: ignore[operator]
    assert shell("version") == 82
    assert "INTERRUPTED" in shell.err and "Traceback" not in shell.err


def test_only_the_end_of_a_long_detail_is_shown(shell: Shell, failing: object) -> None:
    failing(by_code()["STEP_FAILED"]("no", detail="\n".join(f"line {number}" for number in range(100))))  # type: ignore[operator]
    shell("version")
    assert "line 99" in shell.err and "line 50" not in shell.err and "last 12 of 100 lines" in shell.err


def test_escape_sequences_in_errors_do_not_act(shell: Shell, failing: object) -> None:
    failing(by_code()["STEP_FAILED"]("bad \x1b]0;title\x07 \x1b[2J", next_step="\x1b[8m", detail="\u202e\x9b2J"))  # type: ignore[operator]
    shell("version")
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shell.err)
    assert "\\x1b[2J" in shell.err
