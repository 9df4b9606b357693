"""The argument parser, made from the table of verbs; only the verb that was typed is imported."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any, NoReturn

from clusterctl.commands import PROGRAM, nouns, verbs
from infra.errors import UsageError

DEFAULTS = {
    "quiet": False,
    "no_color": False,
    "state": "",
    "output": "table",
    "simulate": False,
    "yes": False,
    "timeout": 0,
    "engine": "",
    "wait": False,
}
"""Set before parsing, so that a flag may stand before the verb or after it."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is an error like every other: exit code 2 means changes, not a typing mistake."""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` with the command that explains this part."""
        raise UsageError(message, next_step=f"{self.prog} --help")


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the flags that every verb takes."""
    group = parser.add_argument_group("everywhere")
    group.add_argument("-q", "--quiet", action="store_true", default=argparse.SUPPRESS, help="only results and errors")
    group.add_argument("--no-color", action="store_true", default=argparse.SUPPRESS, help="no colours (so does NO_COLOR=1)")
    group.add_argument(
        "--state",
        metavar="URL",
        default=argparse.SUPPRESS,
        help="where states and the ledger live (default: HERA_STATE, or what `clusterctl init` remembered)",
    )


def load(verb: str, noun: str = "") -> ModuleType:
    """Import a verb's module; a further noun of a verb has one of its own."""
    main = not noun or noun == verbs()[verb][0]
    return importlib.import_module(f"clusterctl.verbs.{verb if main else f'{verb}_{noun}'}")


def build(only: Iterable[str] | None = None) -> Parser:
    """Return the parser of the given verbs, or of all of them."""
    root = Parser(prog=PROGRAM, allow_abbrev=False)
    add_common(root)
    subparsers = root.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=Parser)
    table = verbs()
    for verb in table if only is None else only:
        noun, text = table[verb]
        description = (load(verb).__doc__ or text).strip()
        parser = subparsers.add_parser(verb, help=text, description=description, **_options())
        if not noun:
            _fill(parser, load(verb))
            continue
        group = parser.add_subparsers(dest="noun", metavar="NOUN", required=True, parser_class=Parser)
        for name, help_line in nouns(verb):
            module = load(verb, name)
            other = name.removesuffix("s") if name.endswith("s") else f"{name}s"
            about = (module.__doc__ or help_line).strip()
            _fill(group.add_parser(name, aliases=[other], help=help_line, description=about, **_options()), module)
    return root


def _fill(parser: argparse.ArgumentParser, module: ModuleType) -> None:
    add_common(parser)
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)


def _options() -> dict[str, Any]:
    return {"allow_abbrev": False, "formatter_class": argparse.RawDescriptionHelpFormatter}


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Read a command line; raises `UsageError`."""
    plain = _plain(words)
    verb = _verb(plain)
    words = list(words)
    if len(plain) == 1 and verbs()[verb][0] and len(nouns(verb)) == 1 and {"-h", "--help"} & set(words):
        words.insert(words.index(verb) + 1, verbs()[verb][0])
    return build([verb]).parse_args(words, argparse.Namespace(**DEFAULTS))


def _plain(words: Sequence[str]) -> list[str]:
    """Return the words that are no flags and no flag's value, as far as can be told without a parser."""
    takes_value, plain = False, []
    for word in words:
        if not takes_value and not word.startswith("-"):
            plain.append(word)
        takes_value = word == "--state"
    return plain


def _verb(plain: Sequence[str]) -> str:
    """Return the verb that was typed; refuse an unknown one with the nearest that there is."""
    if not plain:
        raise UsageError("no verb given", next_step=f"{PROGRAM} --help")
    if plain[0] not in verbs():
        import difflib

        near = difflib.get_close_matches(plain[0], verbs(), n=1)
        raise UsageError(f"no verb {plain[0]!r}", next_step=f"{PROGRAM} {near[0]} --help" if near else f"{PROGRAM} --help")
    return plain[0]
