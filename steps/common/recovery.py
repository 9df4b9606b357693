"""What is done after an unclean end, before anything else: nothing that a dead step made may be lost or made twice.

1. A terraform that outlived its step is waited for (`Terraform.wait_for_predecessor`).
2. A state that terraform could not store (`errored.tfstate`) is stored; a state file that a kill cut short is restored.
3. A state lock of the dead run is removed; anybody else's is named and left.
4. What the dead apply had begun to make and the state does not know is looked for in the cloud and adopted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from infra.errors import DeletionProtected, HeraError, PlanStale, StateLocked
from infra.providers.base import OWNER_TAG, CloudObject
from steps.common import events, roots, states
from steps.common.context import host as this_host
from steps.common.processes import works_nowhere
from steps.common.terraform import (
    ADOPTION,
    CLEARING,
    Outcome,
    Terraform,
    has_journal,
    interrupted_addresses,
    started_addresses,
)

if TYPE_CHECKING:
    from steps.common.stage import Stage

UNCLEAN = frozenset({"applying", "destroying", "failed"})
"""Stage phases after which the state may know less than the cloud."""
_NOT_THERE = re.compile(
    r"Cannot import non-existent remote object|couldn't find resource|does not exist|not found", re.IGNORECASE
)


def plan_after_repair(stage: Stage, terraform: Terraform, file: str) -> bool:
    """Repair an unclean end, then plan; return whether there are changes."""
    if stage.record.phase not in UNCLEAN:
        return _unlocked(stage, terraform, lambda: terraform.plan(file))
    restore_state(stage, terraform)
    _unlocked(stage, terraform, lambda: _keep_interrupted(terraform))
    changed = _unlocked(stage, terraform, lambda: terraform.plan(file))
    adoption = Adoption(stage, terraform)
    while changed and adoption.go_on(terraform.show(file)):
        changed = terraform.plan(file)
    if changed and _clear(terraform, terraform.show(file)):
        changed = terraform.plan(file)
    return changed


def repair(stage: Stage, terraform: Terraform, file: str) -> None:
    """Repair an unclean end without planning further: before a destroy."""
    restore_state(stage, terraform)
    adoption, changed = Adoption(stage, terraform), False
    if stage.record.phase in UNCLEAN:
        changed = _unlocked(stage, terraform, lambda: terraform.plan(file))
    while changed and adoption.go_on(terraform.show(file)):
        changed = terraform.plan(file)


def restore_state(stage: Stage, terraform: Terraform) -> None:
    """Bring the best state there is back into the backend."""
    errored = terraform.folder / "errored.tfstate"
    if errored.is_file():
        events.note("storing the state that terraform could not store when it was last here")
        _unlocked(stage, terraform, lambda: terraform.push(errored))
        errored.unlink()
        if stage.keeper is not None:
            stage.keeper.drop_state()


def keeping_the_state(stage: Stage, terraform: Terraform, file: str) -> Outcome:
    """Apply a plan; a state that terraform could not store goes to the store before this container is gone."""
    if stage.keeper is not None:
        stage.keeper.begin()
    try:
        return terraform.apply(file)
    except HeraError:
        errored = terraform.folder / "errored.tfstate"
        if stage.keeper is not None and errored.is_file():
            stage.keeper.save_state(errored)
        raise


def mend_state_file(stage: Stage) -> None:
    """Put terraform's backup in place of a state file that a kill cut short; a cloud's store writes whole objects or none."""
    if stage.context.location.scheme != "file":
        return
    store, key = stage.context.store, stage.state_object
    stored = store.get(key)
    if stored is None or states.parse(stored.data):
        return
    backup = store.get(f"{key}.backup")
    events.warning(f"the state file of stage {stage.name} was cut short; going on from its backup")
    if backup is not None and states.parse(backup.data):
        store.put(key, backup.data)
    else:
        store.delete(key)


def _unlocked(stage: Stage, terraform: Terraform, action: Any) -> bool:
    """Run an action; when the dead predecessor's state lock is in the way, remove it and run it again."""
    try:
        return bool(action())
    except StateLocked as problem:
        holder = _lock_info(problem.detail)
        if not _is_predecessors(stage, holder):
            who, since = holder.get("Who", "somebody"), holder.get("Created", "an unknown time")
            raise StateLocked(
                f"the Terraform state of {stage.context.name}/{stage.name} is locked by {who} since {since}",
                next_step="wait, or if that terraform is surely dead: terraform force-unlock " + holder.get("ID", "ID"),
                detail=problem.detail,
            ) from problem
        events.note(f"removing the state lock that the dead run of {holder['Who']} left at {holder['Created']}")
        terraform.unlock(holder["ID"])
        return bool(action())


