"""Makes a cluster hold what manifests say, and takes it away again; safe to repeat and to interrupt."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.errors import ConfigRejected, NotFound, StepFailed, WaitAndRetry
from infra.kube.manifests import applyset as sets
from infra.kube.manifests.applyset import ApplySet, Record, Seen
from infra.kube.manifests.compare import AT_ONCE, Comparison, compare, members
from infra.kube.manifests.objects import Object, Reference, in_waves, named, owned, reference
from infra.kube.manifests.ready import Progress, can_wait, until, wait_ready
from infra.kube.manifests.render import Rendered

if TYPE_CHECKING:
    from infra.kube.api import Api

READY = 600.0
"""Seconds that rollouts may take; images may have to be pulled, nodes may have to come."""
GONE = 300.0
"""Seconds that objects may take to go; finalizers may have work in the cloud."""


@dataclass(frozen=True)
class Report:
    """What was done."""

    created: tuple[Reference, ...] = ()
    changed: tuple[Reference, ...] = ()
    removed: tuple[Reference, ...] = ()
    unchanged: int = 0

    @property
    def headline(self) -> str:
        """One line: `77 created, 1 removed, 133 as they were`."""
        counts = {"created": self.created, "changed": self.changed, "removed": self.removed}
        said = [f"{len(items)} {word}" for word, items in counts.items() if items]
        return ", ".join([*said, f"{self.unchanged} as they were"] if self.unchanged else said) or "nothing to apply"


def apply(
    api: Api,
    applyset: ApplySet,
    rendered: Rendered,
    progress: Progress,
    *,
    patience: float = READY,
    next_step: str = "apply again",
) -> Report:
    """Apply what differs, wave by wave, remove what is no more in the manifests, and wait until all of it runs."""
    found = compare(api, applyset, rendered)
    if not found.same:
        sets.save(api, applyset, found.record.including(found.wanted))
        seen = _make(api, applyset, found, progress, patience, next_step)
        _remove(api, found.surplus, progress)
        objects = {item: seen.get(item) or found.record.objects[item] for item in found.wanted}
        sets.save(api, applyset, Record(rendered.digest, objects))
    _wait(api, [named(item) for item in found.wanted if can_wait(item.kind)], progress, patience, next_step)
    kept = len(found.wanted) - len(found.missing) - len(found.changed)
    return Report(found.missing, found.changed, found.surplus, kept)


def _make(
    api: Api, applyset: ApplySet, found: Comparison, progress: Progress, patience: float, next_step: str
) -> Mapping[Reference, Seen]:
    """Apply what is missing or changed; what the next wave needs has to be ready before it begins."""
    seen: dict[Reference, Seen] = {}
    waves = in_waves((*found.missing, *found.changed))
    for number, wave in enumerate(waves):
        progress(f"applying {_kinds(wave)}")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            made = pool.map(lambda item: apply_patiently(api, found.object(item), applyset.manager), wave)
            seen |= {
                item: Seen(found.wanted[item], owned(live["metadata"], applyset.manager))
                for item, live in zip(wave, made, strict=True)
            }
        if number + 1 < len(waves):
            _wait(api, [named(item) for item in wave if can_wait(item.kind)], progress, patience, next_step)
    return seen


def apply_patiently(api: Api, obj: Object, manager: str = "hera", patience: float = 30.0) -> Object:
    """Apply an object; a kind or namespace that is not served yet, or a server that is busy, is asked again for a while."""
    item, end = reference(obj), time.monotonic() + patience
    while True:
        try:
            if not item.namespace and api.is_namespaced(item.version, item.kind):
                raise ConfigRejected(f"{item.title} names no namespace", next_step="name one in the manifest")
            return api.apply(obj, manager=manager)
        except (NotFound, WaitAndRetry) as error:
            if time.monotonic() > end:
                raise StepFailed(f"{item.title} was not accepted: {error.message}", detail=error.detail) from error
            time.sleep(0.5)


def destroy(api: Api, applyset: ApplySet, progress: Progress, *, patience: float = GONE, next_step: str = "try again") -> int:
    """Remove every member, last made first, each wave gone before the next; then the parent. Returns how many there were."""
    removed: list[Reference] = []
    while wave := next(iter(in_waves(members(api, applyset), backwards=True)), []):
        removed += [item for item in wave if item not in removed]
        _remove(api, wave, progress)
        _wait_gone(api, wave, patience, next_step)
    api.delete(applyset.path)
    return len(removed)


def _remove(api: Api, items: Sequence[Reference], progress: Progress) -> None:
    """Delete objects, last made first."""
    for wave in in_waves(items, backwards=True):
        progress(f"removing {_kinds(wave)}")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda item: api.delete(api.path_of(named(item))), wave))


def _wait_gone(api: Api, items: Sequence[Reference], patience: float, next_step: str) -> None:
    left = list(items)

    def gone() -> bool:
        left[:] = [item for item in left if _there(api, item)]
        return not left

    until(gone, patience, lambda: f"{', '.join(item.title for item in left[:5])} still there", next_step)


def _there(api: Api, item: Reference) -> bool:
    try:
        return bool(api.get(api.path_of(named(item))))
    except NotFound:
        return False


def _wait(api: Api, objects: Sequence[Object], progress: Progress, patience: float, next_step: str) -> None:
    if objects:
        wait_ready(api, objects, progress, patience, next_step)


def _kinds(items: Sequence[Reference]) -> str:
    counts: dict[str, int] = {}
    for item in items:
        counts[item.kind] = counts.get(item.kind, 0) + 1
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())
