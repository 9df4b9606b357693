"""The part of Argo's expression language (expr) that pipelines use: retries, `depends`, hooks, outputs and `{{=…}}` tags.

Parsed before anything starts, so a function that is not known here is refused by name instead of failing in mid-run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from infra.errors import Unsupported

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.\d+|\d+)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)"""
    r"""|(?P<word>[A-Za-z_$][\w$]*)|(?P<symbol>\?\?|\?\.|\*\*|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]^|{}#;=]))""",
    re.VERBOSE,
)
_BINDING = {
    "||": 10, "or": 10, "&&": 15, "and": 15, "==": 20, "!=": 20, "<": 20, ">": 20, "<=": 20, ">=": 20, "in": 20,
    "not in": 20, "contains": 20, "startsWith": 20, "endsWith": 20, "matches": 20, "+": 30, "-": 30, "*": 60, "/": 60,
    "%": 60, "**": 100, "^": 100, "??": 500,
}  # fmt: skip
_WORDS = {"true": True, "false": False, "nil": None}

Evaluate = Callable[[Mapping[str, Any]], Any]


class ExpressionError(Exception):
    """The text is no expression, or can't be evaluated with these values."""


class MissingName(ExpressionError):
    """A name that nothing has a value for; `path` is as far as it was spelt."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is missing")
        self.path = path


class AllNames(dict[str, Any]):
    """Values of which every name that an expression spells has to be there; otherwise only its first part has to."""


def evaluate(text: str, values: Mapping[str, Any]) -> Any:
    """Return an expression's value."""
    return _Parser(text).whole()(values)


def truth(text: str, values: Mapping[str, Any]) -> bool:
    """Return an expression's truth value."""
    value = evaluate(text, values)
    if not isinstance(value, bool):
        raise ExpressionError(f"unable to cast expression result '{value}' to bool")
    return value


def check(text: str, path: str) -> None:
    """Refuse an expression that this engine can't evaluate, before anything runs."""
    try:
        _Parser(text).whole()
    except ExpressionError as error:
        raise Unsupported(f"{path}: the local engine can't read the expression `{text}`: {error}") from None


def expand(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted names as nested values; a longer name wins over one that is its beginning."""
    nested: dict[str, Any] = {}
    for name in sorted(flat):
        place = nested
        *parents, last = name.split(".")
        for part in parents:
            inner = place.get(part)
            if not isinstance(inner, dict):
                inner = place[part] = {}
            place = inner
        place[last] = flat[name]
    return nested


def _integer(value: Any) -> int:
    try:
        return int(float(value)) if isinstance(value, float) else int(str(value), 10)
    except ValueError:
        raise ExpressionError(f"invalid operation: int({value})") from None


def _real(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ExpressionError(f"invalid operation: float({value})") from None


def _string(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "<nil>"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _look_up(container: Any, key: Any) -> Any:
    """Return what is at a key or index, nil where there is nothing; the function `get`."""
    if isinstance(container, Mapping):
        return container.get(key)
    if isinstance(container, list) and isinstance(key, int) and -len(container) <= key < len(container):
        return container[key]
    return None


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "asInt": _integer,
    "int": _integer,
    "asFloat": _real,
    "float": _real,
    "string": _string,
    "len": len,
    "toJson": lambda value: json.dumps(value, separators=(",", ":")),
    "toJSON": lambda value: json.dumps(value, indent=2),
    "fromJSON": json.loads,
    "upper": str.upper,
    "lower": str.lower,
    "trim": str.strip,
    "get": _look_up,
}


class _Parser:
    """A Pratt parser that builds closures."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text)
        self._at = 0

    @staticmethod
    def _split(text: str) -> list[tuple[str, str]]:
        tokens, position = [], 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if not found or not found.lastgroup:
                raise ExpressionError(f"unexpected token at {position}: {text[position:]!r}")
            tokens.append((found.lastgroup, found.group(found.lastgroup)))
            position = found.end()
        return tokens

    def whole(self) -> Evaluate:
        value = self._ternary()
        if self._at < len(self._tokens):
            raise ExpressionError(f"unexpected token {self._tokens[self._at][1]!r}")
        return value

    def _peek(self) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] == "text":
            return ""
        return self._tokens[self._at][1]

    def _take(self, token: str) -> bool:
        taken = self._peek() == token
        self._at += taken
        return taken

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise ExpressionError(f"expected {token!r}, found {self._peek() or 'the end'!r}")

    def _ternary(self) -> Evaluate:
        condition = self._binary(0)
        if not self._take("?"):
            return condition
        yes = self._ternary()
        self._need(":")
        no = self._ternary()
        return lambda values: yes(values) if _bool(condition(values)) else no(values)

    def _operator(self) -> str:
        token = self._peek()
        if token == "not" and self._at + 1 < len(self._tokens) and self._tokens[self._at + 1][1] == "in":
            return "not in"
        return token

    def _binary(self, minimum: int) -> Evaluate:
        left = self._unary()
        while (strength := _BINDING.get(operator := self._operator(), 0)) > minimum:
            self._at += 2 if operator == "not in" else 1
            right = self._binary(strength - 1 if operator in ("**", "^") else strength)
            left = _binary(operator, left, right)
        return left

    def _unary(self) -> Evaluate:
        if self._take("!") or self._take("not"):
            operand = self._binary(50)
            return lambda values: not _bool(operand(values))
        if self._take("-"):
            number = self._binary(90)
            return lambda values: -_number(number(values))
        return self._postfix(*self._primary())

    def _primary(self) -> tuple[Evaluate, str]:
        if self._at >= len(self._tokens):
            raise ExpressionError("unexpected end of expression")
        kind, token = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return _constant(float(token) if "." in token else int(token)), ""
        if kind == "text":
            return _constant(token[1:-1] if token[0] == "`" else re.sub(r"\\(.)", _unescape, token[1:-1])), ""
        if kind == "word" and token in _WORDS:
            return _constant(_WORDS[token]), ""
        if kind == "word":
            return self._name(token)
        if token == "(":
            inner = self._ternary()
            self._need(")")
            return inner, ""
        if token == "[":
            items = self._list("]")
            return lambda values: [item(values) for item in items], ""
        raise ExpressionError(f"unexpected token {token!r}")

    def _name(self, name: str) -> tuple[Evaluate, str]:
        if self._take("("):
            if name not in _FUNCTIONS:
                raise ExpressionError(f"the function `{name}` is not known")
            arguments, function = self._list(")"), _FUNCTIONS[name]
            return lambda values: function(*(argument(values) for argument in arguments)), ""
        if name == "sprig":
            raise ExpressionError("sprig functions are not known")

        def read(values: Mapping[str, Any]) -> Any:
            if name not in values:
                raise MissingName(name)
            return values[name]

        return read, name

    def _list(self, closing: str) -> list[Evaluate]:
        items: list[Evaluate] = []
        while not self._take(closing):
            if items:
                self._need(",")
            items.append(self._ternary())
        return items

    def _postfix(self, value: Evaluate, path: str) -> Evaluate:
        lenient = False
        while True:
            lenient = lenient or self._peek() == "?."
            if self._take(".") or self._take("?."):
                kind, name = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
                if kind != "word":
                    raise ExpressionError("expected a name after the dot")
                self._at += 1
                path = f"{path}.{name}"
                value = _member(value, _constant(name), path, lenient)
            elif self._take("["):
                start, key = self._at, self._ternary()
                self._need("]")
                literal = self._tokens[start][1][1:-1] if self._tokens[start][0] == "text" else ""
                path = f"{path}.{literal}"
                value = _member(value, key, path if literal else "", lenient)
            else:
                return value


