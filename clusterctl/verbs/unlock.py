"""Release a cluster's lock whose holder died; says who it was. The lock of a living run is never taken.

Exit codes: 0 released, or there was no lock; 75 the holder lives, or runs on another machine.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from clusterctl import clusters, engines, flags, runs
from clusterctl.console import console_of, document
from clusterctl.terminal import clean
from infra.errors import StateLocked


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_name(parser)
    flags.add_simulate(parser, "look only on the simulator")
    flags.add_output(parser)


def run(args: Namespace) -> int:
    """Look who holds it; release it only when that process is surely gone."""
    from steps.common.ledger import describe
    from steps.common.processes import is_dead

    console, place = console_of(args), clusters.get(args, args.name).place
    ledgers = place.ledgers()
    holder = ledgers.lock(args.name)
    if holder is None:
        console.result(document("Unlock", {"name": args.name, "released": None}), f"{args.name} is not locked")
        return 0
    dead = runs.is_over(holder.run) if place.engine == engines.ARGO else is_dead(holder)
    if not dead:
        raise StateLocked(
            describe(args.name, holder),
            next_step="wait for that run; if it hangs, stop its process there, then unlock on that machine",
        )
    ledgers.release(args.name, holder.run)
    text = f"{console.style.green('✓')} released; the dead holder: {clean(describe(args.name, holder))}"
    console.result(document("Unlock", {"name": args.name, "released": vars(holder)}), text)
    console.note(f"  Next: {console.notes.cyan(f'clusterctl resume cluster {args.name}')}")
    return 0
