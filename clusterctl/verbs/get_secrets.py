"""List the secrets of a cloud's secret store, which a SecretStore's manifest names: their keys, never their values.

Asks with your own identity for the cloud, so it shows what is there before the operator is given the store; it does not show
whether the operator may read it. `-o name` prints keys only.
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clusterctl import flags
from clusterctl.console import console_of, document
from clusterctl.terminal import one_line, table
from infra.errors import ConfigRejected, NotFound, UsageError

KINDS = ("SecretStore", "ClusterSecretStore")


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_file(parser, text="a SecretStore or ClusterSecretStore; `-` reads stdin")
    parser.add_argument("--match", metavar="REGEXP", default="", help="only keys in which this is found")
    flags.add_output(parser, "name")


def run(args: Namespace) -> int:
    """Print the list."""
    console = console_of(args)
    manifest = _manifest(args.file)
    keys = _keys(manifest, args.match)
    name = str((manifest.get("metadata") or {}).get("name", ""))
    if args.output == "name":
        if keys:
            console.result({}, "\n".join(one_line(key) for key in keys))
        return 0
    data = document("SecretList", {"store": name, "items": [{"key": key} for key in keys]})
    rows = [[one_line(key), one_line(name)] for key in keys]
    console.result(data, table(("KEY", "STORE"), rows, console.style) if keys else "no secrets")
    return 0


def _manifest(file: str) -> Mapping[str, Any]:
    """Return the first store in the file."""
    import yaml

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
        found = [item for item in yaml.safe_load_all(text) if isinstance(item, dict) and item.get("kind") in KINDS]
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}", next_step="correct -f") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigRejected(f"{file} is not YAML", detail=str(error)) from error
    if not found:
        raise ConfigRejected(f"{file} holds no {' or '.join(KINDS)}", next_step="docs/secrets.md shows one")
    return found[0]


def _keys(manifest: Mapping[str, Any], match: str) -> list[str]:
    from infra import secrets
    from infra.secrets.base import Query

    try:
        re.compile(match)
    except re.error as error:
        raise UsageError(f"--match is no regular expression: {error}") from error
    spec = manifest.get("spec")
    return secrets.opened(spec.get("provider") if isinstance(spec, dict) else None).find(Query(match))
