"""Flags that several verbs share, so that one word means the same everywhere."""

from __future__ import annotations

import argparse
import re


def add_file(parser: argparse.ArgumentParser, *, required: bool = True, text: str = "the cluster spec; `-` reads stdin") -> None:
    """Add `-f`."""
    parser.add_argument("-f", "--file", metavar="FILE", required=required, default="", help=text)


def add_output(parser: argparse.ArgumentParser, *extra: str) -> None:
    """Add `-o`."""
    choices = ["table", "json", "yaml", *extra]
    parser.add_argument("-o", "--output", choices=choices, default=argparse.SUPPRESS, help="form of the result (default: table)")


def add_name(parser: argparse.ArgumentParser) -> None:
    """Add the cluster's name."""
    parser.add_argument("name", metavar="NAME", help="the cluster's name")


def add_simulate(parser: argparse.ArgumentParser, text: str = "use the simulated cloud: real terraform, no account") -> None:
    """Add `--simulate`."""
    parser.add_argument("--simulate", action="store_true", default=argparse.SUPPRESS, help=text)


def add_yes(parser: argparse.ArgumentParser, text: str) -> None:
    """Add `--yes`."""
    parser.add_argument("-y", "--yes", action="store_true", default=argparse.SUPPRESS, help=text)


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add `--timeout`."""
    parser.add_argument(
        "--timeout",
        metavar="TIME",
        type=seconds,
        default=argparse.SUPPRESS,
        help="stop cleanly after this long (90s, 30m, 2h); `clusterctl resume` goes on later",
    )


_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(text: str) -> int:
    """Read a duration."""
    found = re.fullmatch(r"(\d+)([smh]?)", text)
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no time; accepted: 90s, 30m, 2h")
    return int(found[1]) * _UNITS[found[2]]


def add_engine(parser: argparse.ArgumentParser, *, wait: bool = False) -> None:
    """Add `--engine`, and `--wait` where somebody elsewhere may answer."""
    parser.add_argument(
        "--engine",
        choices=["local", "argo"],
        default=argparse.SUPPRESS,
        help="where it runs: this machine, or the management cluster (default: argo when one is configured)",
    )
    if wait:
        parser.add_argument(
            "--wait",
            action="store_true",
            default=argparse.SUPPRESS,
            help="on argo: stay until somebody elsewhere has answered",
        )


def add_run(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Add the run's name."""
    parser.add_argument("run_name", metavar="RUN", nargs="?" if optional else None, default="", help="the run, or its cluster")
