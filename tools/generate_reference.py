"""Write docs/reference/cli.md from the parsers; `--check` fails when the file is not what the parsers say."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator

from clusterctl import failures
from clusterctl.commands import EXIT_CODES, OPTIONS, PROGRAM, entries
from clusterctl.parsers import build
from infra.errors import HeraError, by_code
from infra.objects import PreconditionFailed
from tools.written import PROJECT, settle

TARGET = PROJECT / "docs" / "reference" / "cli.md"
_HEAD = """\
# Command line

<!-- Written by tools/generate_reference.py from the parsers; `--check` compares. Do not edit. -->

`heractl` is the same command: `clusterctl` is also the name of Cluster API's program.

Results go to stdout, progress and errors to stderr. Every verb that reads takes `-o table|json|yaml`; JSON and YAML carry
`apiVersion: hera.dev/v1alpha1` and a `kind`. Results that come from the simulator say `simulated`.
"""


def main() -> int:
    """Write or compare."""
    return settle({TARGET: page()}, "python -m tools.generate_reference", check="--check" in sys.argv[1:])


def page() -> str:
    """Return the whole page, the same under every Python: argparse's own layout is not used."""
    return "\n".join([_HEAD, _environment(), _exit_codes(), *_commands(build(), ())])


def _commands(parser: argparse.ArgumentParser, words: tuple[str, ...]) -> Iterator[str]:
    """Yield the section of every command that does something by itself."""
    nested = next((action for action in parser._actions if isinstance(action, argparse._SubParsersAction)), None)
    choices = nested._choices_actions if nested else []
    if words and len(choices) != 1:
        yield _section(parser, words, [choice.dest for choice in choices])
    for choice in choices:
        assert nested is not None
        yield from _commands(nested.choices[choice.dest], (*words, choice.dest))


def _section(parser: argparse.ArgumentParser, words: tuple[str, ...], parts: list[str]) -> str:
    shown = [action for action in parser._actions if action.help != argparse.SUPPRESS and action.dest not in _EVERYWHERE]
    rows = [f"| {_spelling(action)} | {_cell(action)} |" for action in shown if action.dest != "action"]
    lines = [f"## `{' '.join((PROGRAM, *words))}`", "", _paragraphs(parser.description or ""), ""]
    lines += [f"Actions: {', '.join(f'`{part}`' for part in parts)}.", ""] if parts else []
    return "\n".join([*lines, *(["| | |", "|---|---|", *rows, ""] if rows else [])])


_EVERYWHERE = ("help", "quiet", "no_color", "state")


def _paragraphs(text: str) -> str:
    """Return a description as Markdown: indented lines are examples, others keep their line breaks."""
    lines = [f"    {line.strip()}" if line.startswith("  ") else line for line in text.splitlines()]
    return re.sub(r"\n+Exit codes:", "\n\nExit codes:", "\n".join(lines))


def _spelling(action: argparse.Action) -> str:
    choices = "\\|".join(map(str, action.choices or ()))
    value = "" if action.nargs == 0 else str(action.metavar or choices or action.dest.upper())
    if not action.option_strings:
        return f"`{value}`"
    return ", ".join(f"`{flag}`" for flag in action.option_strings) + (f" `{value}`" if value else "")


def _cell(action: argparse.Action) -> str:
    need = " (required)" if action.option_strings and action.required else ""
    return ((action.help or "") + need).replace("|", "\\|")


def _environment() -> str:
    rows = [
        ("`HERA_HOME`", "folder for runs, reports, settings and everything simulated (default `~/.local/share/hera`)"),
        ("`HERA_STATE`", "state URL, when there is no `--state`"),
        ("`HERA_ACTOR`", "who is asking, for the ledger (default: the login name)"),
        ("`NO_COLOR`", "any value: no colours"),
        ("`CLICOLOR_FORCE`", "`1`: colours even where no terminal is"),
    ]
    flags = "".join(f"| `{flag}` | {text} |\n" for flag, text in OPTIONS)
    everywhere = f"## Everywhere\n\n| flag | meaning |\n|---|---|\n{flags}\n"
    return (
        everywhere
        + "## Environment\n\n| variable | meaning |\n|---|---|\n"
        + "".join(f"| {name} | {text} |\n" for name, text in rows)
    )


def _exit_codes() -> str:
    lines = ["## Exit codes\n", "| code | meaning |", "|---|---|"]
    lines += [f"| {code} | {text} |" for code, text in EXIT_CODES]
    lines += ["", "| code | exit | a retry helps |", "|---|---|---|"]
    own = {cls.code: cls for cls in by_code().values() if cls.__module__ == HeraError.__module__}
    classes: set[type[HeraError]] = {failures.Internal, PreconditionFailed, *own.values()}
    known = sorted(classes, key=lambda error: (error.exit_code, error.code))
    lines += [f"| `{error.code}` | {error.exit_code} | {'yes' if error.retryable else 'no'} |" for error in known]
    lines += ["", "| verb | |", "|---|---|", *(f"| `{f'{verb} {noun}'.strip()}` | {text} |" for verb, noun, text in entries())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
