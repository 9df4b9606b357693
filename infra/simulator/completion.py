"""Fills in what only the cloud can know: every value still unknown when an object is made or looked up."""

import copy
from collections.abc import Mapping

from infra.simulator.clouds.base import Cloud, Scope, TypeRules, Want
from infra.simulator.schema import Block, NestedBlock
from infra.simulator.values import UNKNOWN, ObjectValue, Value, is_unknown

FIRST = (
    "id",
    "name",
    "arn",
    "self_link",
    "location",
    "base_rfc3339",
    "rfc3339",
    "base64",
    "fqdn",
    "private_fqdn",
    "node_resource_group",
)


class Completion:
    """Completes one object in place, top-level identity first so that the rest can be made from it."""

    def __init__(
        self,
        cloud: Cloud,
        type_: str,
        scope: Scope,
        root: ObjectValue,
        before: Mapping[str, object] | None = None,
    ) -> None:
        self._before = before or {}
        self._cloud = cloud
        self._type = type_
        self._scope = scope
        self._root = root
        self._rules: TypeRules = cloud.rules(type_)

    def run(self, block: Block) -> ObjectValue:
        """Fill every unknown value."""
        for name in block.attributes:
            named = name == "name" or f"{name}_prefix" in block.attributes
            if named and is_unknown(self._root.get(name)):
                self._attribute(block, self._root, name, "")
        if is_unknown(self._root.get("id")):
            self._root["id"] = self._cloud.identify(self._type, self._root, self._scope)
        self._block(block, self._root, "")
        return self._root

    def _block(self, block: Block, value: ObjectValue, path: str) -> None:
        names = [name for name in FIRST if name in block.attributes]
        for name in [*names, *(name for name in block.attributes if name not in names)]:
            if is_unknown(value.get(name)):
                self._attribute(block, value, name, path)
        for name, nested in block.children():
            inner = f"{path}.{name}" if path else name
            if is_unknown(value.get(name)):
                value[name] = self._template(nested, self._rules.template(inner))
            self._descend(nested, value.get(name), inner)

    def _attribute(self, block: Block, value: ObjectValue, name: str, path: str) -> None:
        inner = f"{path}.{name}" if path else name
        want = Want(self._type, inner, block.attributes[name], self._root, value, self._scope, self._before)
        value[name] = self._cloud.fill(want)

    def _descend(self, nested: NestedBlock, given: Value, path: str) -> None:
        items = given if isinstance(given, list) else [given]
        if isinstance(given, dict) and nested.nesting == "map":
            items = list(given.values())
        for item in items:
            if isinstance(item, dict):
                self._block(nested.block, item, path)

    def _template(self, nested: NestedBlock, template: object) -> Value:
        """Give the content of a block that was left out: the table's values, the rest to be made up."""
        if nested.nesting in ("single", "group"):
            return self._object(nested.block, template) if isinstance(template, dict) else None
        items = template if isinstance(template, list) else [template] if isinstance(template, dict) else []
        return [self._object(nested.block, item) for item in items]

    def _object(self, block: Block, template: object) -> ObjectValue:
        given: dict[str, object] = copy.deepcopy(template) if isinstance(template, dict) else {}
        made: ObjectValue = {}
        for name, attribute in block.attributes.items():
            made[name] = given.get(name, UNKNOWN if attribute.computed else None)
        for name, nested in block.blocks.items():
            made[name] = self._template(nested, given.get(name, []))
        return made
