"""List the clusters that the ledger knows: those of the state store, and those on the simulator.

`-o name` prints names only, for scripts and completion. Exit code 66 when a NAME is given that is not there.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from clusterctl import cluster_view, clusters, engines, flags
from clusterctl.console import console_of, document
from clusterctl.terminal import Style, one_line, table


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="only this cluster")
    flags.add_simulate(parser, "only clusters on the simulator")
    flags.add_output(parser, "name")


def run(args: Namespace) -> int:
    """Print the list."""
    console = console_of(args)
    found = [clusters.get(args, args.name)] if args.name else clusters.every(args)
    if args.output == "name":
        if found:
            console.result({}, "\n".join(one_line(item.ledger.name) for item in found))
        return 0
    data = document("ClusterList", {"items": [cluster_view.status(item) for item in found] if console.machine else []})
    console.result(data, _table(found, console.style) if found else "no clusters")
    if not found:
        console.note(f"  Next: {console.notes.cyan('clusterctl create cluster -f examples/aws-dev.yaml --simulate')}")
    return 0


def _table(found: list[clusters.Found], style: Style) -> str:
    rows = [_row(item, style) for item in found]
    return table(("NAME", "CLOUD", "REGION", "ENVIRONMENT", "VERSION", "PHASE", "CHANGED", "WHERE"), rows, style)


def _row(item: clusters.Found, style: Style) -> list[str]:
    ledger = item.ledger
    version = ledger.spec.get("spec", {}).get("kubernetes", {}).get("version", "")
    changed = max((record.changed_at for record in ledger.stages.values()), default="")
    cells = [one_line(cell) for cell in (ledger.name, ledger.cloud, ledger.region, ledger.environment, version)]
    return [*cells, cluster_view.phase(ledger, style), one_line(changed), _where(item)]


def _where(item: clusters.Found) -> str:
    where = "simulator" if item.simulated else "cloud"
    return f"{where}, by argo" if item.place.engine == engines.ARGO else where
