"""Where the command starts and ends. The overview is printed from a table, before argparse or anything else is imported."""

import os
import sys

from clusterctl.commands import overview

_HELP = {"-h", "--help", "help"}


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    if not words or (words[0] in _HELP and len(words) == 1):
        print(overview())
        return 0
    from clusterctl.dispatch import dispatch

    return dispatch(words)


def entry() -> None:
    """Run the command line and end the process at once: taking every loaded module apart first takes 30 ms and serves nobody."""
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or 74  # EX_IOERR of sysexits.h: what was written did not arrive
    os._exit(code)
