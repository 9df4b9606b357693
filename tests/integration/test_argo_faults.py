"""One fault of every kind strikes runs on a real Argo; the campaign with all its rounds is `python -m tests.soak.argo`.

Four clusters are made and deleted: each fault strikes once, whatever fails is resumed, and in the end the simulated cloud and the
states agree and no lock is left.
"""

from __future__ import annotations

from pathlib import Path

from tests.soak.argo import SAMPLE, Campaign, prepare
from tests.support.managed import Managed


def test_every_fault_once(management: Managed, tmp_path: Path) -> None:
    prepare(management)
    halves = list(Campaign(management, tmp_path).play(SAMPLE))
    assert {half.operation: half.problems for half in halves} == {"create": (), "delete": ()}
