"""DAG templates: which task runs when, and what the whole comes to."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workflows.local import depends
from workflows.local.api import Phase
from workflows.local.calls import arguments, files_of, resolved
from workflows.local.conditions import evaluate
from workflows.local.frame import KNOWN_ERRORS, Busy, Place
from workflows.local.hooks import fulfilled, run_exit, run_hooks
from workflows.local.loops import Call, expanded, loops
from workflows.local.nodes import Node, link
from workflows.local.scope import Scope
from workflows.local.substitution import Unresolved

if TYPE_CHECKING:
    from workflows.local.operation import Operation


def execute(
    run: Operation, place: Place, scope: str, template: Mapping[str, Any], inputs: dict[str, str], files: Mapping[str, Any]
) -> Node:
    """Make or continue a DAG's node."""
    node = run.nodes.get(place.name)
    if node is None:
        node = run.create(place, "DAG")
        node.inputs = inputs
        run.holds(node, template)
    _Dag(run, node, scope, template, files).go()
    return node


class _Dag:
    """One pass over a DAG."""

    def __init__(self, run: Operation, node: Node, scope: str, template: Mapping[str, Any], files: Mapping[str, Any]) -> None:
        self._run, self._node, self._scope, self._template = run, node, scope, template
        self._files = files_of(files)
        self._tasks: dict[str, Call] = {task["name"]: task for task in template["dag"]["tasks"]}
        self._needs = {name: depends.needs(task, self._tasks) for name, task in self._tasks.items()}
        self._visited: set[str] = set()

    def go(self) -> None:
        target = self._template["dag"].get("target")
        targets = target.split() if target else depends.leaves(self._needs)
        for name in targets:
            self._task(name)
        phase = self._phase(targets)
        if phase is Phase.RUNNING:
            return
        self._node.outbound = [end for name in targets if (task := self._made(name)) for end in task.ends()]
        if phase is Phase.SUCCEEDED:
            self._give()
        self._run.mark(self._node, phase)

    def _give(self) -> None:
        scope = self._new_scope()
        for name in self._tasks:
            node = self._made(name)
            if node is not None:
                self._add(scope, name, node)
                self._run.publish(node.outputs)
        self._node.outputs = scope.outputs(self._template)

    def _made(self, name: str) -> Node | None:
        return self._run.nodes.get(f"{self._node.name}.{name}")

    def _new_scope(self) -> Scope:
        scope = Scope(self._node.inputs, self._files)
        scope.texts |= {f"workflow.outputs.parameters.{name}": value for name, value in self._run.outputs.items()}
        return scope

    def _add(self, scope: Scope, name: str, node: Node) -> None:
        if node.kind == "TaskGroup":
            prefix = f"{node.name}("
            scope.add_loop(f"tasks.{name}", [one for one in self._run.nodes.within(self._node) if one.name.startswith(prefix)])
        else:
            scope.add(f"tasks.{name}", node)

    def _ancestry(self, name: str) -> list[str]:
        found: dict[str, None] = {}
        queue = list(self._needs[name].names)
        while queue:
            one = queue.pop()
            if one not in found:
                found[one] = None
                queue += self._needs[one].names
        return list(found)

    def _scope_of(self, name: str) -> Scope:
        scope = self._new_scope()
        for ancestor in self._ancestry(name):
            node = self._made(ancestor)
            if node is not None:
                self._add(scope, ancestor, node)
        return scope

    def _task(self, name: str) -> None:
        """Execute what a task waits for, and then the task if it may run."""
        if name in self._visited:
            return
        self._visited.add(name)
        node, task = self._made(name), self._tasks[name]
        if node and node.phase is not Phase.PENDING and not self._hooks(name, task, node):
            return
        if node and node.phase.fulfilled:
            return
        for needed in self._needs[name].names:
            self._task(needed)
        if node is None and not self._may_run(name):
            return
        scope = self._scope_of(name)
        try:
            calls = self._calls(name, scope)
        except Unresolved as missing:
            self._run.waiting.append(f"{name}: {missing}")
            return
        if calls is not None:
            self._call_all(name, calls, scope)

    def _hooks(self, name: str, task: Call, node: Node) -> bool:
        """Run a task's hooks and exit handler; return whether they have ended."""
        hooks = {key: hook for key, hook in (task.get("hooks") or {}).items() if key != "exit"}
        if not hooks and not (task.get("onExit") or task.get("hooks")):
            return True
        scope = self._scope_of(name)
        self._add(scope, name, node)
        scope.texts[f"tasks.{name}.status"] = str(node.phase)
        values = self._run.globals | scope.texts
        if not run_hooks(self._run, hooks, node, self._scope, self._node, values, scope.files):
            return False
        if node.phase.completed:
            return run_exit(self._run, task, node, self._scope, self._node, scope)
        return True

    def _may_run(self, name: str) -> bool:
        needs = self._needs[name]
        nodes = {needed: self._made(needed) for needed in needs.names}
        ready = {key: node for key, node in nodes.items() if node is not None and fulfilled(node)}
        if len(ready) < len(nodes):
            return False
        try:
            met = not needs.condition or needs.met(ready)
        except depends.DependsError as error:
            self._end(name, Phase.ERROR, str(error))
            return False
        if not met:
            self._end(name, Phase.OMITTED, "omitted: depends condition not met")
        return met

    def _end(self, name: str, phase: Phase, message: str) -> Node:
        """Make a node for a task that does not run."""
        place = Place(f"{self._node.name}.{name}", self._scope, self._tasks.get(name, {}), boundary=self._node)
        node = self._run.create(place, "Skipped", phase, message)
        self._connect(name, node, None)
        return node

    def _connect(self, name: str, node: Node, group: Node | None) -> None:
        needed = self._needs[name].names if name in self._needs else ()
        if group or not needed:
            link([group or self._node], node)
            return
        link([end for one in needed if (parent := self._made(one)) for end in parent.ends()], node)

    def _calls(self, name: str, scope: Scope) -> list[Call] | None:
        """Return a task's calls with everything replaced; None when the task ended here."""
        task, node = self._tasks[name], self._made(name)
        try:
            call = resolved(self._run, task, scope)
            calls = expanded(call, self._run.globals | scope.texts)
        except KNOWN_ERRORS as error:
            if node is None:
                self._end(name, Phase.ERROR, str(error))
            return None
        if not loops(task):
            return calls
        if not calls:
            self._end(name, Phase.SKIPPED, "Skipped, empty params")
            return None
        if node is None:
            self._group(name)
        return calls

    def _group(self, name: str) -> None:

        place = Place(f"{self._node.name}.{name}", self._scope, self._tasks[name], boundary=self._node)
        self._connect(name, self._run.create(place, "TaskGroup"), None)

    def _call_all(self, name: str, calls: list[Call], scope: Scope) -> None:
        group = self._made(name) if loops(self._tasks[name]) else None
        for call in calls:
            if not self._call(name, call, scope, group):
                return
        if group:
            made = [self._made(call["name"]) for call in calls]
            phases = [node.phase for node in made if node is not None and node.phase.fulfilled]
            if len(phases) == len(calls):
                bad = [phase for phase in phases if phase.bad]
                self._run.mark(group, bad[-1] if bad else Phase.SUCCEEDED)

    def _call(self, name: str, call: Call, scope: Scope, group: Node | None) -> bool:
        """Execute one call; return whether to go on with the next of a loop."""
        node_name = f"{self._node.name}.{call['name']}"
        node = self._run.nodes.get(node_name)
        try:
            if node is None and not evaluate(call.get("when") or ""):
                self._plain(name, call, group, Phase.SKIPPED, f"when '{call['when']}' evaluated false")
                return True
            made = self._run.run(Place(node_name, self._scope, call, arguments(call, scope), self._node))
        except Busy:
            return node is not None
        except KNOWN_ERRORS as error:
            if node is None:
                self._plain(name, call, group, Phase.ERROR, str(error))
            return True
        finally:
            begun = self._run.nodes.get(node_name)
            if node is None and begun is not None:
                self._connect(name, begun, group)
        return not made.phase.fulfilled or self._hooks(name, self._tasks[name], made)

    def _plain(self, name: str, call: Call, group: Node | None, phase: Phase, message: str) -> None:

        place = Place(f"{self._node.name}.{call['name']}", self._scope, call, boundary=self._node)
        self._connect(name, self._run.create(place, "Skipped", phase, message), group)

    def _phase(self, targets: list[str]) -> Phase:
        """Walk from the DAG's node to the targets; what did not run inherits the phase of what led to it."""
        inside = self._run.nodes.within(self._node)
        if self._run.stopped and not self._node.on_exit:
            return Phase.RUNNING if any(not node.phase.fulfilled for node in inside) else Phase.FAILED
        reached: dict[str, Phase | None] = {f"{self._node.name}.{name}": None for name in targets}
        queue = deque((child, Phase.SUCCEEDED) for child in self._node.children)
        seen = set(queue)
        while queue:
            node, phase = queue.popleft()
            if not node.phase.fulfilled:
                return Phase.RUNNING
            phase = node.phase if node.phase.completed else phase
            before = reached.get(node.name)
            if node.name in reached and not (before and before.bad):
                reached[node.name] = phase
            for child in _onward(node):
                if (child, phase) not in seen:
                    seen.add((child, phase))
                    queue.append((child, phase))
        return self._judged(targets, reached)

    def _judged(self, targets: list[str], reached: Mapping[str, Phase | None]) -> Phase:
        fail_fast = self._template["dag"].get("failFast", True)
        result = Phase.SUCCEEDED
        for name in targets:
            phase = reached[f"{self._node.name}.{name}"]
            if phase is None:
                result = Phase.RUNNING
                if not fail_fast:
                    break
            elif phase.bad and not _continues(self._tasks[name], phase):
                result = phase
                if fail_fast:
                    break
        return result


def _onward(node: Node) -> list[Node]:
    """Return where the walk goes on: a retried node speaks for its attempts, so only what follows them counts."""
    if node.kind != "Retry":
        return node.children
    return [one for child in node.children for one in ([child] if child.hooked else child.children)]


def _continues(task: Mapping[str, Any], phase: Phase) -> bool:
    past = task.get("continueOn") or {}
    return bool(past.get("failed" if phase is Phase.FAILED else "error"))
