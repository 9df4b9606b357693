"""The platform stage: what goes in and what comes out, for pipelines and for what is put on the cluster later."""

from __future__ import annotations

from typing import TypedDict

from infra.spec.model import PLATFORM
from steps.contract import APPLY_PARAMETERS, Step

STAGE = PLATFORM
KUBECONFIG = "HERA_PLATFORM_KUBECONFIG"
"""Environment variable: a kubeconfig that reaches the cluster. Without it the cluster's own outputs say how it is reached, and in
simulation, where there is no Kubernetes API, manifests are rendered and checked only."""


class PlatformOutputs(TypedDict):
    """The platform module's outputs (docs/modules.md)."""

    backup_url: str
    trace_url: str
    log_destination: str
    identities: dict[str, str]
    account_annotations: dict[str, dict[str, str]]
    pod_labels: dict[str, str]
    manifest_components: list[str]
    system_namespaces: list[str]
    cloud: dict[str, str]


PLAN = Step(
    "steps.platform", "plan", outputs=("changes", "plan-digest", "summary"), artifacts=("plan.json", "plan.html"), retry=True
)
"""`changes` is `none`, `safe` or `destructive` (something is destroyed or replaced, in the cloud or on the cluster)."""
APPLY = Step("steps.platform", "apply", parameters=APPLY_PARAMETERS, retry=True, minutes=60)
VERIFY = Step("steps.platform", "verify", outputs=("summary",), artifacts=("verify.json",), retry=True)
"""Asks the cluster itself: manifests as applied, rollouts through, policies refuse, roles may what they should."""
DESTROY = Step("steps.platform", "destroy", retry=True, minutes=90)
DRIFT = Step("steps.platform", "drift", outputs=("drift", "summary"), artifacts=("drift.json",), retry=True)
"""`drift` is `true` or `false`."""
STATUS = Step("steps.platform", "status", artifacts=("status.json",))
