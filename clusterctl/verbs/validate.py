"""Check a cluster spec without touching anything: every problem is shown at once, with its line and what is accepted.

Exit codes: 0 the spec is valid; 65 it is not; 66 there is no such file.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from clusterctl import flags, specs
from clusterctl.console import console_of, document
from clusterctl.terminal import one_line

if TYPE_CHECKING:
    from infra.spec.model import Cluster


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_file(parser)
    flags.add_output(parser)
    parser.add_argument("--show-defaults", action="store_true", help="print the spec with every default written out")


def run(args: Namespace) -> int:
    """Read the spec; refusing it is the loader's work."""
    console, spec = console_of(args), specs.read(args.file)
    cluster = spec.cluster
    data = document("Validation", {"valid": True, "file": args.file, "cluster": cluster.dump()})
    if args.show_defaults:
        if not console.machine:
            console.output = "yaml"
        console.result(cluster.dump(), "")
        return 0
    head = f"{console.style.green('✓')} {console.style.bold(one_line(cluster.name))} is valid"
    console.result(data, f"{head}: {one_line(_in_words(cluster))}")
    console.note(f"  Next: {console.notes.cyan(f'clusterctl plan cluster {spec.typed}')}")
    return 0


def _in_words(cluster: Cluster) -> str:
    spec = cluster.spec
    counts = [(len(spec.network.zones), "zone"), (len(spec.node_pools), "node pool")]
    sizes = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts)
    return f"{spec.cloud} {spec.region}, {spec.environment}, Kubernetes {spec.kubernetes.version}, {sizes}"
