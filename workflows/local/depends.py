"""What a DAG task waits for: `depends` with its result words, and `dependencies`, its older and shorter form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.errors import Unsupported
from workflows.local import expressions
from workflows.local.api import Phase
from workflows.local.loops import loops
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
    text = task.get("depends") or " && ".join(task.get("dependencies") or [])
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
    """Refuse what Argo refuses: a `depends` that can't be read, an unknown task or result word, mixed forms, a circle."""
    by_name = {task["name"]: task for task in tasks}
    new_form = any(task.get("depends") for task in by_name.values())
    all_needs: dict[str, Needs] = {}
    for name, task in by_name.items():
        where = f"{path}.tasks[{name}]"
        for other in ("dependencies", "continueOn"):
            if new_form and task.get(other):
                raise Unsupported(f"{where}.{other}: can't be used in a DAG that uses `depends`")
        try:
            all_needs[name] = needs(task, by_name)
        except DependsError as error:
            raise Unsupported(f"{where}.depends: {error}") from None
        _check_words(all_needs[name].condition, by_name, f"{where}.depends")
    _check_circles(all_needs, path)


def _check_words(condition: str, tasks: Mapping[str, Mapping[str, Any]], where: str) -> None:
    for name, word in re.findall(r"([\w-]+)\.([A-Z]\w*)", condition):
        if word not in RESULTS:
            raise Unsupported(f"{where}: `{word}` is no result of a task; known: {', '.join(RESULTS)}")
        if word in ("AnySucceeded", "AllFailed") and not loops(tasks[name]):
            raise Unsupported(f"{where}: `{name}.{word}` wants a task with items")
    if condition:
        expressions.check(condition.replace("-", "_"), where)


def _check_circles(all_needs: Mapping[str, Needs], path: str) -> None:
    free: set[str] = set()
    while len(free) < len(all_needs):
        new = {name for name, one in all_needs.items() if name not in free and free.issuperset(one.names)}
        if not new:
            raise Unsupported(f"{path}.tasks: these wait for each other: {', '.join(sorted(all_needs.keys() - free))}")
        free |= new
