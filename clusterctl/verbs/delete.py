"""Delete a cluster: drain what Kubernetes made in the cloud, destroy in reverse, then list by ownership tag what is left.

Asks for the cluster's name unless --yes. Works on a half-made cluster; with -f even when the ledger knows nothing of it.
Exit codes: 0 nothing is left; 79 it is protected (--unprotect lifts that); 86 something is left, which is listed.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from clusterctl import cluster_view, clusters, engines, flags, pipelines, specs
from clusterctl.console import Console, console_of, document
from clusterctl.terminal import duration, one_line
from infra.errors import ApprovalRejected, AwaitingApproval, NotFound, UsageError


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_name(parser)
    flags.add_file(parser, required=False, text="the cluster spec, for a cluster that the ledger does not know")
    flags.add_simulate(parser, "look only on the simulator")
    flags.add_yes(parser, "do not ask for the name")
    parser.add_argument("--unprotect", action="store_true", help="lift deletion protection first")
    flags.add_output(parser)
    flags.add_timeout(parser)
    flags.add_engine(parser)


def run(args: Namespace) -> int:
    """Find, ask, destroy."""
    console = console_of(args)
    place, text = _what(args, console)
    if text == "":
        engines.say(args, place.engine)
    if not args.yes:
        _ask(args, console, place)
    return destroy(console, args.name, place, timeout=args.timeout, unprotect=args.unprotect, spec=text)


def _what(args: Namespace, console: Console) -> tuple[clusters.Place, str]:
    """Return where the cluster is and its spec, which only a cluster without a ledger needs."""
    found = clusters.find(args, args.name)
    if found is not None:
        _say_what(console, found)
        return found.place, ""
    if not args.file:
        raise NotFound(
            f"no cluster {args.name!r} in the ledger",
            next_step=f"clusterctl get clusters; or, with its spec: clusterctl delete cluster {args.name} -f FILE",
        )
    spec = specs.read(args.file)
    if spec.cluster.name != args.name:
        raise UsageError(
            f"{args.file} describes {spec.cluster.name!r}, not {args.name!r}", next_step="name the same cluster twice"
        )
    return clusters.place_for_spec(args), spec.text


def _say_what(console: Console, found: clusters.Found) -> None:
    ledger = found.ledger
    stages = ", ".join(f"{name} {record.phase}" for name, record in cluster_view.in_order(ledger)) or "nothing made yet"
    console.note(
        f"{console.notes.bold(one_line(ledger.name))}  {one_line(ledger.cloud)} {one_line(ledger.region)} "
        f"({one_line(ledger.environment)}), {found.place.title}: {one_line(stages)}"
    )


def _ask(args: Namespace, console: Console, place: clusters.Place) -> None:
    again = f"clusterctl delete cluster {args.name} --yes"
    if not console.interactive:
        raise AwaitingApproval(f"deleting {args.name} has to be confirmed", next_step=again)
    style = console.notes
    typed = console.ask(f"{style.red('Everything in it will be destroyed')} {place.title}. Type the cluster's name to go on: ")
    if typed != args.name:
        raise ApprovalRejected("that is not the cluster's name; nothing was changed", next_step=again)


def destroy(console: Console, name: str, place: clusters.Place, *, timeout: int, unprotect: bool, spec: str = "") -> int:
    """Run the pipeline and say what it proved."""
    request = pipelines.Request(
        template="delete-cluster",
        title=f"Deleting {name} {place.title}",
        cluster=name,
        place=place,
        spec=spec,
        extra={"unprotect": "true" if unprotect else "false"},
        timeout=timeout,
        resume=f"clusterctl resume cluster {name}",
    )
    outcome = pipelines.run(request, console)
    timing = outcome.timing()
    data = document("Deletion", {"name": name, "simulated": place.simulated, "left": [], "timing": timing})
    mark = console.style.yellow(" (simulated)") if place.simulated else ""
    text = f"{console.style.green('✓')} {console.style.bold(name)} is deleted, nothing with its tag is left{mark}"
    console.result(data, f"{text} ({duration(timing['seconds'])}: {cluster_view.times(timing)})")
    return 0
