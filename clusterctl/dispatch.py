"""From words to exit code: the only place that catches everything, so that no traceback reaches anybody."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from clusterctl import failures, home
from clusterctl.console import Console
from clusterctl.parsers import parse
from infra import tracing
from infra.errors import HeraError, Interrupted

BROKEN_PIPE = 141
"""What a shell reports for a program whose reader went away (`clusterctl get clusters | head -1`)."""


def dispatch(words: Sequence[str]) -> int:
    """Parse, run, and turn whatever happens into an exit code."""
    console = _guess(words)
    args: Namespace | None = None
    try:
        args = parse(words)
        home.settle()
        console = Console(output=args.output, quiet=args.quiet, color=False if args.no_color else None)
        args.console = console
        with tracing.span(f"clusterctl {args.verb} {getattr(args, 'noun', '')}".rstrip()):
            return int(args.run(args))
    except HeraError as error:
        return failures.show(_named(error, args), console)
    except KeyboardInterrupt:
        return failures.show(Interrupted("stopped before anything was started", next_step="type the command again"), console)
    except BrokenPipeError:
        _silence_stdout()
        return BROKEN_PIPE
    except SystemExit as finished:  # argparse's --help
        return finished.code if isinstance(finished.code, int) else 0
    except Exception as error:
        return failures.show(failures.crash(error, words), console)
    finally:
        tracing.finish()


def _named(error: HeraError, args: Namespace | None) -> HeraError:
    """Put what was typed into the command to type next, so that it can be copied as it is."""
    for word, typed in (("-f FILE", f"-f {getattr(args, 'file', '')}"), ("cluster NAME", f"cluster {getattr(args, 'name', '')}")):
        if not typed.endswith(" "):
            error.next_step = error.next_step.replace(word, typed)
    return error


def _guess(words: Sequence[str]) -> Console:
    """Return a console for errors in the command line itself, which has to be guessed from unparsed words."""
    text = " ".join(words)
    output = next((form for form in ("json", "yaml") if any(f"{flag}{form}" in text for flag in _OUTPUT)), "table")
    return Console(output=output, color=False if "--no-color" in words else None)


_OUTPUT = ("-o ", "-o", "--output ", "--output=")


def _silence_stdout() -> None:
    """Keep Python from complaining about the closed pipe once more while it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
