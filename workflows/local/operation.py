"""One run's state and the pass over it that, like Argo's controller, creates what can be created and derives every phase.

The engine calls `advance` after each event. A pass walks the whole tree from the entrypoint; it is cheap for the tens of nodes
of a pipeline, and walking it the way Argo does is what makes both engines agree.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from infra.errors import UsageError
from workflows.local import dag, retries, steps
from workflows.local.api import Phase
from workflows.local.frame import KNOWN_ERRORS, LATE, SHUTDOWN, STOPPED, Arguments, Busy, Place, TemplateError
from workflows.local.hooks import exit_hook, run_hooks
from workflows.local.nodes import Node, Nodes, Outputs, display_name
from workflows.local.scope import text
from workflows.local.substitution import replace as substitute
from workflows.local.templates import Library, Template


class Pods(Protocol):
    """Who runs commands."""

    def start(self, node: Node, template: Template, files: Mapping[str, Any]) -> None:
        """Start a container's command; the node's end is reported later."""


class Operation:
    """A run: its nodes, its global values, and the next moment at which something is due."""

    def __init__(self, library: Library, name: str, parameters: Mapping[str, str], folder: Path, pods: Pods) -> None:
        self.library = library
        self.name = name
        self.folder = folder
        self.nodes = Nodes()
        self.stopped = False
        self.outputs: dict[str, str] = {}
        self.waiting: list[str] = []
        """References that had no value in this pass."""
        self.wake: float | None = None
        self.status: Phase | None = None
        self.message = ""
        self._pods = pods
        self._bodies: dict[str, Template] = {}
        self._started = time.time()
        spec = library.main.spec
        self.arguments = _workflow_arguments(spec, parameters)
        limit = spec.get("activeDeadlineSeconds")
        self.deadline = self._started + limit if limit else None
        self.globals = {f"workflow.parameters.{key}": value for key, value in self.arguments.parameters.items()}
        self.globals |= {
            "workflow.name": name,
            "workflow.uid": name,
            "workflow.namespace": "local",
            "workflow.mainEntrypoint": spec["entrypoint"],
            "workflow.serviceAccountName": spec.get("serviceAccountName", ""),
            "workflow.creationTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started)),
        }

    @property
    def late(self) -> bool:
        """Whether the workflow's own deadline has passed."""
        return self.deadline is not None and time.time() >= self.deadline

    def advance(self) -> bool:
        """Make one pass; return whether the workflow has ended, exit handler included."""
        try:
            return self._walk()
        except Busy:
            return False

    def _walk(self) -> bool:
        self.waiting, self.wake = [], None
        spec, scope = self.library.main.spec, self.library.main.name
        root = self.run(Place(self.name, scope, {"template": spec["entrypoint"]}, self.arguments))
        phase = Phase.SUCCEEDED if root.phase in (Phase.SKIPPED, Phase.OMITTED) else root.phase
        self.globals["workflow.status"] = str(phase)
        self.globals["workflow.failures"] = _quoted(self._failures())
        self.globals["workflow.duration"] = f"{time.time() - self._started:f}"
        hooks = {name: hook for name, hook in spec.get("hooks", {}).items() if name != "exit"}
        hooked = run_hooks(self, hooks, root, scope, None, self.globals, {})
        if not (hooked and root.phase.fulfilled):
            return False
        return self._exit(phase, root.message)

    def finish_suspended(self) -> bool:
        """End the run because nobody answers; the exit handler runs, so that nothing is left locked."""
        self.globals["workflow.status"] = str(Phase.SUSPENDED)
        self.globals["workflow.failures"] = _quoted(self._failures())
        self.wake = None
        return self._exit(Phase.SUSPENDED, "waits for an approval")

    def _exit(self, phase: Phase, message: str) -> bool:
        spec, scope = self.library.main.spec, self.library.main.name
        hook = exit_hook(spec)
        end: Node | None = None
        if hook:
            arguments = Arguments.read(substitute(hook["arguments"], self.globals)) if "arguments" in hook else self.arguments
            end = self.run(Place(f"{self.name}.onExit", scope, hook, arguments, on_exit=True, hooked=True))
            if not end.phase.fulfilled:
                return False
        self.status, self.message = phase, STOPPED if self.stopped and phase.bad else message
        if end and end.phase.bad and phase is Phase.SUCCEEDED:
            self.status, self.message = end.phase, end.message
        return True

    def _failures(self) -> str:
        failed = [
            {
                "displayName": node.display,
                "message": node.message,
                "templateName": node.template,
                "phase": str(node.phase),
                "podName": node.name,
                "finishedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(node.finished)),
            }
            for node in self.nodes
            if node.phase.bad
        ]
        return json.dumps(failed or None, separators=(",", ":"), ensure_ascii=False)

    def run(self, place: Place) -> Node:
        """Make or continue a node; errors of the template itself become the node's phase.

        Raises:
            Busy: The limit of parallel children is reached.
        """
        try:
            return self.execute(place)
        except KNOWN_ERRORS as error:
            node = self.nodes.get(place.name) or self.create(place, "Skipped")
            return self.mark(node, Phase.ERROR, str(error))

    def execute(self, place: Place) -> Node:
        """Make or continue a node."""
        node = self.nodes.get(place.name)
        if node and (node.phase.fulfilled or node.kind == "Pod"):
            return node
        scope, template = self.library.resolve(place.scope, place.call)
        template, inputs, files = self._processed(template, place)
        self._parallelism(template, node, place.boundary)
        if template.get("retryStrategy") and not place.retried:
            return retries.execute(self, place, template["retryStrategy"], inputs)
        if "dag" in template:
            return dag.execute(self, place, scope, template, inputs, files)
        if "steps" in template:
            return steps.execute(self, place, scope, template, inputs, files)
        if "suspend" in template:
            return self._suspend(place, template, inputs)
        return self._pod(place, template, inputs, files)

    def create(self, place: Place, kind: str, phase: Phase = Phase.RUNNING, message: str = "") -> Node:
        """Create a node."""
        template = place.call.get("template") or (place.call.get("templateRef") or {}).get("template", "")
        display = display_name(place.name, place.boundary)
        folder = self.folder / _safe(place.name.removeprefix(self.name).lstrip(".") or "workflow")
        node = Node(
            place.name, display, kind, template, phase, place.boundary, folder, message,
            hooked=place.hooked, retried=place.retried, attempt=place.attempt,
            on_exit=place.on_exit or bool(place.boundary and place.boundary.on_exit),
        )  # fmt: skip
        if phase.fulfilled:
            node.finished = node.started
        return self.nodes.add(node)

    def mark(self, node: Node, phase: Phase, message: str | None = None) -> Node:
        """Set a node's phase."""
        node.phase = phase
        if message is not None:
            node.message = message
        if phase.fulfilled and not node.finished:
            node.finished = time.time()
        return node

    def publish(self, outputs: Outputs) -> None:
        """Make a node's published outputs the workflow's."""
        self.outputs |= outputs.published
        self.globals |= {f"workflow.outputs.parameters.{name}": value for name, value in outputs.published.items()}

    def due(self, moment: float) -> None:
        """Ask for a pass at a moment."""
        self.wake = moment if self.wake is None else min(self.wake, moment)

    def _processed(self, template: Template, place: Place) -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
        inputs = _inputs(template, place.arguments)
        files = _files(template, place.arguments)
        local = {"node.name": place.name, "pod.name": place.name, **place.local}
        local |= {name: place.call["name"] for name in ("tasks.name", "steps.name") if "name" in place.call}
        body = {key: value for key, value in template.items() if key != "inputs"}
        first = substitute(inputs, self.globals | local)
        values = self.globals | local | {f"inputs.parameters.{name}": value for name, value in first.items()}
        values["inputs.parameters"] = json.dumps([{"name": name, "value": value} for name, value in first.items()])
        values |= {
            f"inputs.artifacts.{item['name']}.path": item["path"] for item in _declared(template, "inputs") if "path" in item
        }
        values |= {
            f"outputs.artifacts.{item['name']}.path": item["path"] for item in _declared(template, "outputs") if "path" in item
        }
        values |= _output_paths(template)
        return substitute(body, values), first, files

    def _parallelism(self, template: Template, node: Node | None, boundary: Node | None) -> None:
        overall = self.library.main.spec.get("parallelism")
        active = [other for other in self.nodes if other.kind == "Pod" and not other.phase.fulfilled]
        if overall and len(active) >= overall:
            raise Busy
        limit = template.get("parallelism")
        if node and limit and sum(other.boundary is node for other in active) >= limit:
            raise Busy
        if boundary is None or (node and not node.phase.fulfilled):
            return
        limit = self._bodies[boundary.name].get("parallelism")
        inside = [other for other in self.nodes.within(boundary) if other.kind in ("Pod", "Steps", "DAG")]
        if limit and sum(not other.phase.fulfilled for other in inside) >= limit:
            raise Busy

    def holds(self, node: Node, template: Template) -> None:
        """Remember the template of a node that holds others: its limit, and which results are used in it."""
        self._bodies.setdefault(node.name, template)

    def _result_used(self, node: Node) -> bool:
        """Return whether the standard output is an output: Argo keeps it only where the surrounding template names it."""
        if node.boundary is None:
            return False
        name = re.sub(r"(\([^()]*\))+$", "", node.display)
        body = json.dumps({key: self._bodies[node.boundary.name].get(key) for key in ("dag", "steps", "outputs")})
        if f".{name}.outputs.result" in body:
            return True
        return re.search(r"""\[(\\"|')""" + re.escape(name) + r"""(\\"|')\]\.outputs\.result""", body) is not None

    def _pod(self, place: Place, template: Template, inputs: dict[str, str], files: Mapping[str, Any]) -> Node:
        node = self.create(place, "Pod", Phase.PENDING)
        node.inputs = inputs
        if self.stopped and not node.on_exit:
            return self.mark(node, Phase.FAILED, SHUTDOWN)
        if self.late and not node.on_exit:
            return self.mark(node, Phase.FAILED, LATE)
        node.keeps_result = self._result_used(node)
        self._pods.start(node, template, files)
        return node

    def _suspend(self, place: Place, template: Template, inputs: dict[str, str]) -> Node:
        node = self.nodes.get(place.name)
        if node is None:
            node = self.create(place, "Suspend")
            node.inputs = inputs
        if (self.stopped or self.late) and not node.on_exit:
            return self.mark(node, Phase.FAILED, STOPPED if self.stopped else LATE)
        duration = (template["suspend"] or {}).get("duration")
        if duration:
            until = node.started + retries.seconds(duration)
            if time.time() >= until:
                return self.answer(node, {})
            self.due(until)
        return node

    def answer(self, node: Node, supplied: Mapping[str, str]) -> Node:
        """Resume a suspended node with its supplied outputs; defaults stand for those not given."""
        declared = {item["name"]: item for item in self.asked(node)}
        unknown = sorted(supplied.keys() - declared.keys())
        if unknown:
            return self.mark(node, Phase.ERROR, f"node is not expecting output parameter '{unknown[0]}'")
        for name, item in declared.items():
            value = supplied.get(name, item["valueFrom"].get("default"))
            if value is None:
                problem = f"output parameter '{name}' has not been set and does not have a default value"
                return self.mark(node, Phase.ERROR, problem)
            node.outputs.parameters[name] = text(value)
            if item.get("globalName"):
                node.outputs.published[item["globalName"]] = text(value)
        self.publish(node.outputs)
        return self.mark(node, Phase.SUCCEEDED)

    def asked(self, node: Node) -> list[dict[str, Any]]:
        """Return the outputs that a suspended node wants supplied."""
        for workflow in (self.library.main, *self.library.others.values()):
            template = workflow.templates.get(node.template)
            if template and "suspend" in template:
                outputs = (template.get("outputs") or {}).get("parameters", [])
                return [item for item in outputs if "supplied" in (item.get("valueFrom") or {})]
        return []


