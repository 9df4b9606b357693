"""`when`, in the language Argo evaluates it in (govaluate), where a bare word is a text.

The habits that matter are kept: a word ends at a hyphen, so `not-yet == x` is a subtraction and an error; a number never
equals a text; `and` and `or` want truth values. Ternaries, bits and dates are refused by name.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from infra.errors import Unsupported

_PLACEHOLDER = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_SYMBOLS = ("&&", "||", "==", "!=", ">=", "<=", "=~", "!~", "**", ">", "<", "!", "+", "-", "*", "/", "%")
_REFUSED = ("??", "?", ":", "<<", ">>", "&", "|", "^", "~")
_CALL = re.compile(r"[^\W\d_]\w*")

Token = tuple[str, Any]


class ConditionError(Exception):
    """The text is not a condition, or does not give a truth value."""


def evaluate(when: str) -> bool:
    """Return whether a substituted `when` holds; an empty one does.

    Raises:
        ConditionError: With Argo's wording.
    """
    if not when:
        return True
    try:
        value = _Parser(_tokens(when)).whole()
    except ConditionError as error:
        hint = ' (hint: try wrapping the affected expression in quotes ("))' if "Invalid token" in str(error) else ""
        raise ConditionError(f"Invalid 'when' expression '{when}': {error}{hint}") from None
    if not isinstance(value, bool):
        raise ConditionError(f"Expected boolean evaluation for '{when}'. Got {value}")
    return value


def check(when: str, path: str) -> None:
    """Refuse, before anything runs, operators that only Argo knows."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "x", _PLACEHOLDER.sub("x", when))
    for symbol in re.findall(r"[^\w\s()'\",.\[\]]+", text):
        if symbol not in _SYMBOLS and symbol in _REFUSED:
            raise Unsupported(f"{path}: the local engine does not know the operator `{symbol}`")


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        token, position = _token(text, position, found)
        found.append(token)
    depth = [kind for kind, _ in found]
    if depth.count("(") != depth.count(")"):
        raise ConditionError("Unbalanced parenthesis")
    return found


def _token(text: str, start: int, before: list[Token]) -> tuple[Token, int]:
    character = text[start]
    if character.isdigit() or character == ".":
        return _number(text, start)
    if character in "'\"":
        return _until(text, start + 1, "'\"", "Unclosed string literal")
    if character == "[":
        return _until(text, start + 1, "]", "Unclosed parameter bracket")
    if character.isalpha():
        return _word(text, start)
    if character in "(),":
        return (character, character), start + 1
    return _symbol(text, start, before)


def _number(text: str, start: int) -> tuple[Token, int]:
    hexadecimal = re.compile(r"0x([0-9a-fA-F]+)").match(text, start)
    if hexadecimal:
        return ("value", float(int(hexadecimal.group(1), 16))), hexadecimal.end()
    end = start
    while end < len(text) and (text[end].isdigit() or text[end] == "."):
        end += 1
    try:
        return ("value", float(text[start:end])), end
    except ValueError:
        raise ConditionError(f"Unable to parse numeric value '{text[start:end]}' to float64") from None


def _until(text: str, start: int, closing: str, problem: str) -> tuple[Token, int]:
    value, position = "", start
    while position < len(text):
        if text[position] == "\\" and position + 1 < len(text):
            value, position = value + text[position + 1], position + 2
        elif text[position] in closing:
            return ("value", value), position + 1
        else:
            value, position = value + text[position], position + 1
    raise ConditionError(problem)


def _word(text: str, start: int) -> tuple[Token, int]:
    end, word = start, ""
    while end < len(text) and (text[end].isalnum() or text[end] in "_.\\"):
        end += text[end] == "\\"
        word += text[end : end + 1]
        end += 1
    if "." in word:
        raise ConditionError(f"Unable to access unexported field in token '{word}'")
    if word in ("in", "IN"):
        return ("symbol", "in"), end
    return ("value", {"true": True, "false": False}.get(word, word)), end


def _symbol(text: str, start: int, before: list[Token]) -> tuple[Token, int]:
    end = start
    while end < len(text) and not (text[end].isalnum() or text[end].isspace() or text[end] in "()[]'\",_"):
        end += 1
    symbol = text[start:end] or text[start]
    if symbol not in _SYMBOLS:
        raise ConditionError(f"Invalid token: '{symbol}'")
    prefix = symbol in "!-" and (not before or before[-1][0] in ("symbol", "prefix", "(", ","))
    return ("prefix" if prefix else "symbol", symbol), start + len(symbol)


