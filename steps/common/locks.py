"""The cluster's lock as a step sees it: taken at admission, required of whoever writes, taken up by a run that is retried."""

from __future__ import annotations

from dataclasses import replace

from infra.errors import StateLocked
from steps.common import events
from steps.common.context import Context, host
from steps.common.ledger import Lock, RunRecord, describe
from steps.common.processes import born, holder_pid, is_dead, workflow_namespace


def take_lock(context: Context, operation: str) -> Lock | None:
    """Take the cluster's lock for this run; return the dead holder that was replaced, if any."""
    pid, namespace = holder_pid(), workflow_namespace(context.get("namespace"))
    lock = Lock(context.run, context.actor, host(), pid, born(pid), events.now(), operation, namespace)
    replaced = context.ledgers.acquire(context.name, lock, is_dead)
    if replaced is not None:
        events.warning(f"took over: {describe(context.name, replaced)}, and that is gone")
    return replaced


def require_lock(context: Context) -> None:
    """Refuse to write a cluster that this run does not hold; a run that is tried again takes up what it gave back."""
    holder = context.ledgers.lock(context.name)
    if holder is None:
        ledger = context.ledgers.find(context.name)
        if ledger is not None and ledger.run is not None and ledger.run.id == context.run:
            events.note("this run gave the cluster back and is tried again; taking it up again")
            take_lock(context, ledger.run.operation)
            context.ledgers.update(context.name, lambda old: replace(old, run=_reopened(old.run)))
            return
    if holder is None or holder.run != context.run:
        who = f"run {holder.run} of {holder.actor} holds it" if holder else "nobody admitted this run"
        raise StateLocked(
            f"this run does not hold the lock of {context.name}: {who}", next_step="start the pipeline from its beginning"
        )


def _reopened(run: RunRecord | None) -> RunRecord | None:
    """Return a run's record as that of a run that goes on."""
    return replace(run, phase="running", finished="", error="") if run else None
