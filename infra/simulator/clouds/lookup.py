"""How a data source finds an object terraform made: by the arguments it was given."""

from collections.abc import Iterable

from infra.simulator.store import Row, Store
from infra.simulator.values import ObjectValue, is_unknown


def matching(store: Store, types: Iterable[str], given: ObjectValue, keys: Iterable[str]) -> list[Row]:
    """Give the objects whose attributes equal every given argument among `keys`."""
    wanted = {key: given[key] for key in keys if given.get(key) not in (None, "", [], {}) and not is_unknown(given[key])}
    return [
        row for type_ in types for row in store.find("type=?", (type_,)) if all(_equal(row, *item) for item in wanted.items())
    ]


def _equal(row: Row, key: str, value: object) -> bool:
    if key in ("tags", "labels") and isinstance(value, dict):
        return value.items() <= row.tags.items()
    held = row.attributes.get(key)
    if isinstance(held, str) and isinstance(value, str):
        return held.lower() == value.lower()
    return bool(held == value)
