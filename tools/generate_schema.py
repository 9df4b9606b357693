"""Writes what is published about the spec and the errors from their code: the JSON Schema and the tables of docs/.

`--check` changes nothing and says what is out of date, for CI. Text in docs outside the markers is written by hand.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

import infra.objects  # noqa: F401 - holds an error of the tree
from infra.errors import HeraError, Stop, UserMistake, WaitAndRetry, by_code
from infra.spec.defaults import ENVIRONMENTS, NODE_POOLS
from infra.spec.model import PATTERN_WORDS, Cluster
from tools.written import PROJECT, settle

BEGIN, END = "<!-- generated: {} -->", "<!-- end -->"
SAID = {
    "apiVersion": "needed",
    "kind": "needed",
    "spec.network.zones": "the region's first three",
    "spec.kubernetes.version": "the cloud's newest",
    "spec.nodePools[].machineType": "the cloud's, by environment",
    "spec.nodePools[].zones": "the network's",
    "spec.nodePools": "one pool `general`",
}
_TYPES = {str: "text", int: "whole number", bool: "true or false", float: "number"}


def _model(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a field holds, itself or as a list's items."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model(part))), None)


def _type(annotation: Any) -> str:
    """Return a type in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return "mapping"
    if annotation in _TYPES:
        return _TYPES[annotation]
    if _model(annotation):
        return "mapping"
    if any(isinstance(value, str) for value in arguments):
        return "text"
    inner = [part for part in arguments if part is not NoneType]
    return _type(inner[0]) if inner else "any"


def _constraints(metadata: list[Any]) -> Iterator[tuple[str, Any]]:
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from _constraints(item.metadata)
        for name in ("pattern", "ge", "le", "min_length", "max_length"):
            if getattr(item, name, None) is not None:
                yield name, getattr(item, name)


def _accepted(field: FieldInfo) -> str:
    """Say what a field accepts beyond its type."""
    words = [value for part in (field.annotation, *get_args(field.annotation)) for value in get_args(part)]
    choices = [f"`{value}`" for value in words if isinstance(value, str)]
    if choices:
        return ", ".join(dict.fromkeys(choices))
    nested = [meta for part in get_args(field.annotation) for meta in getattr(part, "__metadata__", ())]
    limits = dict(_constraints([*nested, *field.metadata]))
    if "pattern" in limits:
        return PATTERN_WORDS[limits["pattern"]]
    if "ge" in limits:
        return f"{limits['ge']} to {limits['le']}"
    if "max_length" in limits and _type(field.annotation).startswith("list"):
        return f"{limits['min_length']} to {limits['max_length']} of them"
    return ""


def _fields(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every field with its path in the file, parts before what is in them."""
    for name, field in model.model_fields.items():
        inner = _model(field.annotation)
        where = f"{path}.{field.alias or name}".lstrip(".")
        yield where, field
        if inner:
            yield from _fields(inner, where + ("[]" if get_origin(field.annotation) is list else ""))


def _lookup(data: Any, path: list[str]) -> Any:
    for step in path:
        data = data.get(step) if isinstance(data, Mapping) else None
    return data


def _default(path: str, field: FieldInfo, environment: str) -> str:
    """Say what a field is in an environment that does not write it."""
    if path in SAID:
        return SAID[path]
    steps = path.split(".")
    value = _lookup(ENVIRONMENTS[environment], steps[1:])
    if steps[:2] == ["spec", "nodePools[]"] and len(steps) == 3:
        value = NODE_POOLS[environment].get(steps[2])
    if value is None or isinstance(value, Mapping):
        if field.is_required():
            return "" if _model(field.annotation) else "needed"
        value = field.default
    return "" if isinstance(value, BaseModel) else f"`{json.dumps(value)}`"


def spec_table() -> str:
    """Return every field as a table."""
    lines = ["| Field | Type | dev | staging | prod | Accepted | Meaning |", "|---|---|---|---|---|---|---|"]
    for path, field in _fields(Cluster):
        defaults = [_default(path, field, environment) for environment in ENVIRONMENTS]
        shown = [defaults[0], *("″" if text == defaults[0] and text else text for text in defaults[1:])]
        cells = [f"`{path}`", _type(field.annotation), *shown, _accepted(field), field.description or ""]
        lines.append("| " + " | ".join(cells).replace("  ", " ") + " |")
    return "\n".join(lines)


def errors_table() -> str:
    """Return every error code as tables, by what the reader does."""
    parts = []
    for group in (UserMistake, WaitAndRetry, Stop):
        lines = [f"### {inspect.getdoc(group)}", "", "| Code | Exit | What happened | Retry | Next |", "|---|---|---|---|---|"]
        members = [cls for cls in by_code().values() if issubclass(cls, group)]
        for cls in sorted(members, key=lambda cls: (cls.exit_code, cls.code)):
            lines.append(
                f"| `{cls.code}` | {cls.exit_code} | {_what(cls)} | {_retry(cls)} | {cls.default_next or 'as the message says'} |"
            )
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _what(cls: type[HeraError]) -> str:
    return (inspect.getdoc(cls) or "").split("\n")[0]


def _retry(cls: type[HeraError]) -> str:
    if not cls.retryable:
        return "no"
    return "yes, by the pipeline" if cls.exit_code == 81 else "yes, by you"


def _placed(document: str, name: str, content: str) -> str:
    """Return a document with the part between its markers replaced."""
    begin = BEGIN.format(name)
    before, found, rest = document.partition(begin)
    _, end, after = rest.partition(END)
    if not found or not end:
        raise SystemExit(f"no part {begin} … {END}")
    return f"{before}{begin}\n\n{content}\n\n{END}{after}"


def outputs() -> dict[Path, str]:
    """Return every generated file with what it should hold."""
    from infra.spec.schema import json_schema

    schema, spec, errors = (PROJECT / part for part in ("schemas/cluster.v1alpha1.json", "docs/spec.md", "docs/errors.md"))
    return {
        schema: json.dumps(json_schema(), indent=2) + "\n",
        spec: _placed(spec.read_text(), "fields", spec_table()),
        errors: _placed(errors.read_text(), "errors", errors_table()),
    }


def main() -> int:
    """Write or check the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file is out of date")
    arguments = parser.parse_args()
    os.environ.pop("HERA_PROVIDER_PATH", None)
    return settle(outputs(), "python -m tools.generate_schema", check=arguments.check)


if __name__ == "__main__":
    sys.exit(main())