def _lock_info(text: str) -> dict[str, str]:
    """Read terraform's `Lock Info` block."""
    return dict(re.findall(r"^[│\s]*(ID|Path|Operation|Who|Version|Created):\s+(.+?)\s*$", text, re.MULTILINE))


def _is_predecessors(stage: Stage, holder: Mapping[str, str]) -> bool:
    """Tell whether a state lock was left by a run that is over; we hold the cluster, so no other run of ours is at work."""
    ledger = stage.context.ledgers.find(stage.context.name)
    if ledger is None:
        return False
    host, created = holder.get("Who", "").rsplit("@", 1)[-1], holder.get("Created", "")[:19].replace(" ", "T")
    runs = [stage.context.run, ledger.predecessor.get("run", ""), *(run.id for run in ledger.history)]
    owner = next((run for run in runs if _is_pod_of(host, run)), "")
    if owner:
        return host != this_host() and works_nowhere(stage.context.get("namespace"), owner, this_host())
    dead, record = ledger.predecessor, stage.record
    since = [dead["since"]] if dead and dead["host"] == host else []
    if record.phase in UNCLEAN and record.changed_at and host == this_host():
        since.append(record.changed_at)
    return any(created >= begun[:19] for begun in since)


def _is_pod_of(host: str, run: str) -> bool:
    """Tell whether a host is a pod of a run: pods are called after their workflow."""
    return bool(run) and host.startswith(f"{run}-"[:63])


class Adoption:
    """Takes over what the dead apply made and the state does not know, in rounds: what was taken over names what hangs on it."""

    def __init__(self, stage: Stage, terraform: Terraform) -> None:
        self._stage, self._terraform = stage, terraform
        self._tried: set[tuple[str, str]] = set()

    def go_on(self, shown: Mapping[str, Any]) -> bool:
        """Import what can be named by now; return whether there was any."""
        missing = [item for item in shown.get("resource_changes", ()) if item["change"]["actions"] == ["create"]]
        # Without a journal (its machine is gone, and it had not said anything yet) everything may have been begun.
        begun = started_addresses(self._terraform.folder) if has_journal(self._terraform.folder) else None
        suspects = [item for item in missing if begun is None or item["address"] in begun]
        if not suspects:
            return False
        owned, table = _owned(self._stage), self._stage.context.provider.imports(self._stage.cluster)
        found = {item["address"]: import_id(table, item["type"], item["change"]["after"] or {}, owned) for item in suspects}
        named = {
            address: identifier
            for address, identifier in found.items()
            if identifier is not None and (address, identifier) not in self._tried
        }
        self._tried |= set(named.items())
        return bool(named) and _import(named, self._terraform, self._stage.context.name)


def _keep_interrupted(terraform: Terraform) -> bool:
    """Keep what was being made when terraform was told to stop.

    terraform marks it for replacement like everything whose creation ended with an error, but the cloud went on making it. A
    control plane is a quarter of an hour; under create-before-destroy the second one could not even have its name.
    """
    interrupted = interrupted_addresses(terraform.folder) & tainted(terraform.state())
    for address in sorted(interrupted):
        terraform.untaint(address)
        events.note(f"kept {address}: its making was interrupted, not refused")
    return bool(interrupted)


def tainted(state: Mapping[str, Any]) -> set[str]:
    """Return the addresses that a state marks for replacement."""
    found = set()
    for resource in state.get("resources", ()):
        base = ".".join(part for part in (resource.get("module"), resource["type"], resource["name"]) if part)
        for instance in resource["instances"]:
            key = instance.get("index_key")
            if instance.get("status") == "tainted":
                found.add(base if key is None else f"{base}[{json.dumps(key)}]")
    return found


def _clear(terraform: Terraform, shown: Mapping[str, Any]) -> bool:
    """Remove what the cloud left half-made, when nothing else goes with it; return whether there was any.

    A replacement would come to the same, except under create-before-destroy, where the new one meets the old one's name.
    """
    half_made = {i["address"] for i in shown.get("resource_changes", ()) if i.get("action_reason") == "replace_because_tainted"}
    if not half_made or not terraform.plan(CLEARING, destroy=True, targets=sorted(half_made)):
        return False
    if set(_actions(terraform.show(CLEARING))) != half_made:
        return False
    for address in sorted(half_made):
        events.note(f"removing {address}, which is half-made")
    try:
        terraform.apply(CLEARING)
    except DeletionProtected:
        for address in sorted(half_made & tainted(terraform.state())):
            events.warning(f"kept {address}, though its making failed: the cloud protects it from deletion")
            terraform.untaint(address)
    return True


