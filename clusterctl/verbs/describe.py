"""Show one cluster: stages, outputs (never sensitive ones), the last runs, drift, who holds it, and what to type next."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from clusterctl import cluster_view, clusters, flags
from clusterctl.console import console_of


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_name(parser)
    flags.add_simulate(parser, "look only on the simulator")
    flags.add_output(parser)


def run(args: Namespace) -> int:
    """Print what the ledger knows."""
    console, found = console_of(args), clusters.get(args, args.name)
    lock = found.place.ledgers().lock(args.name)
    console.result(cluster_view.status(found, lock), cluster_view.describe(found, lock, console.style))
    return 0
