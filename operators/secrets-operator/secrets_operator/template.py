"""The part of External Secrets' templates that cannot do harm: values and a listed set of functions; no loops, files or network.

`{{ .key }}`, `{{ index . "key-with-dash" }}`, `{{ .key | upper | b64enc }}`; docs/secrets.md lists the functions.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping

from infra.errors import ConfigRejected

_ACTION = re.compile(r"\{\{(-?)\s*(.*?)\s*(-?)\}\}", re.S)
_TOKEN = re.compile(r'\s*(?:(\|)|"((?:[^"\\]|\\.)*)"|(\d+)|\.([A-Za-z_]\w*)|(\.)(?=\s|$)|([A-Za-z_]\w*))')


def _indent(count: str, text: str) -> str:
    return "\n".join(" " * int(count) + line for line in text.split("\n"))


FUNCTIONS: Mapping[str, tuple[int, Callable[..., str]]] = {
    "b64enc": (1, lambda text: base64.b64encode(text.encode()).decode()),
    "b64dec": (1, lambda text: base64.b64decode(text, validate=True).decode()),
    "upper": (1, str.upper),
    "lower": (1, str.lower),
    "trim": (1, str.strip),
    "trimPrefix": (2, lambda prefix, text: text.removeprefix(prefix)),
    "trimSuffix": (2, lambda suffix, text: text.removesuffix(suffix)),
    "replace": (3, lambda old, new, text: text.replace(old, new)),
    "quote": (1, json.dumps),
    "squote": (1, lambda text: f"'{text}'"),
    "toJson": (1, json.dumps),
    "toString": (1, str),
    "default": (2, lambda other, text: text or other),
    "indent": (2, _indent),
    "nindent": (2, lambda count, text: "\n" + _indent(count, text)),
    "sha256sum": (1, lambda text: hashlib.sha256(text.encode()).hexdigest()),
}
"""Each function with how many values it takes; the last one comes from the pipe."""


def render(template: str, values: Mapping[str, bytes]) -> bytes:
    """Return the text with its actions replaced; raises `ConfigRejected` that names the action, never a value."""
    parts: list[str] = []
    at = 0
    trim = False
    for found in _ACTION.finditer(template):
        text = template[at : found.start()]
        text = text.lstrip() if trim else text
        parts.append(text.rstrip() if found.group(1) else text)
        parts.append(_action(found.group(2), values))
        at, trim = found.end(), bool(found.group(3))
    rest = template[at:]
    if "{{" in rest:
        raise ConfigRejected("a template has a {{ without its }}")
    parts.append(rest.lstrip() if trim else rest)
    return "".join(parts).encode()


def _action(text: str, values: Mapping[str, bytes]) -> str:
    stages = _stages(text)
    value: str | None = None
    for stage in stages:
        value = _stage(stage, value, values, text)
    if value is None:
        raise _wrong(text, "it is empty")
    return value


def _stages(text: str) -> list[list[tuple[str, str]]]:
    """Return the pipe's stages, each a list of (kind, text)."""
    stages: list[list[tuple[str, str]]] = [[]]
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if not found:
            raise _wrong(text, "only values, texts in double quotes, numbers, functions and | are known")
        at = found.end()
        pipe, quoted, number, field, dot, word = found.groups()
        if pipe:
            stages.append([])
        elif quoted is not None:
            stages[-1].append(("text", re.sub(r"\\(.)", lambda c: {"n": "\n", "t": "\t"}.get(c[1], c[1]), quoted)))
        else:
            stages[-1].append(next((k, v) for k, v in (("text", number), ("field", field), ("dot", dot), ("word", word)) if v))
    return stages


def _stage(stage: list[tuple[str, str]], before: str | None, values: Mapping[str, bytes], text: str) -> str:
    if not stage:
        raise _wrong(text, "a stage of the pipe is empty")
    kind, word = stage[0]
    if kind != "word":
        if len(stage) > 1 or before is not None:
            raise _wrong(text, "a value stands where a function belongs")
        return _operand(kind, word, values, text)
    if word == "index" and len(stage) == 3 and stage[1][0] == "dot":
        return _operand("field", stage[2][1], values, text)
    if word not in FUNCTIONS:
        raise _wrong(text, f"there is no function {word}; use one of {', '.join(FUNCTIONS)}")
    count, function = FUNCTIONS[word]
    given = [_operand(k, w, values, text) for k, w in stage[1:]] + ([before] if before is not None else [])
    if len(given) != count:
        raise _wrong(text, f"{word} takes {count} values, {len(given)} are given")
    try:
        return function(*given)
    except ValueError:
        raise _wrong(text, f"{word} cannot be applied to this value") from None


def _operand(kind: str, word: str, values: Mapping[str, bytes], text: str) -> str:
    if kind == "text":
        return word
    if kind != "field":
        raise _wrong(text, f"{word!r} is no value")
    if word not in values:
        raise _wrong(text, f"there is no key {word}")
    try:
        return values[word].decode()
    except UnicodeDecodeError:
        raise _wrong(text, f"{word} is not text") from None


def _wrong(text: str, why: str) -> ConfigRejected:
    return ConfigRejected(
        f"the template's {{{{ {text} }}}} is refused: {why}", next_step="docs/secrets.md lists what templates can do"
    )
