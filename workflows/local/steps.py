"""Steps templates: groups one after the other, the steps of a group at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workflows.local.api import Phase
from workflows.local.calls import arguments, files_of, resolved
from workflows.local.conditions import ConditionError, evaluate
from workflows.local.frame import KNOWN_ERRORS, Busy, Place
from workflows.local.hooks import run_exit, run_hooks
from workflows.local.loops import Call, expanded, loops
from workflows.local.nodes import Node, link
from workflows.local.scope import Scope
from workflows.local.substitution import Unresolved

if TYPE_CHECKING:
    from workflows.local.operation import Operation


def execute(
    run: Operation, place: Place, scope: str, template: Mapping[str, Any], inputs: dict[str, str], files: Mapping[str, Any]
) -> Node:
    """Make or continue a steps template's node."""
    node = run.nodes.get(place.name)
    if node is None:
        node = run.create(place, "Steps")
        node.inputs = inputs
        run.holds(node, template)
    _Steps(run, node, scope, template, files).go()
    return node


class _Steps:
    """One pass over a steps template."""

    def __init__(self, run: Operation, node: Node, scope: str, template: Mapping[str, Any], files: Mapping[str, Any]) -> None:
        self._run, self._node, self._scope, self._template = run, node, scope, template
        self._names = Scope(node.inputs, files_of(files))
        self._names.texts |= {f"workflow.outputs.parameters.{name}": value for name, value in run.outputs.items()}

    def go(self) -> None:
        before: Node | None = None
        for number, steps in enumerate(self._template["steps"]):
            group = self._group(number, before)
            self._execute(steps, group)
            if not group.phase.fulfilled:
                return
            if group.phase.bad:
                self._close(group)
                self._run.mark(self._node, Phase.FAILED, group.message)
                return
            self._learn(steps, group)
            before = group
        if before:
            self._close(before)
        self._node.outputs = self._names.outputs(self._template)
        self._run.publish(self._node.outputs)
        self._run.mark(self._node, Phase.SUCCEEDED)

    def _close(self, last: Node) -> None:
        self._node.outbound = [end for child in last.children for end in child.ends()]

    def _group(self, number: int, before: Node | None) -> Node:
        name = f"{self._node.name}[{number}]"
        group = self._run.nodes.get(name)
        if group is None:
            group = self._run.create(Place(name, self._scope, {}, boundary=self._node), "StepGroup")
            parents = [self._node]
            if before:
                parents = [end for child in before.children for end in child.ends()] or [before]
            link(parents, group)
        return group

    def _execute(self, steps: list[Call], group: Node) -> None:
        """Execute a group's steps and set the group's phase."""
        if group.phase.fulfilled:
            return
        try:
            calls = [call for step in steps for call in self._calls(step, group)]
        except Unresolved as missing:
            self._run.waiting.append(f"{group.name}: {missing}")
            return
        except KNOWN_ERRORS as error:
            self._run.mark(group, Phase.ERROR, f"failed to resolve references: {error}")
            return
        by_node: dict[str, Call] = {}
        whole = True
        for call in calls:
            node = self._call(call, group)
            if node is None:
                whole = False
            else:
                by_node[node.name] = call
                link([group], node)
        if whole and self._settled(group, by_node):
            self._judge(group, by_node)

    def _calls(self, step: Call, group: Node) -> list[Call]:
        new = resolved(self._run, step, self._names)
        calls = expanded(new, self._run.globals | self._names.texts)
        if loops(new) and not calls and not self._run.nodes.get(f"{group.name}.{step['name']}"):
            link([group], self._plain(step, group, Phase.SKIPPED, "Skipped, empty params"))
        return calls

    def _plain(self, call: Call, group: Node, phase: Phase, message: str) -> Node:
        place = Place(f"{group.name}.{call['name']}", self._scope, call, boundary=self._node)
        return self._run.create(place, "Skipped", phase, message)

    def _call(self, call: Call, group: Node) -> Node | None:
        name = f"{group.name}.{call['name']}"
        node = self._run.nodes.get(name)
        try:
            if node is None and not evaluate(call.get("when") or ""):
                return self._plain(call, group, Phase.SKIPPED, f"when '{call['when']}' evaluated false")
            if node and node.kind == "Skipped":
                return node
            return self._run.run(Place(name, self._scope, call, arguments(call, self._names), self._node))
        except Busy:
            return self._run.nodes.get(name)
        except ConditionError as error:
            return self._plain(call, group, Phase.ERROR, str(error))
        except KNOWN_ERRORS as error:
            return node or self._plain(call, group, Phase.ERROR, str(error))

    def _settled(self, group: Node, by_node: Mapping[str, Call]) -> bool:
        """Run the steps' hooks; return whether all steps and their hooks have ended."""
        done = True
        for node in group.children:
            call = by_node.get(node.name, {})
            prefix = f"steps.{call.get('name', node.display)}"
            self._names.texts[f"steps.{node.display}.status"] = str(node.phase)
            names = Scope()
            names.texts, names.files = dict(self._names.texts), dict(self._names.files)
            names.add_outputs(prefix, node.last.outputs)
            hooks = {key: hook for key, hook in (call.get("hooks") or {}).items() if key != "exit"}
            values = self._run.globals | names.texts
            if not run_hooks(self._run, hooks, node, self._scope, self._node, values, names.files):
                return False
            ended = node.phase.fulfilled
            if node.phase.completed:
                ended = run_exit(self._run, call, node, self._scope, self._node, names)
            done = done and ended
        return done

    def _judge(self, group: Node, by_node: Mapping[str, Call]) -> None:
        for node in group.children:
            past = by_node.get(node.name, {}).get("continueOn") or {}
            if node.phase.bad and not past.get("failed" if node.phase is Phase.FAILED else "error"):
                self._run.mark(group, Phase.FAILED, f"child '{node.name}' failed")
                return
        self._run.mark(group, Phase.SUCCEEDED)

    def _learn(self, steps: list[Call], group: Node) -> None:
        """Make what a group's steps gave known to the next groups."""
        for step in steps:
            name = f"{group.name}.{step['name']}"
            node = self._run.nodes.get(name)
            if node:
                self._names.add(f"steps.{step['name']}", node)
                continue
            inside = self._run.nodes.within(self._node)
            self._names.add_loop(
                f"steps.{step['name']}", [one for one in inside if one.name.startswith(f"{name}(") and one.kind != "Skipped"]
            )
