"""What a provider plans: which values are known only after apply, and which change makes a new object.

Works from the schema alone. What a schema does not tell (defaults, derived values, which change replaces) comes in as
`Rules`, made of the clouds' data tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from infra.simulator.schema import Attribute, Block, NestedBlock
from infra.simulator.values import UNKNOWN, ObjectValue, Value, canonical, is_unknown, shaped

Path = tuple[str | int, ...]


class Rules(Protocol):
    """What is known of one resource type beyond its schema."""

    def default(self, path: str, attribute: Attribute) -> Value:
        """Give the value planned for an attribute left out, or None."""

    def computed_block(self, path: str) -> bool:
        """Tell whether a block left out is filled in by the cloud."""

    def replaces(self, path: str, attribute: Attribute | None, before: Value, after: Value) -> bool:
        """Tell whether a change there needs a new object."""

    def recomputed(self, changed: set[str]) -> set[str]:
        """Give the top-level attributes an update makes unknown again."""


@dataclass
class Planned:
    """A planned object and the paths whose change replaces it."""

    value: ObjectValue
    replace: list[Path] = field(default_factory=list)


def plan_create(block: Block, proposed: ObjectValue, rules: Rules) -> ObjectValue:
    """Plan a new object: what is computed and not configured is unknown."""
    return _fill_new(block, proposed, rules, "")


def _fill_new(block: Block, value: ObjectValue, rules: Rules, path: str) -> ObjectValue:
    filled: ObjectValue = {}
    for name, attribute in block.attributes.items():
        filled[name] = _new_attribute(attribute, value.get(name), rules, _join(path, name))
    for name, nested in block.blocks.items():
        inner = _join(path, name)
        given = value.get(name)
        if not given and rules.computed_block(inner):
            filled[name] = UNKNOWN
        else:
            filled[name] = _each(nested, given, lambda item, n=nested, p=inner: _fill_new(n.block, item, rules, p))
    return filled


def _new_attribute(attribute: Attribute, given: Value, rules: Rules, path: str) -> Value:
    if attribute.write_only:
        return None
    if given is None:
        default = rules.default(path, attribute)
        return default if default is not None else (UNKNOWN if attribute.computed else None)
    if attribute.nested is not None:
        nested = attribute.nested
        return _each(nested, given, lambda item: _fill_new(nested.block, item, rules, path))
    return given


def _each(nested: NestedBlock, given: Value, fill: "Filler") -> Value:
    if isinstance(given, list):
        return [fill(item) if isinstance(item, dict) else item for item in given]
    if isinstance(given, dict):
        if nested.nesting == "map":
            return {key: fill(item) if isinstance(item, dict) else item for key, item in given.items()}
        return fill(given)
    return given


class Filler(Protocol):
    """Fills the computed parts of one nested object."""

    def __call__(self, item: ObjectValue, /) -> ObjectValue:
        """Give the filled object."""


def plan_update(block: Block, prior: ObjectValue, proposed: ObjectValue, config: ObjectValue, rules: Rules) -> Planned:
    """Plan a change: what the cloud computed stays, what is new is unknown, and some changes replace."""
    value = _fill_changed(block, prior, proposed, config, rules, "")
    changed = changed_names(block, prior, value)
    if not changed:
        return Planned(prior)
    for name in rules.recomputed(changed):
        if name in block.attributes and config.get(name) is None:
            value[name] = UNKNOWN
    return Planned(value, list(_replacing(block, prior, value, rules, "", ())))


def changed_names(block: Block, prior: ObjectValue, value: ObjectValue) -> set[str]:
    """Give the top-level names that differ."""
    types = {name: attribute.type for name, attribute in block.attributes.items()}
    types |= {name: nested.type for name, nested in block.blocks.items()}
    return {name for name, type_ in types.items() if not same(prior.get(name), value.get(name), type_)}


def same(before: Value, after: Value, type_: object) -> bool:
    """Compare two values, a missing collection being an empty one."""
    return (
        before == after or canonical(before or None, type_) == canonical(after or None, type_) and _kind(before) == (_kind(after))
    )


def _kind(value: Value) -> bool:
    return value is None or isinstance(value, list | dict)


def _fill_changed(
    block: Block, prior: ObjectValue, proposed: ObjectValue, config: ObjectValue, rules: Rules, path: str
) -> ObjectValue:
    filled: ObjectValue = {}
    for name, attribute in block.attributes.items():
        given = proposed.get(name)
        if attribute.write_only:
            given = None
        elif given is None:
            given = rules.default(_join(path, name), attribute)
        elif attribute.nested is not None:
            given = _nested_changed(attribute.nested, prior.get(name), given, config.get(name), rules, _join(path, name))
        filled[name] = given
    for name, nested in block.blocks.items():
        inner = _join(path, name)
        given, before = proposed.get(name), prior.get(name)
        if not given and before and rules.computed_block(inner):
            filled[name] = before
        else:
            filled[name] = _nested_changed(nested, before, given, config.get(name), rules, inner)
    return filled


def _nested_changed(nested: NestedBlock, prior: Value, given: Value, config: Value, rules: Rules, path: str) -> Value:
    if isinstance(given, dict) and nested.nesting != "map":
        if not isinstance(prior, dict):
            return _fill_new(nested.block, given, rules, path)
        return _fill_changed(nested.block, prior, given, config if isinstance(config, dict) else {}, rules, path)
    if isinstance(given, dict):
        before_map = prior if isinstance(prior, dict) else {}
        return {key: _element(nested, before_map.get(key), item, rules, path) for key, item in given.items()}
    if not isinstance(given, list):
        return given
    before = prior if isinstance(prior, list) else []
    if nested.nesting == "set":
        held = [canonical(item, ["object", {}]) for item in before]
        texts = [canonical(item, ["object", {}]) for item in given]
        return [
            item if text in held else _element(nested, None, item, rules, path) for item, text in zip(given, texts, strict=True)
        ]
    return [
        _element(nested, before[index] if index < len(before) else None, item, rules, path) for index, item in enumerate(given)
    ]


def _element(nested: NestedBlock, prior: Value, given: Value, rules: Rules, path: str) -> Value:
    if not isinstance(given, dict):
        return given
    if not isinstance(prior, dict):
        return _fill_new(nested.block, given, rules, path)
    return _fill_changed(nested.block, prior, given, {}, rules, path)


def _replacing(block: Block, prior: ObjectValue, value: ObjectValue, rules: Rules, path: str, wire: Path) -> "list[Path]":
    found: list[Path] = []
    for name, attribute in block.attributes.items():
        before, after = prior.get(name), value.get(name)
        if same(before, after, attribute.type):
            continue
        if attribute.configurable and rules.replaces(_join(path, name), attribute, before, after):
            found.append((*wire, name))
    for name, nested in block.blocks.items():
        if name != "timeouts" and not same(prior.get(name), value.get(name), nested.type):
            found += _replacing_block(name, nested, prior.get(name), value.get(name), rules, path, wire)
    return found


def _replacing_block(
    name: str, nested: NestedBlock, before: Value, after: Value, rules: Rules, path: str, wire: Path
) -> list[Path]:
    inner = _join(path, name)
    if rules.replaces(inner, None, before, after):
        return [(*wire, name)]
    if isinstance(before, dict) and isinstance(after, dict) and nested.nesting in ("single", "group"):
        return _replacing(nested.block, before, after, rules, inner, (*wire, name))
    if not (isinstance(before, list) and isinstance(after, list)):
        return []
    if nested.nesting == "set":
        empty: ObjectValue = {}
        pairs = zip(before + [empty] * len(after), after, strict=False)
        deep = any(_replacing(nested.block, b, a, rules, inner, ()) for b, a in pairs if isinstance(a, dict))
        return [(*wire, name)] if deep else []
    found: list[Path] = []
    for index, (one, other) in enumerate(zip(before, after, strict=False)):
        if isinstance(one, dict) and isinstance(other, dict):
            found += _replacing(nested.block, one, other, rules, inner, (*wire, name, index))
    return found


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def conform(block: Block, value: Mapping[str, object]) -> ObjectValue:
    """Bring a stored object to the schema: unknown names dropped, missing ones null or empty."""
    fitted: ObjectValue = {name: shaped(value.get(name), item.type) for name, item in block.attributes.items()}
    for name, nested in block.blocks.items():
        given = value.get(name)
        if isinstance(given, dict) and nested.nesting in ("single", "group"):
            fitted[name] = conform(nested.block, given)
        elif isinstance(given, dict) and nested.nesting == "map":
            fitted[name] = {key: conform(nested.block, item) for key, item in given.items() if isinstance(item, dict)}
        elif isinstance(given, list):
            fitted[name] = [conform(nested.block, item) for item in given if isinstance(item, dict)]
        elif is_unknown(given):
            fitted[name] = given
        else:
            fitted[name] = None if nested.nesting in ("single", "group") else {} if nested.nesting == "map" else []
    return fitted
