"""The work of a stage, the same for every layer and every cloud: plan, apply of that very plan, destroy, drift, status.

Order matters more than anything here: what is about to happen is in the ledger before it happens, and what happened is there
before anybody is told. A run that finds an unclean end first repairs it (`steps.common.recovery`).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from os import environ
from typing import Any

from infra.classify import classify
from infra.errors import ApprovalRejected, HeraError, NotFound, PlanStale
from infra.plans.summary import PlanSummary, StagePlan, cost_of, stage_plan
from infra.spec.model import Cluster
from infra.spec.notes import notes as spec_notes
from steps.common import events, recovery, roots, states
from steps.common.beyond import NOTHING, Beyond
from steps.common.context import Context
from steps.common.journal import JournalKeeper
from steps.common.ledger import Ledger, StageRecord
from steps.common.locks import require_lock
from steps.common.terraform import Terraform

PLAN_FILE = "stage.tfplan"
FRESH_SECONDS = 20
"""How long a comparison with the cloud counts as fresh: an unchanged stage is not planned again within it."""


def _inputs(root: roots.Root, beyond: Beyond) -> str:
    """Return the digest of everything that a plan depends on besides the state and the world."""
    own, more = roots.digest(root), beyond.digest()
    return hashlib.sha256(f"{own} {more}".encode()).hexdigest() if more else own


@dataclass
class Stage:
    """One stage of one cluster in one run."""

    context: Context
    name: str

    @cached_property
    def cluster(self) -> Cluster:
        """The spec asked for."""
        return self.context.cluster

    @property
    def record(self) -> StageRecord:
        """The stage's memory, as it is now."""
        ledger = self.context.ledgers.find(self.context.name)
        return ledger.stage(self.name) if ledger else StageRecord()

    def root(self, *, destroying: bool = False) -> roots.Root:
        """Return the stage's root; to destroy, protection is off and missing outputs of the stage below are made up."""
        cluster = unprotected(self.cluster) if destroying else self.cluster
        below = self._below(roots.BELOW[self.name], made_up=destroying) if self.name in roots.BELOW else None
        return roots.stage_root(self.context.provider, self.name, cluster, below, self.context.location)

    def _below(self, stage: str, *, made_up: bool) -> Mapping[str, Any]:
        ledger = self.context.ledgers.find(self.context.name)
        outputs = ledger.stage(stage).outputs if ledger else {}
        if outputs:
            return outputs
        if not made_up:
            raise NotFound(
                f"the {stage} stage has no outputs yet", next_step=f"run `clusterctl resume cluster {self.context.name}`"
            )
        zones = dict.fromkeys(self.cluster.spec.network.zones, "")
        blank: dict[str, Any] = dict.fromkeys(roots.OUTPUTS[stage], "")
        network = {"private_subnet_ids": zones, "public_subnet_ids": zones, "nat_public_ips": []}
        identity = {"oidc_issuer_url": "https://made-up.invalid", "workload_identity": {}}
        return {**blank, **(network if stage == "network" else identity), "cloud": {}}

    def terraform(self, root: roots.Root) -> Terraform:
        """Return terraform, initialised in the stage's working folder with a root."""
        folder = self.context.work(self.name)
        terraform = Terraform(folder, self.context.terraform_environment(), self.classify)
        terraform.wait_for_predecessor()
        recovery.mend_state_file(self)
        if self.keeper is not None:
            self.keeper.bring_back(folder)
            terraform.keep = self.keeper.write
        roots.write(root, folder)
        terraform.init()
        return terraform

    @cached_property
    def keeper(self) -> JournalKeeper | None:
        """What keeps the journal where a successor on another machine finds it; a folder's successor is on this one."""
        if self.context.location.scheme == "file":
            return None
        return JournalKeeper(self.context.store, f"clusters/{self.context.name}/{self.name}/journal")

    def classify(self, text: str) -> HeraError:
        """Name an error of this cloud."""
        error = classify(text, self.context.provider.error_patterns)
        error.next_step = error.next_step.replace("NAME", self.context.name)
        return error

    def remember(self, **changes: Any) -> None:
        """Write to the stage's record."""
        changes.setdefault("run", self.context.run)
        self.context.ledgers.update(self.context.name, lambda ledger: ledger.with_stage(self.name, **changes))

    @property
    def state_object(self) -> str:
        """The key of the state in the store."""
        return states.state_object(self.context.location, self.context.name, self.name)

    def _state(self) -> dict[str, Any]:
        return states.read(self.context.store, self.context.location, self.context.name, self.name)

    def serial(self) -> tuple[int, str]:
        """Return the state's serial and lineage; (0, "") when there is no state."""
        state = self._state()
        return int(state.get("serial", 0)), str(state.get("lineage", ""))

    def outputs(self) -> dict[str, Any]:
        """Return all outputs, those too that are only in the state because they are sensitive."""
        return {**self.record.outputs, **states.outputs(self._state())}

    def say(self, phase: str, message: str = "") -> None:
        """Tell the reader where we are."""
        events.emit("stage", stage=self.name, phase=phase, message=message)


