"""A provider nothing special is known of, and the seams where the known ones differ."""

import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from infra.simulator.schema import Attribute
from infra.simulator.store import Row, Store
from infra.simulator.values import ObjectValue, Value, empty, is_unknown, text


@dataclass(frozen=True)
class Scope:
    """Where a provider works: what its configuration says of account, place and default tags."""

    account: str = "simulated"
    region: str = "simulated"
    zone: str = ""
    default_tags: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Want:
    """A value the cloud has to make up: where it is wanted and what is known so far."""

    type: str
    path: str
    attribute: Attribute
    root: ObjectValue
    parent: ObjectValue
    scope: Scope
    before: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Give the attribute's own name."""
        return self.attribute.name


Maker = Callable[[Want], Value]


@dataclass(frozen=True)
class Tables:
    """A provider's hand-kept knowledge of its types; the key is the resource type, paths are dotted."""

    defaults: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    computed_blocks: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    replaces: Mapping[str, Iterable[str]] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)
    """What a user types to import a type whose id says nothing of it: a text with attributes as `{name}`."""
    keeps: Mapping[str, Iterable[str]] = field(default_factory=dict)
    generic_replaces: re.Pattern[str] = re.compile(r"^(name|name_prefix|location|region|project|zone)$")
    recomputed: Mapping[str, Mapping[str, Iterable[str]]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Maker]] = field(default_factory=dict)


class TypeRules:
    """The planning rules of one resource type, read from its provider's tables."""

    def __init__(self, tables: Tables, type_: str) -> None:
        self._defaults = tables.defaults.get(type_, {})
        self._blocks = tables.computed_blocks.get(type_, {})
        self._replaces = frozenset(tables.replaces.get(type_, ()))
        self._keeps = frozenset(tables.keeps.get(type_, ()))
        self._generic = tables.generic_replaces
        self._recomputed = tables.recomputed.get(type_, {})

    def default(self, path: str, attribute: Attribute) -> Value:
        """Give the value planned for an attribute left out, or None."""
        return self._defaults.get(path)

    def computed_block(self, path: str) -> bool:
        """Tell whether a block left out is filled in by the cloud."""
        return path in self._blocks

    def template(self, path: str) -> object:
        """Give what the cloud puts into a block left out."""
        return self._blocks.get(path)

    def replaces(self, path: str, attribute: Attribute | None, before: Value, after: Value) -> bool:
        """Tell whether a change there needs a new object."""
        if path in self._keeps:
            return False
        if path in self._replaces or "*" in self._replaces:
            return True
        return attribute is not None and "." not in path and bool(self._generic.match(path))

    def recomputed(self, changed: set[str]) -> set[str]:
        """Give the attributes an update makes unknown again: `*` stands for any change."""
        return {name for name, causes in self._recomputed.items() if "*" in causes or changed & set(causes)}


