"""The platform stage's actions: the shared work of a stage for what is in the cloud, the manifests for what is on the cluster."""

from __future__ import annotations

from steps.common import events, stage
from steps.common.admission import made
from steps.common.command import Action
from steps.common.context import Context
from steps.common.locks import require_lock
from steps.contract import Step
from steps.platform import contract
from steps.platform.manifests import Manifests
from steps.platform.verify import verify


def plan(context: Context) -> None:
    """Plan both halves; a spec that asks for no platform gets none."""
    if not context.cluster.spec.platform.enabled:
        require_lock(context)
        for name, value in (("changes", "none"), ("plan-digest", ""), ("summary", f"{contract.STAGE}: not asked for")):
            context.output(name, value)
        return None
    return stage.plan(context, contract.STAGE, Manifests(context))


def apply(context: Context) -> None:
    """Apply that very plan, then the manifests that take its outputs."""
    stage.apply(context, contract.STAGE, Manifests(context))


def destroy(context: Context) -> None:
    """Remove both halves: what controllers made in the cloud, the manifests, then what they stand on."""
    if contract.STAGE not in made(context.ledgers.find(context.name)):
        return events.note("there is no platform to destroy")
    return stage.destroy(context, contract.STAGE, Manifests(context))


def drift(context: Context) -> None:
    """Compare both halves with the world."""
    if contract.STAGE not in made(context.ledgers.find(context.name)):
        context.output("drift", "false")
        return context.output("summary", f"{contract.STAGE}: not made")
    return stage.drift(context, contract.STAGE, Manifests(context))


def status(context: Context) -> None:
    """Write the stage's record."""
    stage.status(context, contract.STAGE)


ACTIONS: dict[str, tuple[Step, Action]] = {
    "plan": (contract.PLAN, plan),
    "apply": (contract.APPLY, apply),
    "verify": (contract.VERIFY, verify),
    "destroy": (contract.DESTROY, destroy),
    "drift": (contract.DRIFT, drift),
    "status": (contract.STATUS, status),
}
