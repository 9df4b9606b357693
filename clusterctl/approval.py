"""Who says yes: a person who saw the plan, `--yes`, or nobody. What was approved once as a whole is not asked again in parts."""

from __future__ import annotations

import time
from collections.abc import Mapping

from clusterctl import plan_view
from clusterctl.console import Console
from clusterctl.pipelines import actor, read_plan
from clusterctl.progress import Tracker
from clusterctl.terminal import clean
from infra.plans.summary import PlanSummary, StagePlan

Answer = Mapping[str, str]


class Approval:
    """The engine's `Approver`: asked at every suspended node."""

    tracker: Tracker | None = None

    def approve(self, node: str, template: str, parameters: Mapping[str, str]) -> Answer | None:
        """Answer for one node; None when nobody is there."""
        return None


class Nobody(Approval):
    """Leaves the run waiting."""


class Always(Approval):
    """`--yes`: the person decided when typing the command."""

    def approve(self, node: str, template: str, parameters: Mapping[str, str]) -> Answer:
        """Say yes."""
        return _answer(True)


class Asking(Approval):
    """Asks, unless everything in the stage's plan was in the whole plan that was approved before.

    When an approved run is resumed, what an interrupted apply left half-made is replaced without asking again.
    """

    def __init__(self, console: Console, approved: PlanSummary | None = None, *, resumed: bool = False) -> None:
        self._console, self._resumed = console, resumed
        self._known = {item for stage in approved.stages for item in _items(stage)} if approved else None

    def approve(self, node: str, template: str, parameters: Mapping[str, str]) -> Answer | None:
        """Show what is new in the stage's plan and ask for a yes."""
        plan = self._plan(parameters.get("plan-digest", ""))
        if plan is not None and (self._was_approved(plan) or self._only_finishes(plan)):
            return _answer(True)
        if not self._console.interactive:
            return None
        assert self.tracker is not None
        began = time.monotonic()
        self.tracker.view.pause()
        try:
            return _answer(self._ask(plan, parameters))
        finally:
            self.tracker.waited += time.monotonic() - began
            self.tracker.view.resume()

    def _was_approved(self, plan: PlanSummary) -> bool:
        return self._known is not None and all(_items(stage) <= self._known for stage in plan.stages)

    def _only_finishes(self, plan: PlanSummary) -> bool:
        lost = [change for change in plan.changes if change.action in ("replace", "delete")]
        return self._resumed and all(change.half_made for change in lost)

    def _plan(self, digest: str) -> PlanSummary | None:
        """Return the plan that is asked about: what is shown and approved is what its digest names, and nothing else."""
        plans = map(read_plan, reversed(self.tracker.plans)) if self.tracker else ()
        return next((plan for plan in plans if any(stage.digest == digest for stage in plan.stages)), None)

    def _ask(self, plan: PlanSummary | None, parameters: Mapping[str, str]) -> bool:
        if plan is not None:
            if self._known:
                self._console.say(self._console.notes.yellow("This stage's plan holds more than the plan you approved:"))
            self._console.say(plan_view.render(plan, self._console.notes))
        elif parameters.get("plan-digest"):
            digest, summary = clean(parameters["plan-digest"][:12]), clean(parameters.get("summary", ""))
            self._console.say(f"The plan {digest} can't be shown here; it says: {summary}")
        return confirm(self._console, plan)


def _items(stage: StagePlan) -> set[tuple[str, str, str]]:
    """Return what a stage does as things to compare; a preview's addresses are inside a module of the stage's name."""
    return {(stage.stage, change.address.removeprefix(f"module.{stage.stage}."), change.action) for change in stage.changes}


def _answer(yes: bool) -> Answer:
    return {"approved": "yes" if yes else "no", "approved-by": actor()}


def confirm(console: Console, plan: PlanSummary | None) -> bool:
    """Ask for a typed yes; a destructive plan says so in the question."""
    destructive = plan is not None and plan.verdict == "destructive"
    warning = console.notes.red("This destroys or replaces resources. ") if destructive else ""
    answer = console.ask(f"\n{warning}Apply this plan? Only {console.notes.bold('yes')} goes on: ")
    return answer.lower() == "yes"
