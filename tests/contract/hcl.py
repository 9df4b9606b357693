"""Reads as much of a Terraform module as the contract is about: its blocks, and the types of its variables as one-line texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_COMMENT = re.compile(r"(?m)(^|\s)(#|//).*$")
_HEREDOC = re.compile(r"<<-?(\w+)\n.*?\n\s*\1\b", re.DOTALL)
_BLOCK = re.compile(r'(?m)^(\w+)((?: "[^"]+")*) \{')
_ATTRIBUTE = re.compile(r"(?m)^  (\w+)\s*=\s*")
_STRING = re.compile(r'"(?:\\.|\$\{[^}]*\}|[^"\\])*"')


@dataclass(frozen=True)
class Block:
    """A top-level block: its type, its labels and the text inside."""

    type: str
    labels: tuple[str, ...]
    body: str

    def attribute(self, name: str) -> str | None:
        """Return an attribute's expression in one line without spaces, or None."""
        for match in _ATTRIBUTE.finditer(self.body):
            if match.group(1) == name:
                return compact(_expression(self.body[match.end() :]))
        return None

    def text(self, name: str) -> str:
        """Return what follows an attribute's name, as it is written."""
        match = re.search(rf"(?m)^  {name}\s*=\s*", self.body)
        return self.body[match.end() :] if match else ""


def _balanced(text: str) -> int:
    """Return where the bracket that `text` begins inside of is closed; brackets in strings do not count."""
    depth, position = 0, 0
    while position < len(text):
        if string := _STRING.match(text, position):
            position = string.end()
            continue
        if text[position] in "([{":
            depth += 1
        elif text[position] in ")]}":
            if depth == 0:
                return position
            depth -= 1
        position += 1
    return position


def _expression(text: str) -> str:
    """Return the expression at the beginning of `text`: to the end of the line on which its brackets are closed."""
    position = 0
    while position < len(text) and text[position] != "\n":
        if text[position] in "([{":
            position += 1 + _balanced(text[position + 1 :])
        position += 1
    return text[:position]


def compact(expression: str) -> str:
    """Return a type expression in one line: separators as commas, no spaces."""
    text = re.sub(r"\s*\n\s*", ",", expression.strip())
    text = re.sub(r"\s+", "", text)
    text = re.sub(r",+", ",", text)
    return re.sub(r"([({\[]),|,(?=[)}\]])", lambda match: match.group(1) or "", text)


@cache
def blocks(folder: Path) -> tuple[Block, ...]:
    """Return the top-level blocks of a module."""
    found = []
    for path in sorted(folder.glob("*.tf")):
        text = _HEREDOC.sub('"(text)"', path.read_text())
        text = _COMMENT.sub("", text)
        for match in _BLOCK.finditer(text):
            labels = tuple(re.findall(r'"([^"]+)"', match.group(2)))
            rest = text[match.end() :]
            found.append(Block(match.group(1), labels, rest[: _balanced(rest)]))
    return tuple(found)


def named(folder: Path, kind: str) -> dict[str, Block]:
    """Return the blocks of a type with one label (variables, outputs) by that label."""
    return {block.labels[0]: block for block in blocks(folder) if block.type == kind and len(block.labels) == 1}


def resources(folder: Path) -> dict[str, Block]:
    """Return the resources by `type.name`."""
    return {".".join(block.labels): block for block in blocks(folder) if block.type == "resource"}


def object_fields(type_text: str) -> dict[str, str]:
    """Return the fields of a compact `object({...})` with the text of their types."""
    inner = type_text.removeprefix("object({").removesuffix("})")
    fields, depth, start = {}, 0, 0
    for position, character in enumerate(inner + ","):
        depth += (character in "({[") - (character in ")}]")
        if character == "," and depth == 0:
            name, _, kind = inner[start:position].partition("=")
            if name:
                fields[name] = kind
            start = position + 1
    return fields
