"""Check a cluster spec without touching anything: every problem is shown at once, with its line and what is accepted.

Exit codes: 0 the spec is valid; 65 it is not; 66 there is no such file.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from clusterctl import flags, specs
from clusterctl.console import console_of, document
from clusterctl.terminal import one_line


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
    about = cluster.spec
    pools = f"{len(about.node_pools)} node pool{'s' if len(about.node_pools) != 1 else ''}"
    text = (
        f"{console.style.green('✓')} {console.style.bold(one_line(cluster.name))} is valid: {one_line(about.cloud)} {one_line(about.region)}, "
        f"{about.environment}, Kubernetes {about.kubernetes.version}, {len(about.network.zones)} zones, {pools}"
    )
    console.result(data, text)
    console.note(f"  Next: {console.notes.cyan(f'clusterctl plan cluster {spec.typed}')}")
    return 0
