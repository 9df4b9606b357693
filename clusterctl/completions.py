"""Completion scripts, generated from the parser itself, so that they cannot fall behind it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field

from clusterctl.commands import PROGRAM

ALIASES = (PROGRAM, "heractl")
_NAMES = f"{PROGRAM} get clusters -q -o name 2>/dev/null"
"""What completes a cluster's name."""
_FILES = {"FILE", "PATH"}


@dataclass(frozen=True)
class Option:
    """A flag: its spellings, what follows it, its help."""

    flags: tuple[str, ...]
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()

    @property
    def takes_value(self) -> bool:
        """Whether a word follows."""
        return bool(self.metavar or self.choices)

    @property
    def takes_file(self) -> bool:
        """Whether that word is a file."""
        return self.metavar in _FILES


@dataclass(frozen=True)
class Command:
    """A position in the command line: the words that lead to it and what may follow."""

    words: tuple[str, ...]
    subcommands: dict[str, str] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    values: tuple[str, ...] = ()
    takes_name: bool = False


def commands(parser: argparse.ArgumentParser) -> list[Command]:
    """Return every position of a parser, the root first."""
    return list(_walk(parser, ()))


def _walk(parser: argparse.ArgumentParser, words: tuple[str, ...]) -> Iterator[Command]:
    nested = next((action for action in parser._actions if isinstance(action, argparse._SubParsersAction)), None)
    plain = [action for action in parser._actions if not action.option_strings and action is not nested]
    yield Command(
        words,
        subcommands=_helps(nested) if nested else {},
        options=tuple(_option(action) for action in parser._actions if action.option_strings),
        values=tuple(str(choice) for action in plain for choice in action.choices or ()),
        takes_name=any(action.metavar == "NAME" for action in plain),
    )
    for name in _helps(nested) if nested else {}:
        yield from _walk(nested.choices[name], (*words, name))  # type: ignore[union-attr]


def _helps(nested: argparse._SubParsersAction[argparse.ArgumentParser]) -> dict[str, str]:
    return {choice.dest: choice.help or "" for choice in nested._choices_actions}


def _option(action: argparse.Action) -> Option:
    choices = tuple(str(choice) for choice in action.choices or ())
    metavar = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
    return Option(tuple(action.option_strings), (action.help or "").split(";")[0], metavar, choices)


def script(shell: str, found: list[Command]) -> str:
    """Return a shell's script."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](found)


def _bash(found: list[Command]) -> str:
    """Bash: find the position from the words so far, then offer what may follow it."""
    cases, values = [], []
    for command in found:
        words = [*command.subcommands, *command.values, *(flag for option in command.options for flag in option.flags)]
        names = " names=1" if command.takes_name else ""
        cases.append(f'    "{" ".join(command.words)}") words="{" ".join(words)}"{names} ;;')
    for option in _by_flags(found).values():
        values.append(f"    {'|'.join(option.flags)}) {_bash_value(option)} ;;")
    known = " ".join(f'["{" ".join(command.words)}"]=1' for command in found if command.words)
    return _BASH.format(
        program=PROGRAM, aliases=" ".join(ALIASES), cases="\n".join(cases), values="\n".join(values), known=known, names=_NAMES
    )


def _bash_value(option: Option) -> str:
    if option.choices:
        return f'COMPREPLY=($(compgen -W "{" ".join(option.choices)}" -- "$cur")); return'
    return 'COMPREPLY=($(compgen -f -- "$cur")); return' if option.takes_file else "return"


def _by_flags(found: list[Command]) -> dict[str, Option]:
    """Return the options that take a value; the same flag means the same everywhere, so the longest list of choices wins."""
    options: dict[str, Option] = {}
    for command in found:
        for option in command.options:
            key = option.flags[-1]
            if option.takes_value and (key not in options or len(option.choices) > len(options[key].choices)):
                options[key] = option
    return options


_BASH = """\
# bash completion for {program}; generated from its parser
_{program}() {{
  local cur="${{COMP_WORDS[COMP_CWORD]}}" prev="${{COMP_WORDS[COMP_CWORD-1]}}" path="" word words="" names=""
  local -A known=({known})
  case "$prev" in
{values}
  esac
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    if [[ -n "${{known["${{path:+$path }}$word"]}}" ]]; then path="${{path:+$path }}$word"; fi
  done
  case "$path" in
{cases}
  esac
  if [[ -n "$names" && "$cur" != -* ]]; then words="$({names})"; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -F _{program} {aliases}
"""


def _zsh(found: list[Command]) -> str:
    """Zsh runs bash's function through its own compatibility layer: one script to keep right."""
    return f"#compdef {' '.join(ALIASES)}\nautoload -U +X bashcompinit && bashcompinit\n{_bash(found)}"


def _fish(found: list[Command]) -> str:
    lines = [f"# fish completion for {PROGRAM}; generated from its parser"]
    for program in ALIASES:
        lines.append(f"complete -c {program} -f")
        for command in found:
            lines += _fish_command(program, command, found)
    return "\n".join(lines) + "\n"


def _fish_command(program: str, command: Command, found: list[Command]) -> Iterator[str]:
    deeper = [other.words[-1] for other in found if other.words[:-1] == command.words and other.words]
    seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in command.words)
    unseen = f"not __fish_seen_subcommand_from {' '.join(deeper)}" if deeper else ""
    here = "; and ".join(part for part in (seen, unseen) if part)
    head = f"complete -c {program}" + (f" -n {_fish_quote(here)}" if here else "")
    for word, text in command.subcommands.items():
        yield f"{head} -a {word} -d {_fish_quote(text)}"
    if command.values:
        yield f"{head} -a {_fish_quote(' '.join(command.values))}"
    if command.takes_name:
        yield f"{head} -a {_fish_quote(f'({_NAMES})')}"
    for option in command.options:
        yield head + _fish_option(option)


def _fish_option(option: Option) -> str:
    flags = "".join(f" -l {flag[2:]}" if flag.startswith("--") else f" -s {flag[1:]}" for flag in option.flags)
    value = f" -x -a {_fish_quote(' '.join(option.choices))}" if option.choices else " -r -F" if option.takes_file else ""
    return f"{flags}{value or (' -x' if option.takes_value else '')} -d {_fish_quote(option.help)}"


def _fish_quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
