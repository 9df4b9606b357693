"""Finds clusters: the ledgers of the real state store and of the simulation, and which of the two a command means."""

from __future__ import annotations

import os
from argparse import Namespace
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clusterctl import engines, home
from clusterctl.console import console_of
from infra.errors import NotFound, UsageError, WaitAndRetry
from infra.homes import simulation_home

if TYPE_CHECKING:
    from infra.objects import ObjectStore
    from steps.common.ledger import Ledger, Ledgers


@dataclass(frozen=True)
class Place:
    """Where ledgers and states live, and whether what they describe is simulated."""

    state: str
    simulated: bool
    engine: str = engines.LOCAL
    """Which engine works on what is kept here."""

    def store(self) -> ObjectStore:
        """Open the store; one in the management cluster through it."""
        from steps.common.ledger import open_store

        return engines.inside().open_store(self.state) if self.engine == engines.ARGO else open_store(self.state)

    def ledgers(self) -> Ledgers:
        """Open the ledgers."""
        from steps.common.ledger import Ledgers

        return Ledgers(self.store())

    @property
    def title(self) -> str:
        """How results name this place."""
        if self.engine == engines.ARGO:
            return "on the management cluster's simulator" if self.simulated else f"in {self.state}"
        return "on the simulator" if self.simulated else f"in {self.state}"


def real_state(args: Namespace) -> str:
    """Return the state URL in force: flag, environment, what `init` remembered; empty when there is none."""
    return str(args.state or os.environ.get("HERA_STATE") or home.load_config().get("state") or "")


def simulated_place(args: Namespace) -> Place:
    """Return the simulation's place."""
    return Place(str(args.state) or home.simulated_state(), True)


def place_for_spec(args: Namespace) -> Place:
    """Return where a spec's cluster is planned and made."""
    engine = engines.chosen(args)
    engines.say(args, engine)
    if engine == engines.ARGO:
        engines.check_simulation(args, engines.required())
        return managed_place(args)
    if args.simulate:
        return simulated_place(args)
    state = real_state(args)
    if not state:
        raise UsageError(
            "no place is known where states and the ledger live",
            next_step="run `clusterctl init` once, or add --simulate to try it without an account",
        )
    return Place(state, False)


def managed_place(args: Namespace) -> Place:
    """Return the management cluster's place."""
    management = engines.required()
    state = str(args.state or management.state)
    if not state:
        raise UsageError("no place is known where runs keep states and the ledger", next_step="clusterctl bootstrap --state URL")
    return Place(state, management.simulation, engines.ARGO)


def places(args: Namespace) -> list[Place]:
    """Return every place that may hold clusters: the management cluster's first, then the real one."""
    if args.engine == engines.ARGO:
        return [managed_place(args)]
    local = _local_places(args)
    management = None if args.engine else engines.configured()
    if management is None or not management.state or args.state or (args.simulate and not management.simulation):
        return local
    managed = managed_place(args)
    return [managed, *(place for place in local if place.state != managed.state)]


def _local_places(args: Namespace) -> list[Place]:
    if args.simulate:
        return [simulated_place(args)]
    state = real_state(args)
    found = [Place(state, False)] if state else []
    if args.state:
        return found
    return found + ([Place(home.simulated_state(), True)] if simulation_home().exists() else [])


@dataclass(frozen=True)
class Found:
    """A cluster's ledger and where it was found."""

    place: Place
    ledger: Ledger

    @property
    def simulated(self) -> bool:
        """Whether the cluster exists only on the simulator."""
        return self.ledger.simulated or self.place.simulated


def find(args: Namespace, name: str) -> Found | None:
    """Return the cluster of that name; a real one before a simulated one."""
    for place in places(args):
        ledger = place.ledgers().find(name)
        if ledger is not None:
            return Found(replace(place, simulated=place.simulated or ledger.simulated), ledger)
    return None


def get(args: Namespace, name: str) -> Found:
    """Return the cluster of that name, or raise `NotFound`."""
    found = find(args, name)
    if found is None:
        looked = " and ".join(place.title for place in places(args)) or "nowhere: there is no state store and no simulation"
        raise NotFound(f"no cluster {name!r} (looked {looked})", next_step="clusterctl get clusters")
    return found


def every(args: Namespace) -> list[Found]:
    """Return all clusters of all places, by name."""
    found = []
    for place in places(args):
        try:
            ledgers = place.ledgers().all()
        except WaitAndRetry as error:
            if place.engine != engines.ARGO or args.engine:
                raise
            console_of(args).say(f"not looked {place.title}: {error.message}")
            continue
        found += [Found(replace(place, simulated=place.simulated or ledger.simulated), ledger) for ledger in ledgers]
    return sorted(found, key=lambda item: (item.ledger.name, item.simulated))
