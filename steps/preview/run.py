"""The plan of everything, for looking: takes no lock, writes no ledger, keeps nothing that could be applied."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from infra.plans.html import render_html
from infra.plans.summary import PlanSummary, StagePlan, stage_plan
from infra.spec.model import PLATFORM
from steps.common import events, roots
from steps.common.admission import refuse_moves
from steps.common.command import Action
from steps.common.context import Context
from steps.common.stage import PLAN_FILE, Stage, summarize
from steps.common.terraform import Terraform
from steps.contract import Step
from steps.platform.manifests import Manifests
from steps.preview import contract


def plan(context: Context) -> None:
    """Plan all stages and write the summary as JSON and HTML."""
    ledger = context.ledgers.find(context.name)
    refuse_moves(ledger, context.cluster)
    made = ledger is not None and bool(ledger.stage("network").outputs)
    summary = _stages(context) if made else _whole(context)
    context.output("changes", summary.verdict)
    context.output("summary", summary.headline())
    context.artifact("plan.json", json.dumps(summary.to_dict()))
    context.artifact("plan.html", render_html(summary))


def _terraform(context: Context, root: roots.Root, folder: str) -> Terraform:
    path = context.work(folder)
    roots.write(root, path)
    terraform = Terraform(path, context.terraform_environment(), Stage(context, "network").classify)
    terraform.init()
    return terraform


def _whole(context: Context) -> PlanSummary:
    """Plan a cluster of which nothing exists as one graph."""
    events.emit("stage", stage="preview", phase="plan", message=f"planning {' and '.join(context.cluster.stages)} as one graph")
    terraform = _terraform(context, roots.whole_root(context.provider, context.cluster), "preview")
    terraform.plan(PLAN_FILE, lock=False)
    shown = terraform.show(PLAN_FILE)
    rules = context.provider.security_rules
    return summarize(context, tuple(stage_plan(name, _part(shown, name), rules) for name in context.cluster.stages), [shown])


def _part(shown: dict[str, Any], stage: str) -> dict[str, Any]:
    """Return the part of a plan of the whole that belongs to one stage."""
    prefix = f"module.{stage}."
    keys = ("resource_changes", "resource_drift")
    return {key: [item for item in shown.get(key, ()) if item["address"].startswith(prefix)] for key in keys}


def _stages(context: Context) -> PlanSummary:
    """Plan every stage of a cluster against its own state."""
    planned: list[StagePlan] = []
    shown: list[dict[str, Any]] = []
    ledger, notes = context.ledgers.find(context.name), []
    for name in context.cluster.stages:
        if name == PLATFORM and not (ledger and ledger.stage("cluster").outputs):
            notes.append("The platform is planned once there is a cluster.")
            continue
        events.emit("stage", stage=name, phase="plan", message="comparing with the cloud")
        terraform = _terraform(context, Stage(context, name).root(), f"preview-{name}")
        terraform.plan(PLAN_FILE, lock=False)
        shown.append(terraform.show(PLAN_FILE))
        plan = stage_plan(name, shown[-1], context.provider.security_rules)
        more = Manifests(context).plan(Stage(context, name).record.outputs) if name == PLATFORM else ()
        planned.append(replace(plan, changes=plan.changes + more))
    if planned[0].changes:
        notes.append("The cluster's plan takes the network as it is now; it is made again once the network has changed.")
    return summarize(context, tuple(planned), shown, tuple(notes))


ACTIONS: dict[str, tuple[Step, Action]] = {"plan": (contract.PLAN, plan)}
