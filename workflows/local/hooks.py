"""Exit handlers and lifecycle hooks of tasks, steps and the workflow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.local import expressions
from workflows.local.calls import resolved_arguments
from workflows.local.frame import Place
from workflows.local.nodes import Node, link
from workflows.local.scope import Scope

if TYPE_CHECKING:
    from workflows.local.operation import Operation


def exit_hook(call: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what runs when a task, step or workflow has ended: `onExit`, or the hook `exit`."""
    if call.get("onExit"):
        return {"template": call["onExit"]}
    hook = (call.get("hooks") or {}).get("exit")
    return dict(hook) if hook else None


def run_hooks(
    run: Operation,
    hooks: Mapping[str, Any],
    parent: Node,
    scope: str,
    boundary: Node | None,
    values: Mapping[str, str],
    files: Mapping[str, Path],
) -> bool:
    """Run the hooks whose expression holds; return whether all that were started have ended."""
    done = True
    for name, hook in hooks.items():
        node_name = f"{parent.name}.hooks.{name}"
        if run.nodes.get(node_name) or expressions.truth(hook["expression"], expressions.expand(values)):
            node = _call(run, node_name, hook, parent, scope, boundary, values, files)
            done = done and node.phase.fulfilled
    return done


def run_exit(run: Operation, call: Mapping[str, Any], parent: Node, scope: str, boundary: Node, names: Scope) -> bool:
    """Run a task's or step's exit handler; return whether there is none or it has ended."""
    hook = exit_hook(call)
    if hook is None:
        return True
    values = run.globals | names.texts
    if hook.get("expression") and not expressions.truth(hook["expression"], expressions.expand(values)):
        return True
    if "arguments" not in hook and call.get("onExit"):
        hook = {**hook, "arguments": run.library.main.spec.get("arguments")}
    return _call(run, f"{parent.name}.onExit", hook, parent, scope, boundary, values, names.files, True).phase.fulfilled


def _call(
    run: Operation,
    name: str,
    hook: Mapping[str, Any],
    parent: Node,
    scope: str,
    boundary: Node | None,
    values: Mapping[str, str],
    files: Mapping[str, Path],
    on_exit: bool = False,
) -> Node:
    call = {key: hook[key] for key in ("template", "templateRef") if key in hook}
    arguments = resolved_arguments(hook.get("arguments"), values, files)
    node = run.run(Place(name, scope, call, arguments, boundary, on_exit=on_exit, hooked=True))
    link([parent], node)
    return node


def fulfilled(node: Node) -> bool:
    """Return whether a node and the hooks on it have ended."""
    return node.phase.fulfilled and all(child.phase.fulfilled for child in node.children if child.hooked)
