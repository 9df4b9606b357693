"""What surrounds the stages: one run at a time is let in, leftovers are drained, deletion is proved, the end is recorded."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from infra.errors import DeletionProtected, LeftBehind
from infra.providers.base import OWNER_TAG, CloudObject
from infra.spec.model import Cluster
from steps.common import events, stage
from steps.common.admission import refuse_moves
from steps.common.command import Action
from steps.common.context import Context, host
from steps.common.ledger import Ledger, Lock, RunRecord, remember_run
from steps.common.locks import take_lock
from steps.common.processes import wait_for_the_others
from steps.contract import Step
from steps.lifecycle import contract

_PHASES = {"create": "creating", "delete": "deleting"}


def admit(context: Context) -> None:
    """Check the spec and the credentials, take the lock, open the run."""
    operation, cluster = context.get("operation"), context.cluster
    identity = context.target.identity()
    events.note(f"as {identity.principal} in {identity.account}")
    if operation == "create":
        refuse_moves(context.ledgers.find(context.name), cluster)
    replaced = take_lock(context, operation)
    context.ledgers.update(context.name, lambda old: _opened(context, old, cluster, operation, replaced))


def _opened(context: Context, old: Ledger, cluster: Cluster, operation: str, replaced: Lock | None) -> Ledger:
    """Return the ledger with this run as the current one."""
    run = RunRecord(context.run, operation, "running", context.actor, events.now())
    dead = old.predecessor
    if replaced:
        # Of several dead runs in a row the first may have left a state lock that none of the others came to.
        since = min(replaced.since, dead.get("since", replaced.since)) if dead.get("host") == replaced.host else replaced.since
        dead = {"run": replaced.run, "host": replaced.host, "since": since}
    keep_spec = operation != "create" and old.spec
    ledger = replace(
        old,
        cloud=cluster.spec.cloud,
        region=cluster.spec.region,
        environment=cluster.spec.environment,
        simulated=context.simulated,
        spec=old.spec if keep_spec else cluster.dump(),
        phase=_PHASES.get(operation, old.phase),
        created_at=old.created_at or events.now(),
        predecessor=dead,
    )
    return remember_run(ledger, run)


def drain(context: Context) -> None:
    """Refuse a protected cluster; remove what Kubernetes made in the cloud.

    That the protection was lifted is remembered, so that an interrupted delete goes on without asking again.
    """
    spec = context.cluster.spec
    if spec.kubernetes.deletion_protection and context.get("unprotect") != "true":
        raise DeletionProtected(
            f"{context.name} is protected from deletion",
            next_step=f"run `clusterctl delete cluster {context.name} --unprotect` if you mean it",
        )
    context.ledgers.update(context.name, lambda ledger: replace(ledger, spec=stage.unprotected(context.cluster).dump()))
    events.emit("stage", stage="drain", phase="drain", message="removing what Kubernetes made in the cloud")
    stage.drain(context)


def prove(context: Context) -> None:
    """Ask the cloud what still carries the cluster's tag; close the ledger when nothing does."""
    spec = context.cluster.spec
    events.emit("stage", stage="proof", phase="prove", message=f"asking the cloud for objects with {OWNER_TAG}={context.name}")
    left = context.target.inventory(context.name, spec.region, spec.cloud_options)
    context.artifact("left.json", json.dumps([asdict(item) for item in left]))
    if left:
        raise LeftBehind(
            f"{len(left)} objects of {context.name} are left in the cloud:\n" + "\n".join(map(_line, left)),
            next_step=f"remove them, then run `clusterctl delete cluster {context.name}` again",
        )
    events.note(f"nothing is left of {context.name}")
    context.ledgers.update(context.name, lambda ledger: replace(ledger, phase="deleted"))


def _line(item: CloudObject) -> str:
    return f"  {item.type} {item.id} {item.name}".rstrip()


def record(context: Context) -> None:
    """Write how the run ended and give the lock back; a deleted cluster's ledger moves to the archive."""
    ledger = context.ledgers.find(context.name)
    holder = context.ledgers.lock(context.name)
    if ledger is None or ledger.run is None or ledger.run.id != context.run or holder is None or holder.run != context.run:
        return events.note("this run never held the cluster; nothing to record")
    succeeded = context.get("status") == "Succeeded"
    if succeeded and context.get("operation") == "create" and (waiting := planned(ledger, context.run)):
        return events.note(f"stage {waiting} is planned and not applied yet: the run goes on")
    if not succeeded:
        wait_for_the_others(holder, host())
    ended = replace(ledger.run, phase=_outcome(ledger, context, succeeded=succeeded), finished=events.now())
    final = context.ledgers.update(
        context.name, lambda old: replace(old, run=ended, phase=_phase(old, context, succeeded=succeeded))
    )
    if final.phase == "deleted":
        context.ledgers.archive(final, events.now())
        return context.ledgers.forget(context.name)
    context.ledgers.release(context.name, context.run)
    return None


def planned(ledger: Ledger, run: str) -> str:
    """Return the stage that this run has planned and neither applied nor begun to; empty when there is none."""
    for name, record in ledger.stages.items():
        if record.run == run and record.plan_digest and record.phase not in ("applied", "destroyed") and not record.begun:
            return name
    return ""


def _outcome(ledger: Ledger, context: Context, *, succeeded: bool) -> str:
    error = ledger.run.error if ledger.run else ""
    if context.get("status") == "Suspended":
        return "awaiting-approval"
    return "succeeded" if succeeded else "interrupted" if error.startswith("INTERRUPTED") else "failed"


def _phase(ledger: Ledger, context: Context, *, succeeded: bool) -> Any:
    if ledger.phase == "deleted" or context.get("operation") == "drift":
        return ledger.phase
    if context.get("status") == "Suspended":
        return "awaiting-approval"
    return "ready" if succeeded and context.get("operation") == "create" else "failed"


ACTIONS: dict[str, tuple[Step, Action]] = {
    "admit": (contract.ADMIT, admit),
    "drain": (contract.DRAIN, drain),
    "prove": (contract.PROVE, prove),
    "record": (contract.RECORD, record),
}
