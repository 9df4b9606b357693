"""Configuration checks terraform leaves to the provider."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence

from infra.simulator.errors import CloudError
from infra.simulator.schema import Block
from infra.simulator.values import ObjectValue, as_objects, is_unknown


def check_computed(block: Block, config: ObjectValue, path: str = "") -> None:
    """Refuse values for attributes only the cloud sets; terraform itself lets them through."""
    for name, attribute in block.attributes.items():
        if not attribute.configurable and config.get(name) is not None:
            raise CloudError(
                "Value for unconfigurable attribute",
                f'Can\'t configure a value for "{path}{name}": its value will be decided automatically based on the'
                " result of applying this configuration.",
            )
    for name, nested in block.children():
        for item in as_objects(config.get(name)):
            if nested.nesting != "map":
                check_computed(nested.block, item, f"{path}{name}.")


def check_conflicts(pairs: Iterable[tuple[str, str]], config: ObjectValue) -> None:
    """Refuse two arguments that exclude each other."""
    for one, other in pairs:
        if _given(config, one) and _given(config, other):
            raise CloudError("Conflicting configuration arguments", f'"{one}": conflicts with {other}')


def _given(config: ObjectValue, path: str) -> bool:
    """Tell a value that is set; an unknown one may still turn out null."""
    return any(value not in (None, False, "", [], {}) and not is_unknown(value) for value in values_at(config, path))


def check_enums(enums: Mapping[str, Sequence[str]], config: ObjectValue) -> None:
    """Refuse a value that is not one of those the provider knows."""
    for path, allowed in enums.items():
        for value in values_at(config, path):
            if isinstance(value, str) and value not in allowed:
                listed = " ".join(f'"{item}"' for item in allowed)
                raise CloudError(f"expected {path} to be one of [{listed}], got {value}")


def values_at(value: object, path: str) -> Iterator[object]:
    """Give every value at a dotted path, through lists and sets."""
    head, _, rest = path.partition(".")
    for item in as_objects(value):
        found = item.get(head)
        if rest:
            yield from values_at(found, rest)
        elif isinstance(found, list):
            yield from found
        else:
            yield found


def network_of(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Read an address range; bits beyond the prefix are dropped as clouds do."""
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise CloudError(f'"{value}" is not a valid CIDR block: {error}') from error
