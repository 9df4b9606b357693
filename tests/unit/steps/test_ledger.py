"""The ledger: what is written is read back, damage is seen, one run at a time writes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from infra.errors import NotFound, StateCorrupt, StateLocked
from infra.objects_folder import FolderStore
from steps.common.ledger import Ledger, Ledgers, Lock, RunRecord, StageRecord, remember_run

FULL = Ledger(
    "shop",
    cloud="paper",
    region="r1",
    environment="dev",
    simulated=True,
    phase="ready",
    spec={"metadata": {"name": "shop"}},
    stages={"network": StageRecord(phase="applied", serial=3, outputs={"network_id": "n"})},
    run=RunRecord("r2", "create", "running", "ann", "2026-01-01T00:00:00Z", approvals=("network abc ann",)),
    history=(RunRecord("r1", "create", "failed", "ann", "2026-01-01T00:00:00Z", error="QUOTA_EXCEEDED: no"),),
)


def lock(run: str, pid: int = 1) -> Lock:
    return Lock(run, "ann", "host", pid, "7", "2026-01-01T00:00:00Z", "create")


@pytest.fixture
def ledgers(tmp_path: Path) -> Ledgers:
    return Ledgers(FolderStore(tmp_path))


def test_reads_back_what_it_wrote(ledgers: Ledgers) -> None:
    ledgers.update("shop", lambda _: FULL)
    assert ledgers.get("shop") == FULL
    assert ledgers.all() == [FULL]


def test_survives_json(ledgers: Ledgers) -> None:
    assert Ledger.from_dict(json.loads(json.dumps(FULL.to_dict()))) == FULL


def test_unknown_cluster_is_refused_with_the_next_command(ledgers: Ledgers) -> None:
    with pytest.raises(NotFound) as caught:
        ledgers.get("nope")
    assert "get clusters" in caught.value.next_step


@pytest.mark.parametrize("position", range(0, 900, 90))
def test_a_changed_byte_is_seen(ledgers: Ledgers, tmp_path: Path, position: int) -> None:
    ledgers.update("shop", lambda _: FULL)
    file = tmp_path / "clusters/shop/ledger.json"
    data = bytearray(file.read_bytes())
    data[position] ^= 1
    file.write_bytes(data)
    with pytest.raises(StateCorrupt):
        ledgers.get("shop")


def test_a_truncated_ledger_is_seen(ledgers: Ledgers, tmp_path: Path) -> None:
    ledgers.update("shop", lambda _: FULL)
    file = tmp_path / "clusters/shop/ledger.json"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(StateCorrupt):
        ledgers.get("shop")


def test_a_living_holder_is_named(ledgers: Ledgers) -> None:
    ledgers.acquire("shop", lock("r1", pid=41), lambda _: False)
    with pytest.raises(StateLocked, match=r"run r1 .* of ann on host, pid 41"):
        ledgers.acquire("shop", lock("r2"), lambda _: False)


def test_a_dead_holder_is_replaced_and_returned(ledgers: Ledgers) -> None:
    ledgers.acquire("shop", lock("r1"), lambda _: False)
    assert ledgers.acquire("shop", lock("r2"), lambda _: True) == lock("r1")
    assert ledgers.lock("shop") == lock("r2")


def test_only_the_holder_gives_the_lock_back(ledgers: Ledgers) -> None:
    ledgers.acquire("shop", lock("r1"), lambda _: False)
    ledgers.release("shop", "r2")
    assert ledgers.lock("shop") == lock("r1")
    ledgers.release("shop", "r1")
    assert ledgers.lock("shop") is None


def test_a_lost_race_is_run_again(ledgers: Ledgers) -> None:
    ledgers.update("shop", lambda _: FULL)
    raced = []

    def change(old: Ledger) -> Ledger:
        if not raced:
            raced.append(True)
            ledgers.update("shop", lambda other: replace(other, region="r2"))
        return replace(old, phase="failed")

    assert ledgers.update("shop", change).region == "r2"
    assert ledgers.get("shop").phase == "failed"


def test_only_the_latest_plan_is_kept_and_an_altered_one_refused(ledgers: Ledgers, tmp_path: Path) -> None:
    import hashlib

    digests = []
    for data in (b"first", b"second"):
        digests.append(hashlib.sha256(data).hexdigest())
        ledgers.put_plan("shop", "network", digests[-1], data)
    assert ledgers.get_plan("shop", "network", digests[0]) is None
    assert ledgers.get_plan("shop", "network", digests[1]) == b"second"
    (tmp_path / f"clusters/shop/network/plans/{digests[1]}.tfplan").write_bytes(b"else")
    with pytest.raises(StateCorrupt):
        ledgers.get_plan("shop", "network", digests[1])


def test_forgetting_leaves_nothing_but_the_archive(ledgers: Ledgers, tmp_path: Path) -> None:
    ledgers.update("shop", lambda _: FULL)
    ledgers.acquire("shop", lock("r1"), lambda _: False)
    ledgers.archive(FULL, "2026-01-01T00:00:00Z")
    ledgers.forget("shop")
    assert ledgers.find("shop") is None
    assert not (tmp_path / "clusters/shop/lock.json").exists()
    assert list((tmp_path / "deleted/shop").glob("*.json"))


def test_history_keeps_twenty_runs() -> None:
    ledger = Ledger("shop")
    for number in range(30):
        ledger = remember_run(ledger, RunRecord(f"r{number}", "create", "succeeded", "ann", ""))
    assert ledger.run and ledger.run.id == "r29"
    assert [run.id for run in ledger.history] == [f"r{number}" for number in range(28, 8, -1)]
