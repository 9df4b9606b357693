"""What is on the cluster against what should be there, as the API server itself sees it.

A dry run of the apply answers with what the object would be; where that is what it is already, nothing is to be done. Defaults,
units and other people's fields need no rule of ours that way. Definitions are two megabytes of schema, so they are compared here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import ConfigRejected, NotFound
from infra.kube.manifests.compare import AT_ONCE, changes, paths
from infra.kube.manifests.objects import Object, plain, reference
from infra.management.objects import LABEL

if TYPE_CHECKING:
    from infra.kube.api import Api


@dataclass(frozen=True)
class Difference:
    """One object that is not as it should be."""

    object: Object
    state: str
    """`missing`, `changed`, `foreign` (there, and not ours) or `surplus` (of an older version)."""
    fields: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """How the object is named to people."""
        return reference(self.object).title

    @property
    def left_alone(self) -> bool:
        """Whether it is a definition that another Argo installation brought: nobody's trouble."""
        return self.state == "foreign" and self.object["kind"] == "CustomResourceDefinition"

    def to_dict(self) -> dict[str, Any]:
        """Return the form that programs read."""
        item = reference(self.object)
        names = {"apiVersion": item.version, "kind": item.kind, "namespace": item.namespace, "name": item.name}
        return names | {"state": self.state, "fields": list(self.fields)}


def differences(api: Api, wanted: Sequence[Object]) -> list[Difference]:
    """Return what is missing or different, in the order of `wanted`."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [found for found in pool.map(lambda obj: _compare(api, obj), wanted) if found]


def _compare(api: Api, obj: Object) -> Difference | None:
    try:
        live = api.get(api.path_of(obj))
    except NotFound:
        return Difference(obj, "missing")
    if LABEL not in live["metadata"].get("labels", {}):
        return Difference(obj, "foreign")
    if obj["kind"] == "CustomResourceDefinition":
        fields = tuple(missing_parts(obj, live))
    else:
        try:
            fields = paths(changes(plain(live), plain(api.apply(obj, dry_run=True))))
        except ConfigRejected as error:
            fields = (error.message,)
    return Difference(obj, "changed", fields[:5]) if fields else None


def missing_parts(wanted: Any, live: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of `wanted` that `live` does not hold; what else `live` holds is the server's."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        for key, value in wanted.items():
            if key in live or value not in ({}, [], None, False):
                yield from missing_parts(value, live.get(key), f"{path}.{key}" if path else key)
    elif isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        for position, (one, other) in enumerate(zip(wanted, live, strict=True)):
            yield from missing_parts(one, other, f"{path}[{position}]")
    elif wanted != live:
        yield path


def surplus(before: Iterable[tuple[str, str, str, str]], wanted: Sequence[Object]) -> list[Object]:
    """Return what an older installation had and this one has no more, last made first."""
    kept = {(kind, namespace, name) for _, kind, namespace, name in map(reference, wanted)}
    return [
        {"apiVersion": version, "kind": kind, "metadata": {"name": name} | ({"namespace": namespace} if namespace else {})}
        for version, kind, namespace, name in reversed(list(before))
        if (kind, namespace, name) not in kept
    ]
