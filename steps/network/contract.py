"""The network stage: what goes in and what comes out, for pipelines and for the next stage."""

from __future__ import annotations

from typing import TypedDict

from steps.contract import APPLY_PARAMETERS, Step

STAGE = "network"


class NetworkOutputs(TypedDict):
    """The network module's outputs, as the cluster module takes them (docs/modules.md)."""

    network_id: str
    network_name: str
    cidr: str
    private_subnet_ids: dict[str, str]
    public_subnet_ids: dict[str, str]
    nat_public_ips: list[str]
    cloud: dict[str, str]


PLAN = Step(
    "steps.network", "plan", outputs=("changes", "plan-digest", "summary"), artifacts=("plan.json", "plan.html"), retry=True
)
"""`changes` is `none`, `safe` or `destructive` (something is destroyed or replaced)."""
APPLY = Step("steps.network", "apply", parameters=APPLY_PARAMETERS, retry=True, minutes=60)
DESTROY = Step("steps.network", "destroy", retry=True, minutes=90)
DRIFT = Step("steps.network", "drift", outputs=("drift", "summary"), artifacts=("drift.json",), retry=True)
"""`drift` is `true` or `false`."""
STATUS = Step("steps.network", "status", artifacts=("status.json",))
