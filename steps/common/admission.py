"""What a spec may not change on a cluster that exists; asked before a plan is shown as well as before a run is let in."""

from __future__ import annotations

from infra.errors import ConfigRejected
from infra.spec.model import PLATFORM, Cluster
from steps.common.ledger import Ledger

_FIXED = (("cloud", "spec.cloud"), ("region", "spec.region"))
"""What can't change while a cluster exists: ledger attribute and field path."""


def refuse_moves(ledger: Ledger | None, cluster: Cluster) -> None:
    """Refuse changes that would mean another cluster, not a changed one; raises `ConfigRejected`."""
    if ledger is None or not any(record.outputs or record.begun for record in ledger.stages.values()):
        return
    for attribute, path in _FIXED:
        old, new = getattr(ledger, attribute), getattr(cluster.spec, attribute)
        if old and old != new:
            raise ConfigRejected(
                f"{path}: {ledger.name} exists with {old}; found {new}",
                next_step=f"give the new cluster another name, or delete the old one: `clusterctl delete cluster {ledger.name}`",
            )
    if PLATFORM in made(ledger) and not cluster.spec.platform.enabled:
        raise ConfigRejected(
            f"spec.platform.enabled: {ledger.name} has its platform, which goes with the cluster only; found false",
            next_step="leave it `true`",
        )


def made(ledger: Ledger | None) -> frozenset[str]:
    """Return the stages that may have made something that is not destroyed yet."""
    stages = ledger.stages if ledger else {}
    return frozenset(name for name, record in stages.items() if record.phase != "destroyed" and (record.outputs or record.begun))
