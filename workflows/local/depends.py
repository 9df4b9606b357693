"""What a DAG task waits for: `depends` with its result words, and `dependencies`, its older and shorter form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.errors import Unsupported
from workflows.local import expressions
from workflows.local.api import Phase
from workflows.local.nodes import Node

_NAME = re.compile(r"([a-zA-Z0-9][-a-zA-Z0-9]*?)\.([A-Z][a-zA-Z]+)|([a-zA-Z0-9][-a-zA-Z0-9]*)")
_BY_PHASE = {
    "Succeeded": Phase.SUCCEEDED,
    "Failed": Phase.FAILED,
    "Errored": Phase.ERROR,
    "Skipped": Phase.SKIPPED,
    "Omitted": Phase.OMITTED,
}
RESULTS = (*_BY_PHASE, "Daemoned", "AnySucceeded", "AllFailed")


class DependsError(Exception):
    """The expression can't be read or names what is not there."""


@dataclass(frozen=True)
class Needs:
    """A task's dependencies and the condition over them."""

    names: tuple[str, ...]
    condition: str

    def met(self, nodes: Mapping[str, Node]) -> bool:
        """Return whether the task is to run, once every dependency is fulfilled."""
        values = {name.replace("-", "_"): _results(node) for name, node in nodes.items()}
        condition = self.condition.replace("-", "_")
        try:
            return expressions.truth(condition, values)
        except expressions.ExpressionError as error:
            raise DependsError(f"unable to evaluate expression '{condition}': {error}") from None


def needs(task: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]) -> Needs:
    """Return what a task waits for; a name without a result word means succeeded, skipped, or continued past."""
    text = task.get("depends") or " && ".join(_expanded(tasks[name]) for name in task.get("dependencies") or [])
    names: dict[str, None] = {}

    def word(found: re.Match[str]) -> str:
        name = found.group(1) or found.group(3)
        names[name] = None
        if name not in tasks:
            raise DependsError(f"the task `{task['name']}` depends on `{name}`, which is not defined")
        return found.group(0) if found.group(1) else _expanded(tasks[name])

    condition = _NAME.sub(word, text)
    return Needs(tuple(names), condition)


def leaves(all_needs: Mapping[str, Needs]) -> list[str]:
    """Return the tasks that nothing waits for, in alphabetical order."""
    awaited = {name for one in all_needs.values() for name in one.names}
    return sorted(name for name in all_needs if name not in awaited)


def _expanded(task: Mapping[str, Any]) -> str:
    words = ["Succeeded", "Skipped", "Daemoned"]
    past = task.get("continueOn") or {}
    words += ["Errored"] if past.get("error") else []
    words += ["Failed"] if past.get("failed") else []
    return "(" + " || ".join(f"{task['name']}.{word}" for word in words) + ")"


def _results(node: Node) -> dict[str, bool]:
    results = {word: node.phase is phase for word, phase in _BY_PHASE.items()}
    children = node.children if node.kind == "TaskGroup" else []
    return results | {
        "Daemoned": False,
        "AnySucceeded": any(child.phase is Phase.SUCCEEDED for child in children),
        "AllFailed": bool(children) and all(child.phase is Phase.FAILED for child in children),
    }


def check(tasks: Iterable[Mapping[str, Any]], path: str) -> None:
    """Refuse a `depends` that can't be read, names no task, or has an unknown result word."""
    by_name = {task["name"]: task for task in tasks}
    for task in by_name.values():
        where = f"{path}.tasks[{task['name']}].depends"
        try:
            condition = needs(task, by_name).condition
        except (DependsError, KeyError) as error:
            raise Unsupported(f"{where}: {error}") from None
        for _, word in re.findall(r"([\w-]+)\.([A-Z]\w*)", condition):
            if word not in RESULTS:
                raise Unsupported(f"{where}: `{word}` is no result of a task; known: {', '.join(RESULTS)}")
        if condition:
            expressions.check(condition.replace("-", "_"), where)