def _unescape(found: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t", "r": "\r"}.get(found.group(1), found.group(1))


def _constant(value: Any) -> Evaluate:
    return lambda values: value


def _member(container: Evaluate, key: Evaluate, path: str, lenient: bool) -> Evaluate:
    def read(values: Mapping[str, Any]) -> Any:
        inside, name = container(values), key(values)
        if path and isinstance(values, AllNames) and isinstance(inside, Mapping) and name not in inside:
            raise MissingName(path)
        if not isinstance(inside, Mapping | list) and not (lenient and inside is None):
            raise ExpressionError(f"cannot fetch {name} from {_string(inside)}")
        return _look_up(inside, name)

    return read


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ExpressionError(f"{value!r} is no truth value")
    return value


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"{value!r} is no number")
    return value


def _equal(left: Any, right: Any) -> bool:
    numbers = all(isinstance(side, int | float) and not isinstance(side, bool) for side in (left, right))
    return bool(left == right) if numbers or type(left) is type(right) else False


def _ordered(left: Any, right: Any) -> bool:
    if not (isinstance(left, str) and isinstance(right, str)):
        _number(left), _number(right)
    return True


def _texts(left: Any, right: Any) -> bool:
    if not (isinstance(left, str) and isinstance(right, str)):
        raise ExpressionError(f"{left!r} and {right!r} have to be texts")
    return True


def _added(left: Any, right: Any) -> Any:
    return left + right if isinstance(left, str) and isinstance(right, str) else _number(left) + _number(right)


def _within(left: Any, right: Any) -> bool:
    if isinstance(right, Mapping):
        return left in right
    if not isinstance(right, list):
        raise ExpressionError(f"{right!r} is no list")
    return any(_equal(left, item) for item in right)


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": lambda left, right: _ordered(left, right) and left < right,
    ">": lambda left, right: _ordered(left, right) and left > right,
    "<=": lambda left, right: _ordered(left, right) and left <= right,
    ">=": lambda left, right: _ordered(left, right) and left >= right,
    "in": _within,
    "not in": lambda left, right: not _within(left, right),
    "contains": lambda left, right: _texts(left, right) and right in left,
    "startsWith": lambda left, right: _texts(left, right) and left.startswith(right),
    "endsWith": lambda left, right: _texts(left, right) and left.endswith(right),
    "matches": lambda left, right: _texts(left, right) and bool(re.search(right, left)),
    "+": _added,
    "-": lambda left, right: _number(left) - _number(right),
    "*": lambda left, right: _number(left) * _number(right),
    "/": lambda left, right: _number(left) / _number(right),
    "%": lambda left, right: _number(left) % _number(right),
    "**": lambda left, right: _number(left) ** _number(right),
    "^": lambda left, right: _number(left) ** _number(right),
}


def _binary(operator: str, left: Evaluate, right: Evaluate) -> Evaluate:
    if operator in ("||", "or"):
        return lambda values: _bool(left(values)) or _bool(right(values))
    if operator in ("&&", "and"):
        return lambda values: _bool(left(values)) and _bool(right(values))
    if operator == "??":
        return lambda values: right(values) if (value := left(values)) is None else value
    operation = _OPERATIONS[operator]
    return lambda values: operation(left(values), right(values))
