"""Which engine runs a command: this machine, or Argo on the management cluster. Chosen once per command, and always said."""

from __future__ import annotations

from argparse import Namespace
from functools import cache
from typing import TYPE_CHECKING

from clusterctl.console import console_of
from infra.errors import UsageError

if TYPE_CHECKING:
    from infra.kube.api import Api
    from infra.kube.inside import Inside
    from infra.management.record import Management

LOCAL, ARGO = "local", "argo"


def chosen(args: Namespace) -> str:
    """Return the engine that `--engine` or the configuration asks for."""
    if args.engine:
        return str(args.engine)
    management = configured()
    if management is None or (args.simulate and not management.simulation):
        return LOCAL
    return ARGO


def say(args: Namespace, engine: str) -> None:
    """Say which engine it is and why."""
    console, management = console_of(args), configured()
    if engine == ARGO:
        management = required()
        where = f"argo, on the management cluster {management.context or management.kubeconfig}"
    else:
        where = "local, on this machine"
    why = "--engine" if args.engine else "a management cluster is configured" if engine == ARGO else ""
    if engine == LOCAL and not args.engine:
        why = "the management cluster simulates nothing" if management else "no management cluster is configured"
    console.note(console.notes.dim(f"Engine: {where} ({why})"))


def configured() -> Management | None:
    """Return the management cluster that `clusterctl bootstrap` remembered."""
    from infra.management.record import Management

    return Management.load()


def required() -> Management:
    """Return the management cluster; raises `UsageError` when there is none."""
    found = configured()
    if found is None:
        raise UsageError("no management cluster is configured", next_step="clusterctl bootstrap, or use --engine local")
    return found


def check_simulation(args: Namespace, management: Management) -> None:
    """Refuse what would silently run in the other world."""
    if management.simulation and not args.simulate:
        raise UsageError(
            "this management cluster has only a simulated cloud", next_step="add --simulate, or use --engine local for a real one"
        )
    if args.simulate and not management.simulation:
        raise UsageError("this management cluster has no simulated cloud", next_step="use --engine local")


@cache
def _api(management: Management) -> Api:
    return management.api()


def api() -> Api:
    """Return the connection to the management cluster, one per command."""
    return _api(required())


def namespace() -> str:
    """Return the namespace of runs."""
    return required().namespace


@cache
def _inside(management: Management) -> Inside:
    from infra.kube.inside import Inside

    return Inside(_api(management), management.namespace)


def inside() -> Inside:
    """Return the way to the management cluster's stores, one per command."""
    return _inside(required())


def link(run: str) -> str:
    """Return where a run is seen in the Argo UI; where that needs a port-forward first, the command comes with it."""
    management = required()
    page = f"workflows/{management.namespace}/{run}"
    if management.ui.startswith("http"):
        return f"{management.ui.rstrip('/')}/{page}"
    if management.ui:
        return f"http://localhost:{_PORT}/{page} after `{management.ui}`"
    return f"argo get -n {management.namespace} {run}"


_PORT = 2746
"""Argo's server."""
