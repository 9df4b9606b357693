"""Pydantic's errors in the words of the spec: what was found in the file, what is accepted, and the nearest right word."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from infra.errors import Problem
from infra.spec.document import Document, Location, path_text
from infra.spec.model import PATTERN_WORDS

_SHOWN = 80
"""Characters of a found value that are shown."""
_MANY = 12
"""From here on a list of accepted words is shown by its length and a suggestion instead."""

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_LIMITS = {
    "greater_than_equal": "a number of at least {ge}",
    "greater_than": "a number above {gt}",
    "less_than_equal": "a number of at most {le}",
    "less_than": "a number below {lt}",
    "string_too_short": "text of at least {min_length} characters",
    "string_too_long": "text of at most {max_length} characters",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
}


def one_of(found: Any, words: Sequence[str], what: str = "") -> str:
    """Say which words are accepted: all of them when few, and the nearest to what was found."""
    lower = {word.lower(): word for word in words}
    near = get_close_matches(str(found).lower(), lower, n=1, cutoff=0.6)
    hint = f"; did you mean {lower[near[0]]}?" if near else ""
    if len(words) <= _MANY:
        return f"{what + ': ' if what else ''}{', '.join(words) or 'none'}{hint}"
    return f"one of {len(words)} {what or 'words'}, such as {', '.join(words[:3])}{hint}"


def found_text(value: Any, written: str | None = None) -> str:
    """Show a found value as it is written, with its kind where that is what matters."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    text = written if written is not None else value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _kind(value: Any) -> str:
    """Name the type of a scalar, because `1.30` and `"1.30"` look alike."""
    if isinstance(value, bool):
        return " (true or false)"
    if isinstance(value, int | float):
        return " (a number)"
    return " (text)" if isinstance(value, str) else ""


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model inside an annotation such as `list[NodePool]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)


def _names(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's fields by their names in YAML."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_at(root: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """Return the model that describes a place in the document."""
    model: type[BaseModel] | None = root
    for step in location:
        if isinstance(step, str):
            field = _names(model).get(step) if model else None
            model = _model_in(field.annotation) if field else None
    return model


def _accepted(error: ErrorDetails, root: type[BaseModel]) -> str:
    """Say what would have been right in place of an error."""
    kind, context, location = error["type"], error.get("ctx", {}), error["loc"]
    if kind in _KINDS:
        text = kind == "string_type" and isinstance(error["input"], int | float)
        return "text, in quotes" if text else _KINDS[kind]
    if kind in _LIMITS:
        return _LIMITS[kind].format(**context)
    if kind == "string_pattern_mismatch":
        return PATTERN_WORDS.get(context["pattern"], f"text that matches {context['pattern']}")
    if kind == "literal_error":
        return one_of(error["input"], [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")])
    if kind == "extra_forbidden":
        model = _model_at(root, location[:-1])
        return one_of(location[-1], list(_names(model)) if model else [], "the fields")
    if kind == "missing":
        return _wanted(root, location)
    return str(context["error"]) if kind == "value_error" else error["msg"]


def _wanted(root: type[BaseModel], location: Location) -> str:
    model = _model_at(root, location[:-1])
    field = _names(model).get(str(location[-1])) if model else None
    return f"the field, which is needed: {field.description}" if field and field.description else "the field, which is needed"


def _found(error: ErrorDetails, written: str | None) -> str:
    if error["type"] == "missing":
        return "nothing"
    if error["loc"][-1:] == ("[key]",):
        return str(error["input"])
    if error["type"] == "extra_forbidden":
        return f"the unknown field {error['loc'][-1]}"
    if error["type"] not in _KINDS:
        return found_text(error["input"], written)
    text = found_text(error["input"], json.dumps(written, ensure_ascii=False) if isinstance(error["input"], str) else written)
    return text + _kind(error["input"])


def _place(location: Location) -> Location:
    """Return where an error is in the file: pydantic marks wrong keys with a step of its own."""
    return location[:-1] if location and location[-1] == "[key]" else location


def problems_of(
    errors: Iterable[ErrorDetails], root: type[BaseModel], document: Document, below: Location = ()
) -> list[tuple[Location, Problem]]:
    """Return each error as a problem, with its place in the document; `below` is where the model's part begins."""
    result = []
    for error in errors:
        location = (*below, *_place(error["loc"]))
        path = path_text(location)
        line = document.line(path)
        problem = Problem(path, _found(error, document.texts.get(path)), _accepted(error, root), line=line)
        result.append((location, problem))
    return result
