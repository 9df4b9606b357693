"""The cluster stage: what goes in and what comes out, for pipelines and for whoever reaches the cluster."""

from __future__ import annotations

from typing import TypedDict

from steps.contract import APPLY_PARAMETERS, Step

STAGE = "cluster"


class ClusterOutputs(TypedDict):
    """The cluster module's outputs that are not sensitive (docs/modules.md)."""

    cluster_id: str
    cluster_name: str
    endpoint: str
    kubernetes_version: str
    oidc_issuer_url: str
    workload_identity: dict[str, str]
    node_pool_ids: dict[str, str]
    secrets_key_id: str
    log_destination: str
    cloud: dict[str, str]


PLAN = Step(
    "steps.cluster", "plan", outputs=("changes", "plan-digest", "summary"), artifacts=("plan.json", "plan.html"), retry=True
)
"""`changes` is `none`, `safe` or `destructive` (something is destroyed or replaced)."""
APPLY = Step("steps.cluster", "apply", parameters=APPLY_PARAMETERS, retry=True, minutes=120)
DESTROY = Step("steps.cluster", "destroy", retry=True, minutes=90)
DRIFT = Step("steps.cluster", "drift", outputs=("drift", "summary"), artifacts=("drift.json",), retry=True)
"""`drift` is `true` or `false`."""
STATUS = Step("steps.cluster", "status", artifacts=("status.json",))
