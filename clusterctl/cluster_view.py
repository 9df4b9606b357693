"""A cluster as people and programs see it: what it is, what was done, how it is now, what to type next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clusterctl.clusters import Found
from clusterctl.console import Console, document
from clusterctl.terminal import Style, clean, duration, one_line, table

if TYPE_CHECKING:
    from clusterctl.pipelines import Outcome
    from steps.common.ledger import Ledger, Lock, StageRecord

_SECRET = re.compile(r"ca_certificate|token|password|private_key|kubeconfig|client_secret|secret_value", re.IGNORECASE)
"""Outputs that are never shown, whatever the ledger holds: a second lock behind the one in the steps."""
HIDDEN = "(sensitive)"
_ORDER = ("network", "cluster", "platform")
_STEPS = 4
"""Steps named in a summary of times."""
_PHASE_COLORS = {"ready": "green", "failed": "red", "deleted": "dim"}


def safe_outputs(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return outputs without what nobody may read."""
    return {name: HIDDEN if _SECRET.search(name) else value for name, value in outputs.items()}


def status(found: Found, lock: Lock | None = None) -> dict[str, Any]:
    """Return a cluster's state in its versioned form."""
    ledger = found.ledger.to_dict()
    stages = {name: {**record, "outputs": safe_outputs(record["outputs"])} for name, record in ledger["stages"].items()}
    body = {
        "name": ledger["name"],
        "cloud": ledger["cloud"],
        "region": ledger["region"],
        "environment": ledger["environment"],
        "simulated": found.simulated,
        "phase": ledger["phase"],
        "drifted": drifted(found.ledger),
        "state": found.place.state,
        "stages": stages,
        "run": ledger["run"],
        "history": list(ledger["history"]),
        "lock": vars(lock) if lock else None,
        "spec": ledger["spec"],
        "next": next_step(found.ledger, lock),
    }
    return document("ClusterStatus", body)


def drifted(ledger: Ledger) -> bool:
    """Tell whether the last comparison found a stage changed from outside."""
    return any(record.drifted for record in ledger.stages.values())


def next_step(ledger: Ledger, lock: Lock | None = None) -> str:
    """Return the command that makes most sense now."""
    name = ledger.name
    if lock is not None:
        return f"wait for run {lock.run}; if it is dead: clusterctl unlock cluster {name}"
    if ledger.phase == "ready":
        return f"clusterctl drift cluster {name}" if drifted(ledger) else f"clusterctl kubeconfig cluster {name}"
    if ledger.phase == "deleted":
        return "clusterctl create cluster -f FILE"
    return f"clusterctl resume cluster {name}"


def phase(ledger: Ledger, style: Style) -> str:
    """Return the phase in its colour."""
    text = one_line(ledger.phase) + (", drifted" if drifted(ledger) else "")
    return style.paint(text, "yellow" if drifted(ledger) else _PHASE_COLORS.get(ledger.phase, "yellow"))


def describe(found: Found, lock: Lock | None, style: Style) -> str:
    """Return a cluster's whole state as text."""
    ledger = found.ledger
    mark = style.yellow(" (simulated)") if found.simulated else ""
    parts = [f"{style.bold(one_line(ledger.name))}  {phase(ledger, style)}{mark}", _facts(found, lock, style)]
    parts += [_stages(ledger, style), _outputs(ledger, style), _runs(ledger, style), _last_error(ledger, style)]
    parts.append(f"{style.bold('Next')}  {style.cyan(one_line(next_step(ledger, lock)))}")
    return "\n\n".join(part for part in parts if part)


def _facts(found: Found, lock: Lock | None, style: Style) -> str:
    ledger = found.ledger
    facts = {
        "cloud": f"{ledger.cloud} {ledger.region} ({ledger.environment})",
        **spec_facts(ledger.spec),
        "endpoint": endpoint(ledger),
        "state": found.place.state,
        "lock": f"{lock.run} ({lock.operation}) of {lock.actor}, pid {lock.pid} on {lock.host}, since {lock.since}"
        if lock
        else "free",
    }
    return "\n".join(f"  {style.dim(f'{name:<12}')}{one_line(value)}" for name, value in facts.items() if value)


def spec_facts(spec: Mapping[str, Any]) -> dict[str, str]:
    """Return what matters of a spec in a few words."""
    body = spec.get("spec", spec)
    kubernetes, pools = body.get("kubernetes", {}), body.get("nodePools", [])
    reach = "public" if kubernetes.get("endpoint", {}).get("public") else "private"
    shown = [
        f"{pool.get('name')} {pool.get('machineType')} {pool.get('min')}-{pool.get('max')}{' spot' if pool.get('spot') else ''}"
        for pool in pools
    ]
    return {
        "kubernetes": f"{kubernetes['version']}, {reach} endpoint" if "version" in kubernetes else "",
        "pools": "; ".join(shown),
    }


