"""How an error reaches a person or a program: what happened, whether a retry helps, what to type next. Never a traceback."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Sequence

from clusterctl import home
from clusterctl.console import Console, document
from clusterctl.terminal import clean
from infra.errors import HeraError

_DETAIL_LINES = 12


class Internal(HeraError):
    """Something that Hera's authors have to mend."""

    code, exit_code = "INTERNAL", 70


def show(error: HeraError, console: Console) -> int:
    """Show an error and return the exit code."""
    if console.machine:
        console.result(document("Error", error.to_dict() | {"exitCode": error.exit_code}), "")
    style = console.notes
    console.say(f"{style.paint(f'Error {error.code}', 'red', 'bold')}: {clean(error.message)}")
    console.say(f"  {style.bold('Retry:')} {_retry(error)}")
    if error.next_step:
        console.say(f"  {style.bold('Next: ')} {style.cyan(clean(error.next_step))}")
    lines = clean(error.detail).strip().splitlines()
    if lines:
        shown = lines[-_DETAIL_LINES:]
        console.say(f"  {style.bold('Detail:')}" + (f" (last {len(shown)} of {len(lines)} lines)" if shown != lines else ""))
        for line in shown:
            console.say(style.dim(f"    {line}"))
    return error.exit_code


def _retry(error: HeraError) -> str:
    return "helps: the same request works later" if error.retryable else "does not help: something has to change first"


def crash(error: BaseException, argv: Sequence[str]) -> Internal:
    """Write a crash report and return the error that names it."""
    text = "".join(traceback.format_exception(error))
    try:
        path = home.crashes() / f"{time.strftime('%Y%m%dT%H%M%S')}-{error.__class__.__name__}.txt"
        path.write_text(f"clusterctl {' '.join(argv)}\npython {sys.version}\nplatform {sys.platform}\n\n{text}")
        path.chmod(0o600)
    except OSError:
        return Internal(f"an unexpected {error.__class__.__name__}: {error}", detail=text, next_step="report it with the detail")
    return Internal(
        f"an unexpected {error.__class__.__name__}: {error}",
        next_step=f"run the command again; if it stays, report it with the file {path}",
    )
