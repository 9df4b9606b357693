"""One fault of each kind on a real management cluster (`make soak` plays many): resumed runs end in the asked state."""

from __future__ import annotations

from pathlib import Path

from tests.soak.argo import Batch, Campaign, prepare
from tests.soak.faults import OF_A_RUN, OF_THE_NODE
from tests.support.managed import Managed

SAMPLE = Batch(
    0,
    "dev",
    creating=("step-killed", "pod-erased", "workflow-deleted", "controller-killed", "apiserver-killed", "store-full"),
    deleting=("pod-evicted", "stopped", "terminated", "step-terminated", "kubelet-killed", "containerd-killed", "stores-killed"),
    moments=(1.0,) * 13,
    more=("aws-prod",),
)


def test_the_sample_has_every_kind() -> None:
    assert {*SAMPLE.creating, *SAMPLE.deleting} == {*OF_A_RUN, *OF_THE_NODE}


def test_resume_after_faults(management: Managed, tmp_path: Path) -> None:
    prepare(management)
    for half in Campaign(management, tmp_path).play(SAMPLE):
        assert half.problems == (), half
