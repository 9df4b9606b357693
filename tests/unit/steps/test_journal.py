"""What a journal tells of an apply that did not end well."""

from __future__ import annotations

import json
from pathlib import Path

from infra.objects_folder import FolderStore
from steps.common.journal import JournalKeeper
from steps.common.recovery import tainted
from steps.common.terraform import has_journal, interrupted_addresses, started_addresses


def hook(kind: str, address: str, action: str = "create") -> str:
    return json.dumps({"type": kind, "hook": {"resource": {"addr": address}, "action": action}})


def diagnostic(address: str, summary: str) -> str:
    return json.dumps(
        {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": summary, "detail": "", "address": address}}
    )


def journal(folder: Path, *lines: str) -> Path:
    (folder / "apply.journal").write_text("\n".join(lines))
    return folder


def test_what_was_begun_is_what_started_to_be_created(tmp_path: Path) -> None:
    folder = journal(
        tmp_path, hook("apply_start", "a"), hook("apply_complete", "a"), hook("apply_start", "b", "delete"), '{"type": "apply_st'
    )
    assert started_addresses(folder) == {"a"}


def test_without_a_journal_nothing_was_begun(tmp_path: Path) -> None:
    assert started_addresses(tmp_path) == set()


def test_interrupted_is_told_from_refused(tmp_path: Path) -> None:
    folder = journal(
        tmp_path,
        diagnostic("a", "waiting for EKS Cluster (x) create: request canceled, context canceled"),
        diagnostic("b", "creating EKS Node Group: api error InvalidParameterException"),
    )
    assert interrupted_addresses(folder) == {"a"}


def test_tainted_addresses_are_terraforms() -> None:
    def resource(name: str, *instances: dict[str, object]) -> dict[str, object]:
        return {"module": "module.network", "type": "aws_subnet", "name": name, "instances": instances}

    state = {
        "resources": [
            resource("one", {"status": "tainted"}),
            resource("each", {"index_key": "a", "status": "tainted"}, {"index_key": "b"}),
            resource("counted", {"index_key": 0, "status": "tainted"}),
        ]
    }
    assert tainted(state) == {
        "module.network.aws_subnet.one",
        'module.network.aws_subnet.each["a"]',
        "module.network.aws_subnet.counted[0]",
    }


def test_a_whole_journal_is_found_again_in_an_empty_folder(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    keeper = JournalKeeper(FolderStore(tmp_path / "store"), "journal")
    keeper.write(journal(old, hook("apply_start", "a")) / "apply.journal", True)
    keeper.bring_back(new)
    assert has_journal(new) and started_addresses(new) == {"a"}


def test_a_journal_to_which_nothing_was_added_is_still_marked_as_whole(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    keeper = JournalKeeper(FolderStore(tmp_path / "store"), "journal")
    for whole in (False, True):
        keeper.write(journal(old, hook("apply_start", "a")) / "apply.journal", whole)
    keeper.bring_back(new)
    assert has_journal(new)


def test_half_a_journal_is_not_trusted_to_say_all_that_was_begun(tmp_path: Path) -> None:
    keeper = JournalKeeper(FolderStore(tmp_path / "store"), "journal")
    folder = tmp_path / "work"
    folder.mkdir()
    keeper.write(journal(folder, diagnostic("a", "request canceled")) / "apply.journal", False)
    (folder / "apply.journal").unlink()
    keeper.bring_back(folder)
    assert not has_journal(folder) and interrupted_addresses(folder) == {"a"}


def test_a_state_that_could_not_be_stored_is_kept_and_forgotten(tmp_path: Path) -> None:
    keeper = JournalKeeper(FolderStore(tmp_path / "store"), "journal")
    (tmp_path / "errored.tfstate").write_text("{}")
    keeper.save_state(tmp_path / "errored.tfstate")
    (tmp_path / "errored.tfstate").unlink()
    keeper.bring_back(tmp_path)
    assert (tmp_path / "errored.tfstate").read_text() == "{}"
    keeper.drop_state()
    (tmp_path / "errored.tfstate").unlink()
    keeper.bring_back(tmp_path)
    assert not (tmp_path / "errored.tfstate").exists()
