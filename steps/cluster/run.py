"""The cluster stage's actions: the shared work of a stage, under this stage's name and contract."""

from __future__ import annotations

from functools import partial

from steps.cluster import contract
from steps.common import stage
from steps.common.command import Action
from steps.contract import Step

ACTIONS: dict[str, tuple[Step, Action]] = {
    "plan": (contract.PLAN, partial(stage.plan, name=contract.STAGE)),
    "apply": (contract.APPLY, partial(stage.apply, name=contract.STAGE)),
    "destroy": (contract.DESTROY, partial(stage.destroy, name=contract.STAGE)),
    "drift": (contract.DRIFT, partial(stage.drift, name=contract.STAGE)),
    "status": (contract.STATUS, partial(stage.status, name=contract.STAGE)),
}
