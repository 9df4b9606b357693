"""`{{name}}` and `{{=expression}}` in a template's texts, with Argo's rules about what may stay unresolved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from workflows.local.expressions import AllNames, ExpressionError, MissingName, evaluate, expand

_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


class Unresolved(Exception):
    """A reference that has to have a value and has none; on Argo such a workflow waits for ever."""


def replace(value: Any, values: Mapping[str, str], strict: Iterable[str] = ()) -> Any:
    """Return a value with every tag in every text replaced, keys excepted.

    Args:
        value: Texts, lists and mappings as YAML has them.
        values: What the tags may name.
        strict: First parts of names that must have a value; `*` for all. Others stay as they are when unknown.

    Raises:
        Unresolved: A tag under `strict` has no value.
        ExpressionError: An expression with all its names failed.
    """
    return _Replacer(values, tuple(strict)).value(value)


class _Replacer:
    def __init__(self, values: Mapping[str, str], strict: tuple[str, ...]) -> None:
        self._values = values
        self._strict = strict
        self._nested: dict[str, Any] | None = None

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return _TAG.sub(self._tag, value) if "{{" in value else value
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        return value

    def _must(self, name: str) -> bool:
        return "*" in self._strict or name.split(".")[0] in self._strict

    def _tag(self, found: re.Match[str]) -> str:
        tag = found.group(1)
        if tag.startswith("="):
            return self._expression(tag[1:], found.group(0))
        name = tag.strip()
        if name in self._values:
            return self._values[name]
        if self._must(name) and (".outputs.artifacts." not in name or "*" in self._strict):
            raise Unresolved(f"failed to resolve {{{{{tag}}}}}")
        return found.group(0)

    def _expression(self, text: str, whole: str) -> str:
        if self._nested is None:
            self._nested = AllNames(expand(self._values))
        try:
            value = evaluate(text, self._nested)
        except MissingName as missing:
            if self._must(missing.path):
                raise Unresolved(f"failed to evaluate expression: {missing}") from None
            return whole
        if value is None:
            raise ExpressionError(f'failed to evaluate expression "{text}"')
        if isinstance(value, str):
            return value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return json.dumps(value, separators=(",", ":"))
