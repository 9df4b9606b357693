"""Print or write a kubeconfig that gets its tokens from the cloud's own command: no secret is in it.

Exit codes: 0 done; 66 there is no such cluster, or it has no endpoint yet.
"""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from clusterctl import clusters, flags
from clusterctl.console import console_of
from infra.errors import NotFound


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_name(parser)
    flags.add_simulate(parser, "look only on the simulator")
    parser.add_argument("-o", "--output", choices=["yaml", "json"], default=SUPPRESS, help="form of the result (default: yaml)")
    parser.add_argument("--out", metavar="PATH", default="", help="write there (mode 0600) instead of printing")


def run(args: Namespace) -> int:
    """Ask the provider, print or write."""
    from infra import providers

    console, found = console_of(args), clusters.get(args, args.name)
    outputs = _outputs(found)
    if not outputs.get("endpoint") or not outputs.get("ca_certificate"):
        raise NotFound(f"{args.name} has no endpoint yet", next_step=f"clusterctl resume cluster {args.name}")
    config = providers.get(found.ledger.cloud).kubeconfig(found.ledger.cluster(found.ledger), outputs)
    if not console.machine:
        console.output = "yaml"
    if found.simulated:
        console.note(console.notes.yellow("simulated: no API server answers at this endpoint"))
    if not args.out:
        console.result(config, "")
        return 0
    path = Path(args.out).expanduser()
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(console.render(config) + "\n")
    console.note(f"Written. Next: {console.notes.cyan(f'kubectl --kubeconfig {path} get nodes')}")
    return 0


def _outputs(found: clusters.Found) -> dict[str, Any]:
    """Return the cluster stage's outputs; the certificate is only in the Terraform state."""
    from infra.locations import StateLocation
    from steps.common import states

    place, name = found.place, found.ledger.name
    state = states.read(place.store(), StateLocation.parse(place.state), name, "cluster")
    return {**found.ledger.stage("cluster").outputs, **states.outputs(state)}
