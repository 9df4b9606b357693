"""YAML text as plain data with the line of every field, so that a refusal can say where.

Reads as strictly as the form allows: one document, no field twice, no tags of other languages, a bounded size. PyYAML's own
constructor would let the last of two equal fields win and forget where values came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.reader import ReaderError

from infra.errors import Problem, SpecInvalid

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_NODES = 20_000
"""Values in a file after its aliases are followed; far above any real spec, far below what hurts."""

Location = tuple[str | int, ...]
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LAST_STEP = re.compile(r"^(.*?)(\.?[A-Za-z_][A-Za-z0-9_-]*|\[(?:[0-9]+|\"[^\"]*\")\])$", re.DOTALL)
_TAG = "tag:yaml.org,2002:"
_SCALARS = tuple(_TAG + kind for kind in ("str", "int", "float", "bool", "null", "timestamp"))
_MERGE = _TAG + "merge"


def path_text(location: Iterable[str | int]) -> str:
    """Write a location as in refusals: `spec.nodePools[1].labels["example.com/team"]`."""
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def parent(path: str) -> str:
    """Return the path without its last step; empty at the top."""
    match = _LAST_STEP.match(path)
    return match.group(1) if match else ""


@dataclass
class Document:
    """One YAML document: its data, where its fields are, and what is wrong with its form."""

    data: Any = None
    lines: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    """Scalars as they are written: `1.30` would otherwise be shown as 1.3."""
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: str) -> int:
        """Return the line of a field, or of the nearest part around it that is written."""
        while path and path not in self.lines:
            path = parent(path)
        return self.lines.get(path, 1 if self.lines else 0)


def refuse(found: str, accepted: str, line: int = 0) -> SpecInvalid:
    """Return the refusal of a whole document."""
    return SpecInvalid([Problem("(document)", found, accepted, line=line)])


def read(text: str) -> Document:
    """Read one document; raises `SpecInvalid` (with the line, without the file) when there is nothing to go on with."""
    if len(text) > MAX_BYTES:
        raise refuse(f"{len(text):,} characters", f"at most {MAX_BYTES:,}")
    try:
        return _Reader(_compose(text)).document
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise refuse(f"the character {chr(int(error.character))!r}", "printable text", line) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise refuse(f"what YAML does not allow: {what}", "a YAML document", mark.line + 1 if mark else 0) from None


def _compose(text: str) -> yaml.Node:
    loader = _Loader(text)
    try:
        node = loader.get_node() if loader.check_node() else None
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            raise refuse("nothing", "one document that describes a cluster")
        if not isinstance(node, yaml.MappingNode):
            raise refuse(_kind(node), "a mapping that starts with apiVersion, kind, metadata and spec", _line(node))
        if loader.check_node():
            raise refuse("several documents", "one document a file", _next_line(loader))
        return node
    finally:
        loader.dispose()


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _next_line(loader: yaml.SafeLoader) -> int:
    return int(loader.peek_event().start_mark.line) + 1  # type: ignore[no-untyped-call]


def _kind(node: yaml.Node) -> str:
    return (
        "a list"
        if isinstance(node, yaml.SequenceNode)
        else "a mapping"
        if isinstance(node, yaml.MappingNode)
        else "a single value"
    )


class _Loader(yaml.SafeLoader):
    """Composes nodes to a bounded depth: the composer recurses, and a file of brackets would end Python's stack."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise refuse(f"more than {MAX_DEPTH} levels", "what the spec describes", _next_line(self))
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


class _Reader:
    """Turns nodes into data, remembering lines and texts; follows aliases, counting what comes of it."""

    def __init__(self, root: yaml.Node) -> None:
        self.document = Document()
        self._scalars = yaml.constructor.SafeConstructor()
        self._count = self._depth = 0
        self.document.data = self._value(root, ())

    def _value(self, node: yaml.Node, location: Location) -> Any:
        self._count += 1
        self._depth += 1
        if self._count > MAX_NODES or self._depth > MAX_DEPTH:
            raise refuse("aliases that repeat a part over and over", f"at most {MAX_NODES:,} values in all", _line(node))
        value = self._of_kind(node, location)
        self._depth -= 1
        return value

    def _of_kind(self, node: yaml.Node, location: Location) -> Any:
        path = path_text(location)
        self.document.lines.setdefault(path, _line(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*location, index)) for index, item in enumerate(node.value)]
        self.document.texts[path] = node.value
        return self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: str) -> Any:
        """Return a scalar's value; what YAML 1.1 takes for a date is text, as in JSON and Kubernetes."""
        if node.tag not in _SCALARS:
            self._problem(path, f"the tag {node.tag.replace(_TAG, '!!')}", "text, a number, true or false, without a tag", node)
            return node.value
        if node.tag == _TAG + "timestamp":
            return node.value
        try:
            return self._scalars.construct_object(node)
        except ValueError as error:
            self._problem(path, f"{node.value[:80]!r}: {error}", "text, a number, true or false", node)
            return node.value

    def _problem(self, path: str, found: str, accepted: str, node: yaml.Node) -> None:
        self.document.problems.append(Problem(path, found, accepted, line=_line(node)))

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        data = self._merged([value for key, value in node.value if key.tag == _MERGE], location)
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                continue
            key = self._key(key_node, location)
            path = path_text((*location, key))
            if key in first:
                self._problem(path, f"the field again, after line {first[key]}", "each field once", key_node)
                continue
            first[key] = self.document.lines[path] = _line(key_node)
            data[key] = self._value(value_node, (*location, key))
        return data

    def _key(self, node: yaml.Node, location: Location) -> str:
        if isinstance(node, yaml.ScalarNode):
            if node.tag != _TAG + "str":
                self._problem(path_text((*location, node.value)), f"{node.value} as a field's name", "text, in quotes", node)
            return str(node.value)
        self._problem(path_text(location), f"{_kind(node)} as a field's name", "text", node)
        return "?"

    def _merged(self, nodes: list[yaml.Node], location: Location) -> dict[str, Any]:
        """Return the fields that `<<` brings in, the first of several winning."""
        data: dict[str, Any] = {}
        for node in nodes:
            for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
                value = self._value(part, location)
                if isinstance(value, dict):
                    data = {**value, **data}
                else:
                    self._problem(path_text((*location, "<<")), _kind(part), "an alias of a mapping", part)
        return data
