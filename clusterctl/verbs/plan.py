"""Show what a spec would change: counts, what is destroyed or replaced and why, security first, cost, drift.

Nothing is changed and nothing is stored that could be applied. A page to look at is written as well.
Exit codes: 0 nothing to do; 2 there are changes.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from clusterctl import clusters, flags, plan_view, previews, specs
from clusterctl.console import console_of

CHANGES = 2


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_file(parser)
    flags.add_simulate(parser)
    flags.add_output(parser)
    flags.add_timeout(parser)
    flags.add_engine(parser)
    parser.add_argument("--full", action="store_true", help="every resource and every attribute, nothing grouped")
    parser.add_argument("--html", metavar="PATH", default="", help="where to write the page (default: under HERA_HOME)")


def run(args: Namespace) -> int:
    """Plan, print, write the page."""
    console, spec, place = console_of(args), specs.read(args.file), clusters.place_for_spec(args)
    summary = previews.preview(spec, place, console, args)
    page = previews.write_page(summary, args.html)
    console.result(summary.to_dict(), plan_view.render(summary, console.style, full=args.full))
    console.note(f"\nPage: {page}")
    if summary.verdict == "none":
        return 0
    console.note(f"Next: {console.notes.cyan(f'clusterctl create cluster {spec.typed}' + simulate_flag(place))}")
    return CHANGES


def simulate_flag(place: clusters.Place) -> str:
    """Return the flag that names this place on a command line."""
    return " --simulate" if place.simulated else ""
