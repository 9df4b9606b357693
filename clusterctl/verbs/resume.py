"""Go on where an interrupted or failed run stopped: the ledger knows the operation, the spec and what was done.

What was approved needs no second yes, and what was left half-made is made anew. You are asked only if what is left would
destroy or replace anything else (--yes answers). A run that still goes on the management cluster is watched again.
Exit codes: 0 done; 80 it waits for an approval; others as the error says.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace

from clusterctl import approval, clusters, engines, flags, pipelines, runs
from clusterctl.console import Console, console_of
from clusterctl.verbs import create, delete


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_name(parser)
    flags.add_simulate(parser, "look only on the simulator")
    flags.add_yes(parser, "approve what destroys or replaces, too")
    parser.add_argument("--unprotect", action="store_true", help="lift deletion protection, where a delete stopped before that")
    flags.add_output(parser)
    flags.add_timeout(parser)
    flags.add_engine(parser, wait=True)


def run(args: Namespace) -> int:
    """Do again what the ledger says was asked last."""
    going = runs.going(args, args.name)
    if going is not None:
        return runs.watch(args, going)
    found = clusters.get(args, args.name)
    engines.say(args, found.place.engine)
    if found.place.engine == engines.LOCAL:
        pipelines.warm_up()
    console, operation = console_of(args), _operation(found)
    console.note(f"Resuming {operation} of {args.name} {found.place.title}")
    if operation == "delete":
        return delete.destroy(console, args.name, found.place, timeout=args.timeout, unprotect=args.unprotect)
    return _build(args, console, found)


def _operation(found: clusters.Found) -> str:
    """Return `create` or `delete`, whichever was asked last; a look at drift changes nothing that could be resumed."""
    runs = (found.ledger.run, *found.ledger.history)
    return next((run.operation for run in runs if run and run.operation in ("create", "delete")), "create")


def _build(args: Namespace, console: Console, found: clusters.Found) -> int:
    policy = "never" if args.yes else "destructive"
    request = replace(create.request_for(args.name, found.place, "", args.timeout, policy), wait=args.wait)
    outcome = pipelines.run(request, console, approval.Asking(console, resumed=True))
    runs.show_created(console, found.place, args.name, outcome)
    return 0
