"""Print the JSON Schema of the cluster spec, for editors and for CI.

For example in VS Code's YAML extension: `# yaml-language-server: $schema=cluster.schema.json` on the file's first line.
"""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, Namespace

from clusterctl.console import console_of


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("-o", "--output", choices=["json", "yaml"], default=SUPPRESS, help="form of the result (default: json)")


def run(args: Namespace) -> int:
    """Print it."""
    from infra.spec.schema import json_schema

    console = console_of(args)
    if not console.machine:
        console.output = "json"
    console.result(json_schema(), "")
    return 0