def unprotected(cluster: Cluster) -> Cluster:
    """Return the spec without deletion protection."""
    kubernetes = cluster.spec.kubernetes.model_copy(update={"deletion_protection": False})
    return cluster.model_copy(update={"spec": cluster.spec.model_copy(update={"kubernetes": kubernetes})})


def plan(context: Context, name: str, beyond: Beyond = NOTHING) -> None:
    """Plan a stage, keep the plan by its digest, say what it does."""
    require_lock(context)
    stage = Stage(context, name)
    root = stage.root()
    inputs = _inputs(root, beyond)
    if _is_fresh(stage, inputs):
        events.note(
            f"not compared again: nothing moved here, and the cloud was compared at {stage.record.checked_at} (--refresh does)"
        )
        return _report(context, StagePlan(name, ()), [], changed=False)
    stage.say("plan", "comparing with the cloud")
    terraform = stage.terraform(root)
    differs = recovery.plan_after_repair(stage, terraform, PLAN_FILE)
    shown = terraform.show(PLAN_FILE)
    more = beyond.plan(stage.record.outputs)
    changed = differs or bool(more)
    file = context.work(name) / PLAN_FILE
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if changed:
        context.ledgers.put_plan(context.name, name, digest, file.read_bytes())
        serial = stage.serial()[0]
        stage.remember(
            phase=_planned_phase(stage.record), plan_digest=digest, begun="", inputs_digest=inputs, serial=serial, error=""
        )
    else:
        outputs = stage.record.outputs or terraform.outputs()
        serial = stage.serial()[0]
        stage.remember(
            phase="applied",
            inputs_digest=inputs,
            serial=serial,
            outputs=outputs,
            checked_at=events.now(),
            drifted=False,
            error="",
        )
    planned = stage_plan(name, shown, context.provider.security_rules, digest)
    _report(context, replace(planned, changes=planned.changes + more), [shown], changed=changed)


def _planned_phase(record: StageRecord) -> str:
    """Return the phase of a planned stage: an interrupted apply stays visible until it is finished."""
    return record.phase if record.phase in ("applying", "destroying", "failed") else "planned"


