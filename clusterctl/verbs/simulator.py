"""Look at the simulated cloud and disturb it: what a real cloud would do to you, on command.

  clusterctl simulator ls --cluster shop                            what it holds
  clusterctl simulator drift vpc-0a1b --set tags.owner=mallory      change an object behind terraform's back
  clusterctl simulator drift vpc-0a1b --remove                      delete one
  clusterctl simulator fault throttle --type aws_subnet --nth 3     refuse the third call
  clusterctl simulator quota aws_eip 2                              allow two addresses
  clusterctl simulator latency 0.01                                 real times, a hundred times faster
  eval "$(clusterctl simulator env)"                                let a plain terraform work on it

All of it is kept in HERA_HOME/simulation/cloud, or on the management cluster with --engine argo; nothing here ever calls a real
cloud.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from clusterctl import engines, flags
from clusterctl.parsers import Parser, add_common
from clusterctl.simulation import ACTIONS

FAULTS = ("error", "throttle", "hang", "die_before", "die_after")
OPERATIONS = ("*", "create", "read", "update", "delete", "import", "data")


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes: one word more."""
    words = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    for name, (text, add) in _PARTS.items():
        part = words.add_parser(name, help=text, description=text, allow_abbrev=False)
        add_common(part)
        flags.add_engine(part)
        add(part)


def run(args: Namespace) -> int:
    """Do it, here or on the management cluster's simulated cloud."""
    if args.engine == engines.ARGO:
        os.environ["HERA_SIMULATOR_URL"], os.environ["HERA_SIMULATOR_TOKEN"] = engines.inside().simulator()
    return ACTIONS[args.action](args)


def _ls(parser: ArgumentParser) -> None:
    parser.add_argument("--type", metavar="PATTERN", default="*", help="only types like this: aws_subnet, google_*")
    parser.add_argument("--cluster", metavar="NAME", default="", help="only what carries this cluster's tag")
    flags.add_output(parser)


def _drift(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="the object's id, as `ls` shows it")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--set", metavar="PATH=VALUE", action="append", help="change an attribute; the value is JSON or text")
    what.add_argument("--remove", action="store_true", help="delete the object")


def _fault(parser: ArgumentParser) -> None:
    parser.add_argument("kind", choices=[*FAULTS, "list", "clear"], help="what happens, or `list` and `clear` for those set")
    parser.add_argument("--type", metavar="TYPE", default="*", help="the resource type it happens to (default: any)")
    parser.add_argument("--operation", choices=OPERATIONS, default="*", help="the call it happens to (default: any)")
    parser.add_argument("--nth", type=int, default=1, metavar="N", help="at which matching call from now (default: 1)")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="at how many calls in a row (default: 1)")
    parser.add_argument("--message", metavar="TEXT", default=None, help="the cloud's words; a real text by default")
    parser.add_argument("--seconds", type=float, default=None, metavar="S", help="how long a hang takes")
    flags.add_output(parser)


def _quota(parser: ArgumentParser) -> None:
    parser.add_argument("type", metavar="TYPE", help="the resource type")
    parser.add_argument("limit", metavar="LIMIT", help="how many one region or project may hold, or `none`")


def _latency(parser: ArgumentParser) -> None:
    parser.add_argument("scale", metavar="SCALE", type=float, help="0 is at once, 1 as slow as the real cloud")


def _calls(parser: ArgumentParser) -> None:
    parser.add_argument("--failed", action="store_true", help="only calls that were refused or never ended")
    parser.add_argument("--last", type=int, default=50, metavar="N", help="how many, the newest (default: 50; 0: all)")
    parser.add_argument("--clear", action="store_true", help="empty the log")
    flags.add_output(parser)


def _reset(parser: ArgumentParser) -> None:
    flags.add_yes(parser, "do not ask")


def _env(parser: ArgumentParser) -> None:
    flags.add_output(parser)


_PARTS: dict[str, tuple[str, Callable[[ArgumentParser], None]]] = {
    "ls": ("List what the simulated cloud holds", _ls),
    "drift": ("Change or delete an object behind terraform's back", _drift),
    "fault": ("Let a call fail, hang, or kill the provider", _fault),
    "quota": ("Limit how many objects of a type there may be", _quota),
    "latency": ("Let calls take time, scaled from real figures", _latency),
    "calls": ("Show the log of calls", _calls),
    "reset": ("Empty the simulated cloud: objects, faults, quotas, log", _reset),
    "env": ("Print what a plain terraform needs to work on the simulated cloud", _env),
}
