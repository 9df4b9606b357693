"""List the runs on the management cluster, the newest first: what they do, who asked, what they wait for.

`-o name` prints names only.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from clusterctl import flags, runs
from clusterctl.console import console_of, document


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="only runs of this cluster")
    parser.add_argument("--live", action="store_true", help="only runs that have not ended")
    flags.add_output(parser, "name")


def run(args: Namespace) -> int:
    """Print the list."""
    console = console_of(args)
    found = [item for item in runs.every(args.name) if not (args.live and item.ended)]
    if args.output == "name":
        if found:
            console.result({}, "\n".join(item.name for item in found))
        return 0
    data = document("RunList", {"items": [runs.data(item) for item in found]})
    console.result(data, runs.rows(found, console.style) if found else "no runs")
    return 0
