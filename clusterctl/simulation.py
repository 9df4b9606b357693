"""What `clusterctl simulator` does: the simulated cloud seen from outside, in words and as data."""

from __future__ import annotations

import json
import shlex
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from fnmatch import fnmatchcase
from functools import wraps
from typing import TYPE_CHECKING, Any

from clusterctl.console import console_of, document
from clusterctl.terminal import duration, one_line, table
from infra.errors import ApprovalRejected, AwaitingApproval, UsageError
from infra.homes import simulator_home

if TYPE_CHECKING:
    from infra.simulator.cloud import SimulatedCloud

Action = Callable[[Namespace], int]


def _cloud() -> SimulatedCloud:
    from infra.simulator.cloud import SimulatedCloud

    return SimulatedCloud(simulator_home())


def _refusals(action: Action) -> Action:
    """Turn the simulator's own refusals into errors of the tree."""

    @wraps(action)
    def guarded(args: Namespace) -> int:
        from infra.simulator.errors import UsageError as Refused

        try:
            return action(args)
        except Refused as error:
            raise UsageError(str(error), next_step=f"clusterctl simulator {args.action} --help") from None

    return guarded


def ls(args: Namespace) -> int:
    """List objects, and count them by type."""
    from infra.providers.base import OWNER_TAG

    console = console_of(args)
    tags = {OWNER_TAG: args.cluster} if args.cluster else None
    found = [item for item in _cloud().objects(tags=tags) if fnmatchcase(item.type, args.type)]
    data = document("SimulatedObjectList", {"simulated": True, "items": [asdict(item) for item in found]})
    rows = [[one_line(cell) for cell in (item.type, item.name, item.id, item.tags.get(OWNER_TAG, ""))] for item in found]
    console.result(
        data, table(("TYPE", "NAME", "ID", "CLUSTER"), rows, console.style) if rows else "the simulated cloud is empty"
    )
    counts = Counter(item.provider for item in found)
    console.note(
        f"{len(found)} objects (simulated){': ' if counts else ''}{', '.join(f'{k} {n}' for k, n in sorted(counts.items()))}"
    )
    return 0


def drift(args: Namespace) -> int:
    """Change or delete an object as somebody in the cloud's console would."""
    cloud = _cloud()
    if args.remove:
        cloud.remove(args.id)
    else:
        held = next((item.attributes for item in cloud.objects() if item.id.lower() == args.id.lower()), {})
        cloud.change(args.id, _changed(held, args.set))
    console = console_of(args)
    console.note(f"{one_line(args.id)} was {'deleted' if args.remove else 'changed'} behind terraform's back (simulated)")
    console.note(f"  Next: {console.notes.cyan('clusterctl drift cluster NAME')}")
    return 0


def _changed(held: Mapping[str, Any], settings: list[str]) -> dict[str, Any]:
    """Return the top-level attributes to write; a dotted path changes one entry of a map and keeps the others."""
    wanted: dict[str, Any] = {}
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals or not path:
            raise UsageError(f"{setting!r} is no PATH=VALUE", next_step="clusterctl simulator drift ID --set tags.owner=me")
        top, *rest = path.split(".")
        if not rest:
            wanted[top] = _value(text)
            continue
        inner = wanted.setdefault(top, json.loads(json.dumps(held.get(top) or {})))
        for step in rest[:-1]:
            inner = inner.setdefault(step, {})
        inner[rest[-1]] = _value(text)
    return wanted


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def fault(args: Namespace) -> int:
    """Set a fault, list those set, or forget them."""
    cloud, console = _cloud(), console_of(args)
    if args.kind == "clear":
        cloud.clear_faults()
        console.note("no faults are set any more (simulated)")
        return 0
    if args.kind != "list":
        cloud.fault(
            args.kind,
            type=args.type,
            operation=args.operation,
            nth=args.nth,
            message=args.message,
            seconds=args.seconds,
            repeat=args.repeat,
        )
    found = cloud.faults()
    rows = [
        [one_line(c) for c in (f.number, f.kind, f.type, f.operation, f.nth, f.repeat, "spent" if f.spent else "waits")]
        for f in found
    ]
    data = document("FaultList", {"simulated": True, "items": [{**asdict(item), "spent": item.spent} for item in found]})
    header = ("FAULT", "KIND", "TYPE", "OPERATION", "NTH", "REPEAT", "STATE")
    console.result(data, table(header, rows, console.style) if rows else "no faults are set")
    return 0


def quota(args: Namespace) -> int:
    """Set or lift a quota."""
    if args.limit != "none" and not args.limit.isdigit():
        raise UsageError(
            f"{args.limit!r} is no limit; accepted: a number, or none", next_step="clusterctl simulator quota --help"
        )
    limit = None if args.limit == "none" else int(args.limit)
    _cloud().set_quota(args.type, limit)
    console_of(args).note(f"{one_line(args.type)}: {'no limit' if limit is None else f'at most {limit}'} (simulated)")
    return 0


def latency(args: Namespace) -> int:
    """Set how slow the cloud is."""
    _cloud().set_latency_scale(args.scale)
    console_of(args).note(f"calls take {args.scale:g} times their real time (simulated)")
    return 0


def calls(args: Namespace) -> int:
    """Show or empty the log of calls."""
    cloud, console = _cloud(), console_of(args)
    if args.clear:
        cloud.clear_calls()
        console.note("the log of calls is empty (simulated)")
        return 0
    found = [call for call in cloud.calls() if not args.failed or call.error or call.ended is None]
    found = found[-args.last :] if args.last else found
    data = document("CallList", {"simulated": True, "items": [asdict(call) for call in found]})
    rows = [
        [
            one_line(cell)
            for cell in (c.number, c.operation, c.type, c.name or c.id, duration(c.seconds), _ending(c.ended, c.error))
        ]
        for c in found
    ]
    console.result(
        data, table(("CALL", "OPERATION", "TYPE", "NAME", "TOOK", "ENDED"), rows, console.style) if rows else "no calls"
    )
    return 0


def _ending(ended: float | None, error: str | None) -> str:
    return "never" if ended is None else error or "well"


def reset(args: Namespace) -> int:
    """Empty the cloud."""
    console = console_of(args)
    if not args.yes:
        if not console.interactive:
            raise AwaitingApproval(
                "emptying the simulated cloud has to be confirmed", next_step="clusterctl simulator reset --yes"
            )
        if console.ask("Everything in the simulated cloud will be gone. Only yes goes on: ").lower() != "yes":
            raise ApprovalRejected("nothing was changed")
    _cloud().reset()
    console.note("the simulated cloud is empty; clusters made on it are still in the ledger until they are deleted")
    return 0


def env(args: Namespace) -> int:
    """Print the environment for a plain terraform."""
    from infra.simulator.environment import environment

    console, found = console_of(args), environment(simulator_home())
    lines = [f"export {name}={shlex.quote(value)}" for name, value in found.items()]
    console.result(document("SimulatorEnvironment", {"simulated": True, "variables": found}), "\n".join(lines))
    return 0


ACTIONS: dict[str, Action] = {
    name: _refusals(action)
    for name, action in {
        "ls": ls, "drift": drift, "fault": fault, "quota": quota, "latency": latency, "calls": calls, "reset": reset, "env": env,
    }.items()
}  # fmt: skip
