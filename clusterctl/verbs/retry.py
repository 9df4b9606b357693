"""Ask for the same again: a new run with the parameters of an old one, which goes on from the ledger; RUN is a run or a cluster.

What is done is compared and not done twice. With --from, stages before STAGE have to be applied already; otherwise it is refused.
Exit codes: as those of `create`.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from clusterctl import clusters, engines, flags, runs
from clusterctl.console import console_of
from infra.errors import StateLocked, UsageError

ORDER = ("network", "cluster", "platform")


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_run(parser)
    parser.add_argument(
        "--from", dest="stage", metavar="STAGE", choices=ORDER, default="", help="stages before this one are done"
    )
    flags.add_yes(parser, "approve every plan without being asked")
    flags.add_output(parser)
    flags.add_timeout(parser)
    flags.add_engine(parser, wait=True)


def run(args: Namespace) -> int:
    """Look, check, start, follow."""
    if args.engine == engines.LOCAL:
        raise UsageError("runs are on the management cluster", next_step="clusterctl resume cluster NAME for the local engine")
    console, found = console_of(args), runs.find(args.run_name)
    if not found.ended:
        raise StateLocked(f"{found.name} has not ended", next_step=f"clusterctl stop {found.name}, or watch it")
    request = runs.again(args, found)
    if args.stage:
        _require(request.place, found.cluster, args.stage)
    engines.say(args, engines.ARGO)
    return runs.follow(args, console, request)


def _require(place: clusters.Place, cluster: str, stage: str) -> None:
    ledger = place.ledgers().get(cluster)
    for name in ORDER[: ORDER.index(stage)]:
        if ledger.stage(name).phase != "applied":
            raise UsageError(
                f"the stage {name} of {cluster} is {ledger.stage(name).phase}, so nothing can begin at {stage}",
                next_step=f"clusterctl retry {cluster}",
            )
