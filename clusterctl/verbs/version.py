"""Print the version of Hera and of what it works with."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from importlib import metadata

from clusterctl import flags
from clusterctl.console import API_VERSION, console_of, document

_SECONDS = 20


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_output(parser)
    parser.add_argument("--short", action="store_true", help="only Hera's own version")


def run(args: Namespace) -> int:
    """Print it."""
    console, own = console_of(args), _own()
    if args.short:
        console.result({"version": own}, own)
        return 0
    found = {"hera": own, "api": API_VERSION, "python": sys.version.split()[0], "terraform": _terraform() or "not on the PATH"}
    console.result(document("Version", found), "\n".join(f"{name:<10} {value}" for name, value in found.items()))
    return 0


def _own() -> str:
    try:
        return metadata.version("hera-platform")
    except metadata.PackageNotFoundError:
        return "unknown (not installed)"


def _terraform() -> str:
    """Ask terraform itself; it takes longer than everything else here, so only this verb does."""
    binary = shutil.which("terraform")
    if binary is None:
        return ""
    try:
        done = subprocess.run([binary, "version", "-json"], capture_output=True, text=True, timeout=_SECONDS, check=True)
        return str(json.loads(done.stdout)["terraform_version"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return "does not answer"
