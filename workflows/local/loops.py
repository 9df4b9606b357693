"""`withItems`, `withParam` and `withSequence`: one call becomes several, named as Argo names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from workflows.local.conditions import ConditionError, evaluate
from workflows.local.scope import compact, text
from workflows.local.substitution import replace

_LOOPS = ("withItems", "withParam", "withSequence")

Call = dict[str, Any]


class LoopError(Exception):
    """The items are no list, or an item can't be used."""


def loops(call: Mapping[str, Any]) -> bool:
    """Return whether a call is made for several items."""
    return bool(call.get("withItems")) or any(call.get(name) for name in _LOOPS[1:])


def expanded(call: Call, values: Mapping[str, str]) -> list[Call]:
    """Return the calls that a task or step stands for; without a loop that is itself."""
    if not loops(call):
        return [call]
    body = {key: value for key, value in call.items() if key not in _LOOPS}
    return [_one(body, number, item, values) for number, item in enumerate(_items(call))]


def _items(call: Call) -> list[Any]:
    if call.get("withItems"):
        return list(call["withItems"])
    try:
        return _parsed(call["withParam"]) if call.get("withParam") else _sequence(call["withSequence"])
    except (ValueError, TypeError, LoopError) as error:
        if _skipped(call):
            return []
        raise LoopError(str(error)) from None


def _parsed(value: str) -> list[Any]:
    try:
        items = json.loads(value)
    except ValueError as error:
        raise LoopError(f"withParam value could not be parsed as a JSON list: {value.strip()}: {error}") from None
    if not isinstance(items, list):
        raise LoopError(f"withParam value could not be parsed as a JSON list: {value.strip()}")
    return items


def _sequence(sequence: Mapping[str, Any]) -> list[str]:
    start = int(str(sequence.get("start", 0)))
    if sequence.get("end") is not None:
        end = int(str(sequence["end"]))
    elif sequence.get("count") is not None:
        count = int(str(sequence["count"]))
        if count == 0:
            return []
        end = start + count - 1
    else:
        raise LoopError("neither end nor count was specified in withSequence")
    numbers = range(start, end + 1) if start <= end else range(start, end - 1, -1)
    return [str(sequence.get("format") or "%d") % number for number in numbers]


def _skipped(call: Call) -> bool:
    try:
        return not evaluate(call.get("when") or "")
    except ConditionError:
        return False


def _one(call: Call, number: int, item: Any, values: Mapping[str, str]) -> Call:
    named, description = dict(values), text(item)
    if isinstance(item, dict):
        named |= {f"item.{key}": text(value) for key, value in item.items()}
        named["item"] = compact(dict(sorted(item.items())))
        description = ",".join(sorted(f"{key}:{text(value)}" for key, value in item.items()))
    elif item is None:
        raise LoopError(f"withItems[{number}] expected string, number, list, or map. received: null")
    else:
        named["item"] = compact(item) if isinstance(item, list) else text(item)
        description = "[" + " ".join(text(part) for part in item) + "]" if isinstance(item, list) else description
    clean = description.replace("(", "").replace(")", "")
    hooks = {"hooks": call["hooks"]} if "hooks" in call else {}
    body = {key: value for key, value in call.items() if key != "hooks"}
    strict = () if _skipped(call) else ("*",)
    one: Call = replace(body, named, strict)
    return one | hooks | {"name": f"{call['name']}({number}:{clean})"}
