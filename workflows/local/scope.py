"""What can be named where: outputs of nodes by name, aggregated outputs of loops, and a template's own outputs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workflows.local.api import Phase
from workflows.local.expressions import ExpressionError, evaluate, expand
from workflows.local.nodes import Node, Outputs


class OutputError(Exception):
    """An output or artifact that has to be there is not."""


class Scope:
    """Texts and files by dotted name."""

    def __init__(self, inputs: Mapping[str, str] | None = None, files: Mapping[str, Path] | None = None) -> None:
        self.texts: dict[str, str] = {f"inputs.parameters.{name}": value for name, value in (inputs or {}).items()}
        self.files: dict[str, Path] = {f"inputs.artifacts.{name}": path for name, path in (files or {}).items()}

    def add(self, prefix: str, node: Node) -> None:
        """Add what can be said of a node that is not a loop; of a retried one, its last attempt speaks."""
        last = node.last
        self.texts[f"{prefix}.id"] = last.name
        self.texts[f"{prefix}.startedAt"] = _time(last.started)
        if last.finished:
            self.texts[f"{prefix}.finishedAt"] = _time(last.finished)
        self.texts[f"{prefix}.status"] = str(last.phase)
        self.add_outputs(prefix, last.outputs)

    def add_outputs(self, prefix: str, outputs: Outputs) -> None:
        """Add a node's outputs."""
        if outputs.result is not None:
            self.texts[f"{prefix}.outputs.result"] = outputs.result
        if outputs.exit_code is not None:
            self.texts[f"{prefix}.exitCode"] = str(outputs.exit_code)
        for name, value in outputs.parameters.items():
            self.texts[f"{prefix}.outputs.parameters.{name}"] = value
        for name, path in outputs.artifacts.items():
            self.files[f"{prefix}.outputs.artifacts.{name}"] = path

    def add_loop(self, prefix: str, nodes: Iterable[Node]) -> None:
        """Add the outputs of a loop's succeeded nodes as JSON lists, in the loop's order."""
        counted = sorted((node for node in nodes if not node.hooked and not node.retried), key=lambda node: node.index)
        if not counted:
            return
        outputs = [node.last.outputs for node in counted if node.phase is Phase.SUCCEEDED]
        results = [_item(one.result) for one in outputs if one.result is not None]
        self.texts[f"{prefix}.outputs.result"] = compact(results)
        given = [one.parameters for one in outputs if one.parameters]
        self.texts[f"{prefix}.outputs.parameters"] = compact([dict(sorted(one.items())) for one in given])
        for name in {name for one in given for name in one}:
            values = [one[name] for one in given if name in one]
            self.texts[f"{prefix}.outputs.parameters.{name}"] = compact(_structured(values))

    def file(self, reference: str) -> Path:
        """Return the artifact that `{{…}}` names."""
        name = reference.strip().removeprefix("{{").removesuffix("}}").strip()
        if name not in self.files:
            raise OutputError(f'Unable to resolve: "{name}"')
        return self.files[name]

    def outputs(self, template: Mapping[str, Any]) -> Outputs:
        """Return the outputs of a DAG or steps template from what its nodes gave."""
        outputs, declared = Outputs(), template.get("outputs") or {}
        for parameter in declared.get("parameters", []):
            value = self._value(parameter)
            outputs.parameters[parameter["name"]] = value
            if parameter.get("globalName"):
                outputs.published[parameter["globalName"]] = value
        for artifact in declared.get("artifacts", []):
            try:
                outputs.artifacts[artifact["name"]] = self.file(artifact.get("from", ""))
            except OutputError:
                if not artifact.get("optional"):
                    raise
        return outputs

    def _value(self, parameter: Mapping[str, Any]) -> str:
        source = parameter.get("valueFrom")
        if source is None:
            raise OutputError("output parameters must have a valueFrom specified")
        try:
            if source.get("expression"):
                value = evaluate(source["expression"], expand(self.texts))
                return "null" if value is None else text(value)
            name = source.get("parameter", "").strip().removeprefix("{{").removesuffix("}}").strip()
            if name and name not in self.texts:
                raise OutputError(f'Unable to resolve: "{name}"')
            return self.texts.get(name, "")
        except (OutputError, ExpressionError):
            if source.get("default") is None:
                raise
            return text(source["default"])


def text(value: Any) -> str:
    """Return a YAML value as Argo makes a text of it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else compact(value)


def compact(value: Any) -> str:
    """Return JSON as Argo writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _item(result: str) -> Any:
    try:
        return json.loads(result)
    except ValueError as error:
        raise OutputError(f"the result of a loop's node is no JSON: {error}") from None


def _structured(values: list[str]) -> list[Any]:
    """Take values apart when every one is a JSON list or object, as Argo does for aggregated outputs."""
    try:
        parsed = [json.loads(value) for value in values]
    except ValueError:
        return list(values)
    return parsed if all(isinstance(item, list | dict) for item in parsed) else list(values)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
