"""`python -m infra.simulator`: a provider plugin when terraform starts it, small tools when a person does."""

import argparse
import os
import shlex
import sys
from pathlib import Path

from infra.simulator.schema import versions


def main(arguments: list[str]) -> int:
    """Serve a provider, or run a tool."""
    if len(arguments) == 1 and arguments[0] in versions():
        return _serve(arguments[0])
    parser = _parser()
    options = parser.parse_args(arguments)
    from infra.simulator.errors import UsageError

    try:
        tool: int = options.run(options)
        return tool
    except UsageError as error:
        parser.exit(2, f"{error}\n")


def _serve(provider: str) -> int:
    from infra.simulator.provider import run

    home = os.environ.get("HERA_SIMULATOR_HOME")
    if not home:
        sys.exit("HERA_SIMULATOR_HOME is not set: get the environment with `python -m infra.simulator env`")
    run(provider, Path(home))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.simulator", description="The simulated cloud.")
    home = Path(os.environ.get("HERA_SIMULATOR_HOME", ".simulator"))
    parser.add_argument("--home", type=Path, default=home, help="folder of the simulation (default: %(default)s)")
    verbs = parser.add_subparsers(required=True)
    for name, run, words in (
        ("env", _env, "print the exports a plain terraform needs"),
        ("ls", _ls, "list the objects of the simulated cloud"),
        ("calls", _calls, "show the log of calls"),
        ("reset", _reset, "empty the simulated cloud"),
    ):
        verb = verbs.add_parser(name, help=words)
        verb.add_argument("--home", type=Path, default=argparse.SUPPRESS)
        verb.set_defaults(run=run)
    verb = verbs.add_parser("serve", help="serve the simulated cloud over the network; the token is in HERA_SIMULATOR_TOKEN")
    verb.add_argument("--home", type=Path, default=argparse.SUPPRESS)
    verb.add_argument("--listen", default="127.0.0.1:8443", metavar="HOST:PORT", help="(default: %(default)s)")
    verb.set_defaults(run=_listen)
    verb = verbs.add_parser("rm", help="delete an object behind terraform's back")
    verb.add_argument("id")
    verb.set_defaults(run=_remove)
    verb = verbs.add_parser("fault", help="disturb a call to come")
    verb.add_argument("kind", choices=["error", "throttle", "hang", "die_before", "die_after"])
    verb.add_argument("type")
    verb.add_argument("operation")
    verb.add_argument("--nth", type=int, default=1)
    verb.add_argument("--message")
    verb.set_defaults(run=_fault)
    return parser


def _env(options: argparse.Namespace) -> int:
    from infra.simulator.environment import environment

    for name, value in {**environment(options.home), "HERA_SIMULATOR_NOTICE": "1"}.items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
    return 0


def _listen(options: argparse.Namespace) -> int:
    from infra.simulator.server import serve

    return serve(options.listen, options.home)


def _ls(options: argparse.Namespace) -> int:
    from infra.simulator.cloud import SimulatedCloud

    for item in SimulatedCloud(options.home).objects():
        sys.stdout.write(f"{item.type}\t{item.id}\t{item.name}\n")
    sys.stdout.write(f"(simulated: {options.home})\n")
    return 0


def _calls(options: argparse.Namespace) -> int:
    from infra.simulator.cloud import SimulatedCloud

    for call in SimulatedCloud(options.home).calls():
        outcome = call.error or ("ok" if call.ended else "never answered")
        sys.stdout.write(f"{call.started:.3f}\t{call.seconds:.3f}\t{call.operation}\t{call.type}\t{call.id}\t{outcome}\n")
    return 0


def _reset(options: argparse.Namespace) -> int:
    from infra.simulator.cloud import SimulatedCloud

    SimulatedCloud(options.home).reset()
    return 0


def _remove(options: argparse.Namespace) -> int:
    from infra.simulator.cloud import SimulatedCloud

    SimulatedCloud(options.home).remove(options.id)
    return 0


def _fault(options: argparse.Namespace) -> int:
    from infra.simulator.cloud import SimulatedCloud

    number = SimulatedCloud(options.home).fault(
        options.kind, type=options.type, operation=options.operation, nth=options.nth, message=options.message
    )
    sys.stdout.write(f"fault {number} set\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
