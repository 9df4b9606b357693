"""Starting: `--help` imports nothing, and what is typed wrong is answered with what to type."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clusterctl.commands import entries, overview, verbs

from .conftest import Shell

HEAVY = ("argparse", "pydantic", "yaml", "json", "dataclasses", "infra", "steps", "workflows", "pathlib", "logging")


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]], ids=["nothing", "--help", "-h", "help"])
def test_overview_imports_nothing(words: list[str]) -> None:
    code = f"import sys, clusterctl.main as m; m.main({words!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert done.stdout.rstrip("\n") == overview()
    assert not [name for name in done.stderr.split() if name.split(".")[0] in HEAVY]


@pytest.mark.parametrize("verb", list(verbs()))
def test_help_of_a_verb_needs_no_cloud(verb: str) -> None:
    heavy = ("pydantic", "yaml", "grpc", "boto3", "google", "azure", "kubernetes", "hera", "sqlite3")
    code = f"import sys, clusterctl.main as m; m.main([{verb!r}, '--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert done.stdout.startswith(f"usage: clusterctl {verb}")
    assert not [name for name in done.stderr.split() if name.split(".")[0] in heavy]


def test_overview_names_every_verb() -> None:
    assert all(text in overview() for _, _, text in entries())
    assert max(map(len, overview().splitlines())) <= 105


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["palan"], "clusterctl plan --help"),
        (["qqq"], "clusterctl --help"),
        (["--quiet"], "no verb given"),
        (["validate"], "-f/--file"),
        (["validate", "-f", "x", "--nope"], "--nope"),
        (["get", "pods"], "invalid choice"),
        (["plan", "-f", "x"], "invalid choice"),
        (["create", "cluster", "-f", "x", "--timeout", "soon"], "90s, 30m, 2h"),
        (["get", "clusters", "-o", "xml"], "invalid choice"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_usage_errors(shell: Shell, words: list[str], said: str) -> None:
    assert shell(*words) == 64
    assert said in shell.err
    assert "Error USAGE" in shell.err and shell.out == ""


def test_flags_stand_before_or_after_the_verb(shell: Shell) -> None:
    assert shell("-q", "get", "clusters") == 0
    assert shell("get", "clusters", "-q") == 0
    assert shell.err == ""


@pytest.mark.parametrize("noun", ["cluster", "clusters"])
def test_singular_and_plural_are_one(shell: Shell, noun: str) -> None:
    assert shell("get", noun) == 0


def test_module_form() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clusterctl", "frob"], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert done.returncode == 64


def test_broken_pipe_is_quiet() -> None:
    command = f"{sys.executable} -m clusterctl schema | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert done.returncode == 0 and done.stderr == ""