def now() -> str:
    """Give the time as clouds write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def hexid(digits: int = 17) -> str:
    """Give random hexadecimal digits that start with 0, as AWS ids do."""
    return "0" + secrets.token_hex(digits)[: digits - 1]


def uuid() -> str:
    """Give a random UUID."""
    import uuid as library

    return str(library.uuid4())


class Cloud:
    """The generic provider. Others override what they know better."""

    tables = Tables()

    def __init__(self, provider: str) -> None:
        self.provider = provider

    def rules(self, type_: str) -> TypeRules:
        """Give the planning rules of a type."""
        return TypeRules(self.tables, type_)

    def scope(self, config: ObjectValue) -> Scope:
        """Read the provider block."""
        return Scope(config=config)

    def scope_of(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Name the part of the cloud where an object's name has to be unique."""
        return scope.account

    def derive(self, type_: str, value: ObjectValue, config: ObjectValue, scope: Scope) -> None:
        """Set what a provider knows already when it plans, in place."""

    def check_config(self, type_: str, config: ObjectValue) -> None:
        """Refuse a configuration the provider's own validation refuses."""

    def check_create(self, type_: str, values: ObjectValue, scope: Scope, store: Store) -> None:
        """Refuse what the cloud would refuse to make."""

    def check_update(self, row: Row, values: ObjectValue, scope: Scope, store: Store) -> None:
        """Refuse what the cloud would refuse to change."""

    def check_delete(self, row: Row, prior: ObjectValue, scope: Scope, store: Store) -> None:
        """Refuse what the cloud would refuse to delete."""

    def adopt(self, type_: str, values: ObjectValue, scope: Scope, store: Store) -> Row | None:
        """Give the existing object that making this one means, if that is how the type works."""
        return None

    def outlives(self, row: Row) -> bool:
        """Tell an object that stays when terraform lets go of it, like a VPC's default security group."""
        return False

    def created(self, type_: str, values: ObjectValue, scope: Scope, store: Store) -> None:
        """Do what else the cloud does when this object comes into being; inside the transaction."""

    def deleted(self, row: Row, scope: Scope, store: Store) -> None:
        """Do what else the cloud does when this object goes; inside the transaction."""

    def identify(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Give a new object its id."""
        return uuid()

    def lookup(self, type_: str, id_: str, scope: Scope, store: Store) -> Row | None:
        """Find an object by what a user types to import it."""
        return store.get(type_, id_) or self.by_import_form(type_, id_, store)

    def by_import_form(self, type_: str, id_: str, store: Store) -> Row | None:
        """Find an object of a type that is imported by attributes of its own."""
        form = self.tables.imports.get(type_)
        if form is None:
            return None
        rows = store.find("type=?", (type_,))
        return next((row for row in rows if form.format_map(defaultdict(str, row.attributes)) == id_), None)

    def find(self, type_: str, values: ObjectValue, store: Store) -> Row | None:
        """Find an object by something else than its id, for types whose id is not unique."""
        return None

    def refresh(self, row: Row, store: Store) -> Row | None:
        """Look again at an object that also lives outside the database; None: it is gone."""
        return row

    def seconds(self, type_: str, operation: str, values: ObjectValue) -> float | None:
        """Give the real seconds of a call that says itself how long it takes."""
        return None

    def fill(self, want: Want) -> Value:
        """Make up a computed value."""
        everywhere = self.tables.values.get("*", {})
        maker = self.tables.values.get(want.type, {}).get(want.path) or everywhere.get(want.path)
        if maker is None and want.attribute.type == "string" and not want.attribute.configurable:
            maker = everywhere.get(want.name)
        if maker is not None:
            return maker(want)
        return self.guess(want)

    def guess(self, want: Want) -> Value:
        """Make up a value nothing special is known of, from its name and type."""
        if want.attribute.type != "string":
            return self._collection(want)
        if re.search(r"(_at|_date|_time|timestamp)$|^created|^updated", want.name):
            return now()
        if want.name == "name":
            prefix = text(want.root.get("name_prefix")) or "simulated-"
            return prefix + datetime.now(UTC).strftime("%Y%m%d%H%M%S") + secrets.token_hex(5)
        return "" if want.attribute.optional else f"simulated-{want.name}"

    def _collection(self, want: Want) -> Value:
        """Give one object where only the cloud decides, since modules index it, and else the empty value."""
        match want.attribute.type:
            case ["list", ["object", dict() as members]] if not want.attribute.configurable:
                return [self._members(want, members)]
            case ["object", dict() as members] if not want.attribute.configurable:
                return self._members(want, members)
        return empty(want.attribute.type)

    def _members(self, want: Want, members: Mapping[str, object]) -> ObjectValue:
        made: ObjectValue = {}
        for name, type_ in members.items():
            attribute = Attribute(name, type_, computed=True)
            made[name] = self.fill(replace(want, path=f"{want.path}.{name}", attribute=attribute, parent=made))
        return made

    def data(self, type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue | None:
        """Answer a data source: the values known, the rest is made up from the schema. None: nothing special."""
        return None

    def display_name(self, values: ObjectValue) -> str:
        """Give the name a person would use for an object."""
        tags = values.get("tags")
        tagged = text(tags.get("Name")) if isinstance(tags, dict) else ""
        return text(values.get("name")) or tagged or text(values.get("id"))


def known(value: Value) -> bool:
    """Tell a value that is set and known."""
    return value is not None and not is_unknown(value)
