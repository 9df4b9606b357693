"""Load rendered templates from YAML and find one by name, in its own workflow or, by templateRef, in a neighbour's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.errors import NotFound, Unsupported
from workflows import catalogue
from workflows.local.support import check_document

Template = Mapping[str, Any]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Workflow:
    """One WorkflowTemplate or Workflow, checked."""

    name: str
    spec: Mapping[str, Any]
    templates: Mapping[str, Template]


@dataclass(frozen=True)
class Library:
    """The workflow that is run and those that it refers to."""

    main: Workflow
    others: Mapping[str, Workflow]

    def workflow(self, name: str) -> Workflow:
        """Return a workflow by name."""
        return self.main if name == self.main.name else self.others[name]

    def resolve(self, scope: str, call: Mapping[str, Any]) -> tuple[str, Template]:
        """Return what a task, a step or a hook calls, and the workflow that its own calls are looked up in."""
        reference = call.get("templateRef")
        if reference:
            return reference["name"], self.workflow(reference["name"]).templates[reference["template"]]
        return scope, self.workflow(scope).templates[call["template"]]


def load(template: str) -> Library:
    """Load a pipeline by its name in the catalogue, or any file by its path.

    Raises:
        NotFound: There is no such pipeline, file or referred template.
        Unsupported: A field that the local engine does not know, named by its path.
    """
    path = Path(template) if template.endswith((".yaml", ".yml")) else catalogue.template_path(template)
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    first, *rest = _read(path)
    main, others = _checked(first), {}
    wanted = _references(main)
    known = _named(rest)
    while wanted:
        name = wanted.pop()
        if name == main.name or name in others:
            continue
        if name not in known:
            known = _named(document for file in _neighbours(path) for document in _read(file)) | known
        if name not in known:
            raise NotFound(f"{main.name} refers to the WorkflowTemplate `{name}`, which is not beside {path.name}")
        others[name] = _checked(known[name])
        wanted |= _references(others[name])
    library = Library(main, others)
    for workflow in (main, *others.values()):
        _complete(library, workflow)
    return library


def _read(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.load_all(path.read_text(), Loader=_Loader) if document]


def _named(documents: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in documents if one.get("kind") == "WorkflowTemplate"}


def _neighbours(path: Path) -> list[Path]:
    return [file for file in sorted(path.parent.glob("*.yaml")) if file != path]


def _checked(document: dict[str, Any]) -> Workflow:
    check_document(document)
    name = document["metadata"].get("name") or document["metadata"].get("generateName", "workflow-").rstrip("-")
    # What Argo's controller counts uses expressions that nobody here could work out, and means nothing here.
    templates = {template["name"]: _uncounted(template) for template in document["spec"].get("templates", [])}
    return Workflow(name, _uncounted(document["spec"]), templates)


def _uncounted(part: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in part.items() if key != "metrics"}


def calls(template: Template) -> Iterator[Mapping[str, Any]]:
    """Return everything that a template calls, hooks and exit handlers included."""
    for call in [*template.get("dag", {}).get("tasks", []), *(step for group in template.get("steps", []) for step in group)]:
        yield call
        yield from call.get("hooks", {}).values()
        if call.get("onExit"):
            yield {"template": call["onExit"]}


def _all_calls(workflow: Workflow) -> Iterator[Mapping[str, Any]]:
    for template in workflow.templates.values():
        yield from calls(template)
    yield from workflow.spec.get("hooks", {}).values()
    for name in ("entrypoint", "onExit"):
        if name in workflow.spec:
            yield {"template": workflow.spec[name]}


def _references(workflow: Workflow) -> set[str]:
    return {call["templateRef"]["name"] for call in _all_calls(workflow) if call.get("templateRef")}


def _complete(library: Library, workflow: Workflow) -> None:
    for call in _all_calls(workflow):
        try:
            library.resolve(workflow.name, call)
        except KeyError as missing:
            raise NotFound(f"{workflow.name} calls the template {missing}, which is not defined") from None
    if workflow is library.main and "entrypoint" not in workflow.spec:
        raise Unsupported("spec.entrypoint: has to be given")