def _same_kind(left: Any, right: Any, symbol: str) -> None:
    both = (type(left), type(right))
    if both not in ((float, float), (str, str)):
        raise ConditionError(f"Value '{left}' cannot be used with the comparator '{symbol}'")


def _compare(symbol: str, left: Any, right: Any) -> bool:
    if symbol in ("==", "!="):
        return (type(left) is type(right) and left == right) is (symbol == "==")
    if symbol in ("=~", "!~"):
        return bool(re.search(str(right), str(left))) is (symbol == "=~")
    if symbol == "in":
        if not isinstance(right, tuple):
            raise ConditionError(f"Value '{right}' cannot be used with the comparator 'in', it is not an array")
        return any(_compare("==", left, item) for item in right)
    _same_kind(left, right, symbol)
    return _ORDER[symbol](left, right)


def _calculate(symbol: str, left: Any, right: Any) -> Any:
    if symbol == "+" and (isinstance(left, str) or isinstance(right, str)):
        return f"{_text(left)}{_text(right)}"
    if type(left) is not float or type(right) is not float:
        raise ConditionError(f"Value '{left}' cannot be used with the modifier '{symbol}', it is not a number")
    try:
        return _ARITHMETIC[symbol](left, right)
    except ZeroDivisionError:
        return float("inf")


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "**": operator.pow,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


class _Parser:
    """Precedence climbing, one method a level as govaluate plans them; evaluates as it goes."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def whole(self) -> Any:
        value = self._or()
        if self._at < len(self._tokens):
            raise ConditionError(f"Cannot transition token types to [{self._tokens[self._at][1]}]")
        return value

    def _take(self, *symbols: str) -> str | None:
        if self._at < len(self._tokens):
            kind, value = self._tokens[self._at]
            if kind == "symbol" and value in symbols:
                self._at += 1
                return str(value)
        return None

    def _or(self) -> Any:
        value = self._and()
        while self._take("||"):
            value = self._logical("||", value, self._and())
        return value

    def _and(self) -> Any:
        value = self._comparison()
        while self._take("&&"):
            value = self._logical("&&", value, self._comparison())
        return value

    @staticmethod
    def _logical(symbol: str, left: Any, right: Any) -> bool:
        decided = isinstance(left, bool) and left is (symbol == "||")
        for side in (left,) if decided else (left, right):
            if not isinstance(side, bool):
                raise ConditionError(f"Value '{side}' cannot be used with the logical operator '{symbol}', it is not a bool")
        return bool(left or right) if symbol == "||" else bool(left and right)

    def _comparison(self) -> Any:
        value = self._sum()
        while symbol := self._take("==", "!=", ">=", "<=", ">", "<", "=~", "!~", "in"):
            value = _compare(symbol, value, self._sum())
        return value

    def _sum(self) -> Any:
        value = self._product()
        while symbol := self._take("+", "-"):
            value = _calculate(symbol, value, self._product())
        return value

    def _product(self) -> Any:
        value = self._power()
        while symbol := self._take("*", "/", "%"):
            value = _calculate(symbol, value, self._power())
        return value

    def _power(self) -> Any:
        value = self._prefix()
        return _calculate("**", value, self._power()) if self._take("**") else value

    def _prefix(self) -> Any:
        if self._at >= len(self._tokens):
            raise ConditionError("Unexpected end of expression")
        kind, token = self._tokens[self._at]
        self._at += 1
        if kind == "prefix":
            return self._negated(token, self._prefix())
        if kind == "(":
            return self._clause()
        if kind == "value":
            return token
        raise ConditionError(f"Cannot transition token types to [{token}]")

    @staticmethod
    def _negated(symbol: str, value: Any) -> Any:
        if symbol == "!" and isinstance(value, bool):
            return not value
        if symbol == "-" and type(value) is float:
            return -value
        raise ConditionError(f"Value '{value}' cannot be used with the prefix '{symbol}'")

    def _clause(self) -> Any:
        values = [self._or()]
        while self._at < len(self._tokens) and self._tokens[self._at][0] == ",":
            self._at += 1
            values.append(self._or())
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != ")":
            raise ConditionError("Unbalanced parenthesis")
        self._at += 1
        return values[0] if len(values) == 1 else tuple(values)
