"""What tasks of a DAG and steps of a steps template have in common: resolving what they are called with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.local.conditions import ConditionError, evaluate
from workflows.local.frame import Arguments
from workflows.local.loops import Call, loops
from workflows.local.scope import OutputError, Scope
from workflows.local.substitution import replace

if TYPE_CHECKING:
    from workflows.local.operation import Operation


def resolved(run: Operation, call: Mapping[str, Any], scope: Scope) -> Call:
    """Return a call with its references replaced; hooks keep theirs until they run.

    Raises:
        Unresolved: A task or step that it refers to gave no such output.
        ConditionError: `when` can't be evaluated.
    """
    body = {key: value for key, value in call.items() if key != "hooks"}
    new: Call = replace(body, run.globals | scope.texts, ("tasks", "steps"))
    try:
        evaluate(new.get("when") or "")
    except ConditionError:
        if not loops(new):
            raise
    return new | ({"hooks": call["hooks"]} if "hooks" in call else {})


def arguments(call: Mapping[str, Any], scope: Scope) -> Arguments:
    """Return what a resolved call hands over, artifacts found."""
    return resolved_arguments(call.get("arguments"), None, scope.files)


def resolved_arguments(data: Mapping[str, Any] | None, values: Mapping[str, str] | None, files: Mapping[str, Path]) -> Arguments:
    """Return arguments with their texts replaced and their artifacts found; an optional one may be missing."""
    data = replace(dict(data or {}), values) if values is not None else data or {}
    plain = Arguments.read(data)
    found: dict[str, Any] = dict(plain.artifacts)
    finder = Scope()
    finder.files.update(files)
    for item in data.get("artifacts", []):
        if "from" not in item:
            continue
        try:
            found[item["name"]] = finder.file(item["from"])
        except OutputError:
            if not item.get("optional"):
                raise
    return Arguments(plain.parameters, found)


def files_of(given: Mapping[str, Any]) -> dict[str, Path]:
    """Return the input artifacts that can be handed on."""
    return {name: source for name, (source, _) in given.items() if isinstance(source, Path)}