def _is_fresh(stage: Stage, inputs: str) -> bool:
    """Tell whether inputs, modules and state are as they were when the cloud was compared, a moment ago."""
    record, limit = stage.record, float(environ.get("HERA_FRESH_SECONDS", FRESH_SECONDS))
    if record.phase != "applied" or record.drifted or record.inputs_digest != inputs or not record.checked_at:
        return False
    age = time.time() - datetime.strptime(record.checked_at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    return 0 <= age < limit and stage.serial()[0] == record.serial


def summarize(
    context: Context, stages: tuple[StagePlan, ...], shown: list[dict[str, Any]], notes: tuple[str, ...] = ()
) -> PlanSummary:
    """Return the plan as its reader sees it."""
    spec = context.cluster.spec
    cost = cost_of(shown, context.provider.prices(), spec.region) if shown else None
    notes = (*notes, *spec_notes(context.cluster))
    return PlanSummary(context.name, spec.cloud, spec.region, context.simulated, events.now(), stages, cost, notes)


def _report(context: Context, planned: StagePlan, shown: list[dict[str, Any]], *, changed: bool) -> None:
    from infra.plans.html import render_html

    summary = summarize(context, (planned,), shown)
    verdict, headline = summary.verdict, summary.headline()
    if changed and verdict == "none":
        verdict, headline = "safe", "outputs only"
    context.output("changes", verdict)
    context.output("plan-digest", planned.digest)
    context.output("summary", f"{planned.stage}: {headline}")
    context.artifact("plan.json", json.dumps(summary.to_dict()))
    context.artifact("plan.html", render_html(summary))


def apply(context: Context, name: str, beyond: Beyond = NOTHING) -> None:
    """Apply the very plan of a digest; refuses when state or inputs moved since."""
    require_lock(context)
    stage = Stage(context, name)
    digest = context.get("plan-digest")
    if context.get("changes") == "none":
        return events.note(f"nothing to do for stage {name}")
    if _is_applied(stage, digest):
        return events.note(f"plan {digest[:12]} of stage {name} is applied already")
    _check_approval(context, name)
    root = stage.root()
    _check_plan(stage, digest, _inputs(root, beyond))
    terraform = stage.terraform(root)
    file = _restore_plan(stage, digest)
    if stage.record.begun == digest:
        file = recovery.remainder(stage, terraform, file, digest)
    _remember_approval(context, name, digest)
    stage.remember(phase="applying", begun=digest, changed_at=events.now(), error="")
    stage.say("apply", f"plan {digest[:12]}")
    outcome = recovery.keeping_the_state(stage, terraform, file)
    beyond.apply(outcome.outputs)
    stage.remember(
        phase="applied",
        outputs=outcome.outputs,
        serial=stage.serial()[0],
        checked_at=events.now(),
        changed_at=events.now(),
        drifted=False,
    )
    stage.say("applied")


def _is_applied(stage: Stage, digest: str) -> bool:
    """Tell whether this very run has applied this very plan: what a retried chain comes to again."""
    record = stage.record
    done = record.phase == "applied" and record.run == stage.context.run
    return bool(digest) and done and record.begun == record.plan_digest == digest


def _check_approval(context: Context, name: str) -> None:
    """Refuse the yes of whoever asked, where somebody else has to say it."""
    if context.get("self-approval") == "refused" and context.get("approved-by") == context.actor:
        raise ApprovalRejected(
            f"the plan of stage {name} was approved by {context.actor}, who asked for this run: somebody else has to",
            next_step="start the run again and let somebody else approve it",
        )


def _check_plan(stage: Stage, digest: str, inputs: str) -> None:
    """Raise `PlanStale` unless the ledger knows this plan for these inputs and this state."""
    record = stage.record
    serial = stage.serial()[0]
    if record.plan_digest != digest:
        raise PlanStale(f"the {stage.name} plan {digest[:12] or '(none)'} is not the latest one ({record.plan_digest[:12]})")
    if record.inputs_digest != inputs:
        raise PlanStale(f"the spec or the modules changed since the {stage.name} plan was made")
    if record.serial != serial and record.begun != digest:
        raise PlanStale(f"the {stage.name} state moved from serial {record.serial} to {serial} since the plan was made")


def _restore_plan(stage: Stage, digest: str) -> str:
    """Put the kept plan into the working folder; on another machine than the planner's it is not there."""
    data = stage.context.ledgers.get_plan(stage.context.name, stage.name, digest)
    if data is None:
        raise PlanStale(f"the {stage.name} plan {digest[:12]} is no longer stored")
    file = stage.context.work(stage.name) / PLAN_FILE
    file.write_bytes(data)
    file.chmod(0o600)
    return PLAN_FILE


def _remember_approval(context: Context, name: str, digest: str) -> None:
    who = context.get("approved-by") or f"{context.actor} (by policy)"
    entry = f"{name} {digest[:12]} {who}"

    def add(ledger: Ledger) -> Ledger:
        if ledger.run is None or entry in ledger.run.approvals:
            return ledger
        return replace(ledger, run=replace(ledger.run, approvals=(*ledger.run.approvals, entry)))

    context.ledgers.update(context.name, add)


def destroy(context: Context, name: str, beyond: Beyond = NOTHING) -> None:
    """Destroy a stage, whatever state it is in."""
    require_lock(context)
    stage = Stage(context, name)
    if stage.record.phase == "destroyed" and stage.record.run == context.run:
        return events.note(f"stage {name} is destroyed already")
    stage.say("destroy", "looking at what there is")
    beyond.destroy()
    drain(context)
    terraform = stage.terraform(stage.root(destroying=True))
    recovery.repair(stage, terraform, PLAN_FILE)
    stage.remember(phase="destroying", changed_at=events.now(), error="")
    _lift_protection(stage, terraform)
    if terraform.plan(PLAN_FILE, destroy=True):
        stage.say("destroy", "removing")
        recovery.keeping_the_state(stage, terraform, PLAN_FILE)
    stage.remember(
        phase="destroyed", outputs={}, serial=stage.serial()[0], changed_at=events.now(), plan_digest="", inputs_digest=""
    )
    stage.say("destroyed")


def drain(context: Context) -> None:
    """Remove what Kubernetes made in the cloud; asked before every stage's end, since a living controller makes it again."""
    spec = context.cluster.spec
    for item in context.target.drain(context.name, spec.region, spec.cloud_options):
        events.note(f"removed {item.type} {item.id}")


def _lift_protection(stage: Stage, terraform: Terraform) -> None:
    """Turn off the cloud's own deletion protection, on protected objects only."""
    protected = set(stage.context.provider.protected_addresses())
    state = terraform.state()
    addresses = [
        f"{item.get('module', '')}.{item['type']}.{item['name']}".lstrip(".")
        for item in state.get("resources", ())
        if item.get("mode") == "managed"
        and any(part["attributes"].get("deletion_protection") for part in item["instances"])
        and any(address in f"{item.get('module', '')}.{item['type']}.{item['name']}" for address in protected)
    ]
    for address in set(addresses) & recovery.tainted(state):
        terraform.untaint(address)
    if addresses and terraform.plan(PLAN_FILE, targets=addresses):
        stage.say("destroy", "lifting deletion protection")
        terraform.apply(PLAN_FILE)


def drift(context: Context, name: str, beyond: Beyond = NOTHING) -> None:
    """Compare a stage with the cloud and say what differs; changes nothing."""
    require_lock(context)
    stage = Stage(context, name)
    if stage.record.phase == "planned" and not stage.record.outputs:
        context.output("drift", "false")
        context.output("summary", f"{name}: not made yet")
        return context.artifact("drift.json", json.dumps(summarize(context, (StagePlan(name, ()),), []).to_dict()))
    stage.say("drift", "comparing with the cloud")
    terraform = stage.terraform(stage.root())
    differs = terraform.plan(PLAN_FILE)
    more = beyond.plan(stage.record.outputs)
    planned = stage_plan(name, terraform.show(PLAN_FILE), context.provider.security_rules)
    planned, differs = replace(planned, changes=planned.changes + more), differs or bool(more)
    summary = summarize(context, (planned,), [])
    if not differs:
        stage.remember(drifted=False, checked_at=events.now())
    else:
        stage.remember(drifted=True)
    context.output("drift", "true" if differs else "false")
    context.output("summary", f"{name}: {summary.headline()}")
    context.artifact("drift.json", json.dumps(summary.to_dict()))


def status(context: Context, name: str) -> None:
    """Write the stage's record and state version."""
    stage = Stage(context, name)
    serial, lineage = stage.serial()
    record = stage.record
    data = {
        "stage": name,
        "phase": record.phase,
        "serial": serial,
        "lineage": lineage,
        "outputs": record.outputs,
        "error": record.error,
    }
    context.artifact("status.json", json.dumps(data))
    stage.say("status", record.phase)
