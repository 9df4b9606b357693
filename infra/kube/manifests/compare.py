"""What a cluster holds against what manifests say: a few lists of metadata, and details only of what differs.

Details come from the API server itself: a dry run answers with what the object would be, so defaults, units and other people's
fields need no rule of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from infra.errors import ConfigRejected, NotFound
from infra.kube.manifests import applyset as sets
from infra.kube.manifests.applyset import ApplySet, Record, Seen
from infra.kube.manifests.objects import Object, Reference, digest, owned, plain, reference
from infra.kube.manifests.render import Rendered

if TYPE_CHECKING:
    from infra.kube.api import Api

AT_ONCE = 8
"""Calls at once: as many connections as the client keeps on two cores."""


@dataclass(frozen=True)
class Comparison:
    """What has to be done."""

    rendered: Rendered
    record: Record
    wanted: Mapping[Reference, str]
    """Every object of the manifests, and its manifest's digest."""
    missing: tuple[Reference, ...] = ()
    """Not there, or there without the set's label."""
    changed: tuple[Reference, ...] = ()
    """Another manifest than the one that was applied, or somebody else changed our fields."""
    surplus: tuple[Reference, ...] = ()
    """Of the set, and no more in the manifests."""

    @property
    def same(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.missing or self.changed or self.surplus) and self.record.rendered == self.rendered.digest

    def object(self, item: Reference) -> Object:
        """Return an object as the manifests have it."""
        return self.rendered.by_reference[item]


@dataclass(frozen=True)
class Field:
    """One field that differs, as JSON values; None where there is nothing."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Difference:
    """What would happen to one object."""

    reference: Reference
    action: str
    """`create`, `update` or `delete`."""
    fields: tuple[Field, ...] = ()
    problem: str = ""
    """Why the API server would not take it as it is."""


def compare(api: Api, applyset: ApplySet, rendered: Rendered) -> Comparison:
    """Compare what is there with what should be; changes nothing."""
    record = sets.load(api, applyset)
    if record.rendered == rendered.digest:
        wanted = {item: seen.manifest for item, seen in record.objects.items()}
    else:
        wanted = {item: digest(obj) for item, obj in rendered.by_reference.items()}
    kinds = record.kinds | {(item.version, item.kind) for item in wanted}
    live = _members(api, applyset, kinds)
    before = {item.key: seen for item, seen in record.objects.items()}
    names = {item.key for item in wanted}
    return Comparison(
        rendered,
        record,
        wanted,
        missing=tuple(item for item in wanted if item.key not in live),
        changed=tuple(
            item
            for item, manifest in wanted.items()
            if item.key in live and before.get(item.key, Seen()) != Seen(manifest, live[item.key][1])
        ),
        surplus=tuple(item for key, (item, _) in live.items() if key not in names),
    )


def members(api: Api, applyset: ApplySet) -> list[Reference]:
    """Return all that belongs to the set."""
    return [item for item, _ in _members(api, applyset, sets.load(api, applyset).kinds).values()]


Live = dict[tuple[str, str, str, str], tuple[Reference, str]]


def _members(api: Api, applyset: ApplySet, kinds: frozenset[tuple[str, str]]) -> Live:
    """Return the set's members by what names them, each with the digest of our fields."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(partial(_learn, api), sorted({version: (version, kind) for version, kind in kinds}.values())))
        found = pool.map(partial(_listed, api, applyset), sorted(kinds))
    return {item.key: (item, fields) for listed in found for item, fields in listed}


def _learn(api: Api, kind: tuple[str, str]) -> None:
    """Ask once per API version which kinds it has, before many calls at once would each ask."""
    try:
        api.is_namespaced(*kind)
    except NotFound:  # a kind whose definition is not there yet, or no more
        return


def _listed(api: Api, applyset: ApplySet, kind: tuple[str, str]) -> list[tuple[Reference, str]]:
    selector = ",".join(f"{key}={value}" for key, value in applyset.labels.items())
    try:
        items = api.metadata(api.collection_of(*kind), labelSelector=selector)
    except NotFound:
        return []
    names = {"apiVersion": kind[0], "kind": kind[1]}
    return [(reference(item | names), owned(item["metadata"], applyset.manager)) for item in items]


def differences(api: Api, applyset: ApplySet, found: Comparison) -> list[Difference]:
    """Return what would happen, object by object, as the API server itself would do it; an empty change is left out."""
    made = {item.name for item in found.missing if item.kind == "Namespace"}
    defined = {_defines(found.object(item)) for item in found.missing if item.kind == "CustomResourceDefinition"}

    def look(item: Reference) -> Difference | None:
        if item.namespace in made or (item.group, item.kind) in defined:
            return Difference(item, "create")
        return _difference(api, applyset, found.object(item))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        looked = list(pool.map(look, (*found.missing, *found.changed)))
    return [item for item in looked if item] + [Difference(item, "delete") for item in found.surplus]


def _defines(definition: Object) -> tuple[str, str]:
    return str(definition["spec"]["group"]), str(definition["spec"]["names"]["kind"])


def _difference(api: Api, applyset: ApplySet, obj: Object) -> Difference | None:
    item = reference(obj)
    try:
        live = api.get(api.path_of(obj))
    except NotFound:
        live = {}
    try:
        query = {"fieldManager": applyset.manager, "force": "true", "dryRun": "All", "fieldValidation": "Strict"}
        would = api.patch(api.path_of(obj), obj, kind="apply", **query)
    except (ConfigRejected, NotFound) as error:
        return Difference(item, "update" if live else "create", problem=error.message)
    if not live:
        return Difference(item, "create")
    fields = tuple(changes(plain(live), plain(would)))
    if item.kind == "Secret":
        fields = tuple(Field(each.path, "(sensitive)", "(sensitive)") for each in fields)
    return Difference(item, "update", fields) if fields else None


def changes(live: Any, wanted: Any, path: str = "") -> Iterator[Field]:
    """Yield the fields at which two objects differ."""
    if isinstance(live, dict) and isinstance(wanted, dict):
        for key in sorted({*live, *wanted}):
            yield from changes(live.get(key), wanted.get(key), f"{path}.{key}" if path else key)
    elif isinstance(live, list) and isinstance(wanted, list) and len(live) == len(wanted):
        for position, (one, other) in enumerate(zip(live, wanted, strict=True)):
            yield from changes(one, other, f"{path}[{position}]")
    elif live != wanted:
        yield Field(path, live, wanted)


def paths(fields: Iterable[Field]) -> tuple[str, ...]:
    """Return where fields are."""
    return tuple(item.path for item in fields)
