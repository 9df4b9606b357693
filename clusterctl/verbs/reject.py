"""Say no to the plan that a run on the management cluster waits with: nothing is applied, and the run ends as failed.

Exit codes: 0 answered; 66 nothing waits; 77 you may not.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from clusterctl import runs
from clusterctl.verbs import approve


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    approve.add_arguments(parser)


def run(args: Namespace) -> int:
    """Answer."""
    return runs.answer(args, approved=False)