def _workflow_arguments(spec: Mapping[str, Any], given: Mapping[str, str]) -> Arguments:
    declared = Arguments.read(spec.get("arguments"))
    values = {**declared.parameters, **given}
    for item in (spec.get("arguments") or {}).get("parameters", []):
        name, accepted = item["name"], item.get("enum")
        if name not in values:
            raise UsageError(f"the workflow's parameter `{name}` has no value")
        if accepted and values[name] not in accepted:
            raise UsageError(f"the workflow's parameter `{name}` is one of {', '.join(accepted)}; found `{values[name]}`")
    return Arguments(values, declared.artifacts)


def _inputs(template: Template, arguments: Arguments) -> dict[str, str]:
    values = {}
    for item in (template.get("inputs") or {}).get("parameters", []):
        name = item["name"]
        value = arguments.parameters.get(name, item.get("value", item.get("default")))
        if value is None:
            raise TemplateError(f"inputs.parameters.{name} was not supplied")
        values[name] = text(value)
    return values


def _files(template: Template, arguments: Arguments) -> dict[str, Any]:
    files = {}
    for item in _declared(template, "inputs"):
        given = arguments.artifacts.get(item["name"], item.get("raw"))
        if given is None and not item.get("optional"):
            raise TemplateError(f"inputs.artifacts.{item['name']} was not supplied")
        if given is not None:
            files[item["name"]] = (given, item.get("path"))
    return files


def _declared(template: Template, side: str) -> list[dict[str, Any]]:
    return list((template.get(side) or {}).get("artifacts", []))


def _output_paths(template: Template) -> dict[str, str]:
    parameters = (template.get("outputs") or {}).get("parameters", [])
    paths = {item["name"]: (item.get("valueFrom") or {}).get("path") for item in parameters}
    return {f"outputs.parameters.{name}.path": path for name, path in paths.items() if path}


def _safe(name: str) -> str:
    clean = "".join(letter if letter.isalnum() or letter in "-_.()[]" else "_" for letter in name)
    return clean if len(clean) <= 200 else f"{clean[:180]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _quoted(value: str) -> str:
    """Quote as Go does; Argo substitutes `workflow.failures` in this form."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return f'"{escaped}"'