def _owned(stage: Stage) -> list[CloudObject]:
    spec = stage.cluster.spec
    return stage.context.target.inventory(stage.context.name, spec.region, spec.cloud_options)


def _import(named: dict[str, str], terraform: Terraform, owner: str) -> bool:
    """Adopt those objects that exist, by import blocks and a plan of nothing but them.

    `terraform import` would not do: it evaluates the whole configuration with only what the state knows already.
    """
    blocks = terraform.folder / "adopt.tf.json"
    try:
        while named:
            content = {"import": [{"to": address, "id": roots.literal(identifier)} for address, identifier in named.items()]}
            blocks.write_text(json.dumps(content))
            try:
                terraform.plan(ADOPTION, targets=list(named))
            except HeraError as problem:
                named = _without_absent(named, problem)
                continue
            foreign = foreign_addresses(terraform.show(ADOPTION), owner) & named.keys()
            if foreign:
                events.warning(f"not adopted, since {owner} does not own it: {', '.join(sorted(foreign))}")
                named = {address: identifier for address, identifier in named.items() if address not in foreign}
                continue
            terraform.apply(ADOPTION)
            for address, identifier in named.items():
                events.note(f"adopted {address} ({identifier}), made by the interrupted run")
            return True
    finally:
        blocks.unlink(missing_ok=True)
    return False


def foreign_addresses(shown: Mapping[str, Any], owner: str) -> set[str]:
    """Return what a plan would import though it carries another owner's tag, or none where ours would be put on it."""
    return {
        item["address"]
        for item in shown.get("resource_changes", ())
        if item["change"].get("importing")
        and _owner(item["change"].get("before")) != owner
        and (_owner(item["change"].get("after")) or _owner(item["change"].get("before")))
    }


def _owner(values: Mapping[str, Any] | None) -> str:
    """Return whose ownership tag an object carries, under whatever name its cloud has for tags."""
    for name in ("tags_all", "tags", "effective_labels", "labels", "resource_labels"):
        tags = (values or {}).get(name)
        if isinstance(tags, Mapping) and tags.get(OWNER_TAG):
            return str(tags[OWNER_TAG])
    return ""


def _without_absent(named: Mapping[str, str], problem: HeraError) -> dict[str, str]:
    """Return what is left when those are taken out that terraform says do not exist; raises when it says something else."""
    absent = {
        address
        for address, identifier in named.items()
        if _NOT_THERE.search(problem.detail) and (f'"{identifier}"' in problem.detail or address in problem.detail)
    }
    if not absent:
        raise problem
    return {address: identifier for address, identifier in named.items() if address not in absent}


def import_id(table: Mapping[str, str], kind: str, planned: Mapping[str, Any], owned: Iterable[CloudObject]) -> str | None:
    """Return the id by which terraform imports an object, or None when it can't be told.

    The table (a provider's `imports`) has a text per type, with planned values as `{name}`; `{owned}` is the id of the
    owned object of that type that has the planned name (its `Name` tag or name).
    """
    template = table.get(kind)
    if template is None:
        return None
    values: dict[str, Any] = {key: value for key, value in planned.items() if value is not None}
    if "{owned}" in template:
        wanted = (planned.get("tags") or {}).get("Name") or planned.get("name")
        match = [item.id for item in owned if item.type == kind and item.name == wanted]
        if len(match) != 1:
            return None
        values["owned"] = match[0]
    try:
        return template.format_map(values)
    except (KeyError, IndexError):
        return None


def remainder(stage: Stage, terraform: Terraform, file: str, digest: str) -> str:
    """Return a plan file with what is left of an approved plan (`file`) that was partly applied by this same run.

    Raises `PlanStale` when what is left is more than what was approved.
    """
    approved = _actions(terraform.show(file))
    plan_after_repair(stage, terraform, "rest.tfplan")
    rest = _actions(terraform.show("rest.tfplan"))
    beyond = [
        address
        for address, action in rest.items()
        if action != approved.get(address) and not _continues(approved.get(address), action)
    ]
    if beyond:
        raise PlanStale(f"going on would do more than plan {digest[:12]} says: {', '.join(sorted(beyond)[:5])}")
    return "rest.tfplan"


def _continues(approved: tuple[str, ...] | None, action: tuple[str, ...]) -> bool:
    """Tell whether an action finishes an approved one: a half-made object is replaced, a half-done replacement created.

    An update in place finishes what was to be created or updated, and nothing else.
    """
    if approved is None:
        return False
    if action == ("update",):
        return "create" in approved or "update" in approved
    return "create" in approved and "create" in action


def _actions(shown: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    items = shown.get("resource_changes", ())
    return {i["address"]: tuple(i["change"]["actions"]) for i in items if i["change"]["actions"] not in (["no-op"], ["read"])}
