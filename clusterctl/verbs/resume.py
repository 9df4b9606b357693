"""Go on where an interrupted or failed run stopped: the ledger knows the operation, the spec and what was done.

What was approved needs no second yes, and what was left half-made is made anew. You are asked only if what is left would
destroy or replace anything else (--yes answers). A run that still goes on the management cluster is watched again; one that
ended before it began is started again, unless it was to delete: that is said and not done.
Exit codes: 0 done; 80 it waits for an approval; others as the error says.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from clusterctl import approval, clusters, engines, flags, pipelines, runs
from clusterctl.console import Console, console_of
from clusterctl.verbs import create, delete
from infra.errors import NotFound, UsageError

if TYPE_CHECKING:
    from steps.common.ledger import RunRecord
    from workflows.argo.runs import Run


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
    """Do again what was asked last: the ledger knows, or a run that ended before it got there."""
    newest = runs.newest(args, args.name)
    if newest is not None and not newest.ended:
        return runs.watch(args, newest)
    try:
        found = clusters.get(args, args.name)
    except NotFound:
        if newest is None or newest.phase == "Succeeded" or newest.pipeline == runs.DELETE:
            raise
        return _begin(args, newest)
    if newest is not None and newest.phase != "Succeeded" and found.place.engine == engines.ARGO and not _began(newest, found):
        return _begin(args, newest)
    engines.say(args, found.place.engine)
    if found.place.engine == engines.LOCAL:
        pipelines.warm_up()
    console, operation = console_of(args), _operation(found)
    console.note(f"Resuming {operation} of {args.name} {found.place.title}")
    if operation == "delete":
        return delete.destroy(console, args.name, found.place, timeout=args.timeout, unprotect=args.unprotect)
    return _build(args, console, found)


def _known(found: clusters.Found) -> list[RunRecord]:
    """Return the runs that the ledger knows and that could be resumed, the newest first; a look at drift changes nothing."""
    records = (found.ledger.run, *found.ledger.history)
    return [record for record in records if record and record.operation in ("create", "delete")]


def _operation(found: clusters.Found) -> str:
    """Return `create` or `delete`, whichever was asked last."""
    return next((record.operation for record in _known(found)), "create")


def _began(run: Run, found: clusters.Found) -> bool:
    """Tell whether a run got as far as the ledger, or something else did since."""
    return any(record.id == run.name or record.started > run.started for record in _known(found))


def _begin(args: Namespace, run: Run) -> int:
    """Start a run again that ended before it began; nobody expects `resume` to delete what nothing was yet deleted of."""
    if run.pipeline == runs.DELETE:
        raise UsageError(
            f"the run {run.name} was to delete {run.cluster} and ended before it began: nothing was deleted",
            next_step=f"clusterctl retry {run.name} deletes it",
        )
    console = console_of(args)
    engines.say(args, engines.ARGO)
    console.note(f"The run {run.name} ended before it began: asking for the same again")
    return runs.follow(args, console, runs.again(args, run))


def _build(args: Namespace, console: Console, found: clusters.Found) -> int:
    policy = "never" if args.yes else "destructive"
    request = replace(create.request_for(args.name, found.place, "", args.timeout, policy), wait=args.wait)
    outcome = pipelines.run(request, console, approval.Asking(console, resumed=True))
    runs.show_created(console, found.place, args.name, outcome)
    return 0