def endpoint(ledger: Ledger) -> str:
    """Return the API's address, once there is one."""
    return str(ledger.stage("cluster").outputs.get("endpoint", ""))


def in_order(ledger: Ledger) -> list[tuple[str, StageRecord]]:
    """Return the stages in the order they are made, whatever order they are stored in."""
    return sorted(ledger.stages.items(), key=lambda item: (_ORDER.index(item[0]) if item[0] in _ORDER else len(_ORDER), item[0]))


def _stages(ledger: Ledger, style: Style) -> str:
    rows = []
    for name, record in in_order(ledger):
        drift = style.yellow("drifted") if record.drifted else "none" if record.checked_at else "not checked"
        cells = [one_line(cell) for cell in (name, record.phase, record.serial, record.changed_at, record.checked_at)]
        rows.append([*cells, drift, style.red(_code(record.error))])
    header = ("STAGE", "PHASE", "SERIAL", "CHANGED", "CHECKED", "DRIFT", "ERROR")
    return table(header, rows, style) if rows else ""


def _code(error: str) -> str:
    """Return an error's code: tables stay narrow, the whole text has a place of its own."""
    return one_line(error.partition(":")[0])


def _last_error(ledger: Ledger, style: Style) -> str:
    error = ledger.run.error if ledger.run else ""
    return f"{style.bold('Last error')}  {style.red(clean(error))}" if error else ""


def _outputs(ledger: Ledger, style: Style) -> str:
    lines = []
    for stage, record in in_order(ledger):
        for name, value in safe_outputs(record.outputs).items():
            lines += _output(f"{stage}.{name}", value, style)
    return "\n".join([style.bold("Outputs"), *lines]) if lines else ""


def _output(name: str, value: Any, style: Style) -> list[str]:
    """Show a map's entries one a line: `network.private_subnet_ids["eu-west-1a"]`."""
    if isinstance(value, Mapping):
        return [line for key, item in value.items() for line in _output(f"{name}.{key}", item, style)]
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return [f"  {style.dim(one_line(name))} = {one_line(text)}"] if text else []


def _runs(ledger: Ledger, style: Style) -> str:
    runs = ([ledger.run] if ledger.run else []) + list(ledger.history)
    rows = []
    for run in runs[:5]:
        state = style.paint(one_line(run.phase), {"succeeded": "green", "failed": "red"}.get(run.phase, "yellow"))
        cells = [one_line(cell) for cell in (run.id, run.operation, run.actor, run.started, run.finished)]
        rows.append([*cells, state, style.red(_code(run.error))])
    return table(("RUN", "OPERATION", "WHO", "STARTED", "FINISHED", "RESULT", "ERROR"), rows, style) if rows else ""


def show_created(console: Console, found: Found, outcome: Outcome) -> None:
    """Print the summary at the end of a create or resume."""
    timing = outcome.timing()
    changes = [plan.counts() for plan in outcome.plans]
    total: dict[str, int] = {}
    for counts in changes:
        for action, count in counts.items():
            total[action] = total.get(action, 0) + count
    data = status(found) | {"timing": timing, "changed": total}
    console.result(data, _created(console.style, found, timing, total))


def _created(style: Style, found: Found, timing: Mapping[str, Any], total: Mapping[str, int]) -> str:
    ledger, name = found.ledger, one_line(found.ledger.name)
    done = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
    did = ", ".join(f"{count} {done.get(action, action)}" for action, count in total.items()) or "nothing to change"
    mark = style.yellow(" (simulated: no real cloud was called)") if found.simulated else ""
    facts = {
        "cloud": f"{ledger.cloud} {ledger.region} ({ledger.environment})",
        **spec_facts(ledger.spec),
        "endpoint": endpoint(ledger),
    }
    lines = ["", f"{style.paint('✓', 'green', 'bold')} {style.bold(name)} is {phase(ledger, style)}: {did}{mark}"]
    facts["time"] = f"{duration(timing['seconds'])}: {times(timing)}"
    lines += [f"  {style.dim(f'{key:<12}')}{one_line(value)}" for key, value in facts.items() if value]
    for index, verb in enumerate(("kubeconfig", "describe", "drift", "delete")):
        label = "" if index else "next"
        lines.append(f"  {style.dim(f'{label:<12}')}{style.cyan(f'clusterctl {verb} cluster {name}')}")
    return "\n".join(lines)


def times(timing: Mapping[str, Any]) -> str:
    """Return the longest steps in their order, and whose time it was: `network apply 12s (terraform 38s, Hera 3.1s)`."""
    wall, terraform = timing["seconds"], timing["terraformSeconds"]
    longest = sorted(timing["steps"].items(), key=lambda item: -item[1])[:_STEPS]
    steps = ", ".join(f"{name} {duration(seconds)}" for name, seconds in timing["steps"].items() if (name, seconds) in longest)
    return steps + (f" (terraform {duration(terraform)}, Hera {duration(max(wall - terraform, 0))})" if terraform else "")
