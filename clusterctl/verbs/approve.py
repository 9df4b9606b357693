"""Say yes to the plan that a run on the management cluster waits with; RUN is a run's name, or a cluster's.

Who said it is whom the API server sees, never what is typed. Exit codes: 0 answered; 66 nothing waits; 77 you may not.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from clusterctl import flags, runs


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_run(parser)
    parser.add_argument("--stage", metavar="STAGE", default="", help="refuse to answer for any other stage")
    flags.add_output(parser)


def run(args: Namespace) -> int:
    """Answer."""
    return runs.answer(args, approved=True)
