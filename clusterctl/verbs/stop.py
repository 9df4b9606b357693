"""Stop a run on the management cluster: its step finishes the call it is in, the exit handler gives the cluster's lock back.

RUN is a run's name, or a cluster's. `clusterctl resume cluster NAME` goes on later. Exit codes: 0 asked; 66 it has ended.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from clusterctl import engines, flags, runs
from clusterctl.console import console_of, document


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_run(parser)
    flags.add_output(parser)


def run(args: Namespace) -> int:
    """Ask."""
    from workflows.argo import answers

    console = console_of(args)
    found = answers.stop(engines.api(), engines.namespace(), runs.find(args.run_name).name)
    console.result(document("Stop", {"run": found.name}), f"{console.style.yellow('■')} {found.name} is stopping")
    console.note(f"  Next: {console.notes.cyan(f'clusterctl resume cluster {found.cluster}')} once it has ended")
    return 0
