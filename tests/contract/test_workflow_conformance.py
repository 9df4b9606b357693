"""The two engines do the same: every file of `conformance/` runs here on the local engine, and elsewhere on a real Argo.

A case is a WorkflowTemplate (with those that it refers to as further documents) and beside it what has to come of it: the
workflow's phase; each node's phase by display name, a list where several share one, and where it matters its message, attempts,
exit code, inputs and outputs; the workflow's outputs; and pairs of which the first has ended before the second started. What is
expected is what Argo does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflows.catalogue import RENDERED
from workflows.local.engine import NodeEvent, Phase, Result, run

CASES = Path(__file__).parent / "conformance"
NAMES = sorted(path.name.removesuffix(".expected.yaml") for path in CASES.glob("*.expected.yaml"))


@dataclass
class Witness:
    """Remembers in which order nodes started and ended, and answers what is asked."""

    answers: Mapping[str, Mapping[str, str]]
    started: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def node(self, event: NodeEvent) -> None:
        self.count += 1
        self.started.setdefault(event.node, self.count)
        if event.phase.fulfilled:
            self.ended[event.node] = self.count

    def line(self, node: str, text: str) -> None:
        return None

    def approve(self, node: str, template: str, parameters: Mapping[str, str]) -> Mapping[str, str] | None:
        return self.answers.get(node)


def shown(node: NodeEvent, result: Result) -> str:
    """Return a node's name without the run's, which differs from run to run."""
    return node.node.removeprefix(result.name)


def compare(node: NodeEvent, expected: Any) -> None:
    """Compare one node with what is expected of it."""
    wanted = expected if isinstance(expected, dict) else {"phase": expected}
    assert str(node.phase) == wanted["phase"], (node.node, node.message)
    found = {"message": node.message, "attempts": node.attempt, "exitCode": node.exit_code}
    found |= {"inputs": dict(node.inputs), "outputs": dict(node.outputs)}
    for key in wanted.keys() & found.keys():
        assert found[key] == wanted[key], (node.node, key)


@pytest.mark.parametrize("name", NAMES)
def test_local_engine_does_as_argo_does(name: str, tmp_path: Path) -> None:
    expected = yaml.safe_load((CASES / f"{name}.expected.yaml").read_text())
    witness = Witness(expected.get("answers", {}))
    result = run(
        str(CASES / f"{name}.yaml"), expected.get("parameters", {}), root=tmp_path, observer=witness, approver=witness, grace=5
    )
    nodes: dict[str, list[NodeEvent]] = {}
    for node in result.nodes:
        nodes.setdefault(shown(node, result), []).append(node)
    assert set(nodes) == set(expected["nodes"])
    for display, wanted in expected["nodes"].items():
        for node, one in zip(nodes[display], wanted if isinstance(wanted, list) else [wanted], strict=True):
            compare(node, one)
    assert str(result.phase) == expected["phase"], result.message
    assert dict(result.outputs) == expected.get("outputs", {})
    names = {shown(node, result): node.node for node in result.nodes}
    for before, after in expected.get("order", []):
        assert witness.ended[names[before]] < witness.started[names[after]], (before, after)
    assert result.phase in (Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR)


_UNIMPORTANT = re.compile(
    r"(image|imagePullPolicy|resources|securityContext|volumeMounts|metadata|podSpecPatch|podGC|ttlStrategy|workflowMetadata"
    r"|serviceAccountName|archive|description|enum|terminationMessagePolicy|cronSpec|metrics)\b"
)
"""Fields that say where and as whom a container runs, what a person reads or what is counted; both engines pass them on or ignore
them (tests/integration/test_metrics.py has what Argo counts)."""


def constructs(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of the fields that a document uses, without the names that people chose."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not _UNIMPORTANT.match(key):
                yield f"{path}.{key}"
                yield from constructs(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from constructs(item, path)


def used(files: Iterable[Path]) -> set[str]:
    """Return every construct that these WorkflowTemplates use."""
    documents = [
        one for file in files for one in yaml.safe_load_all(file.read_text()) if one and one["kind"] == "WorkflowTemplate"
    ]
    return {path for document in documents for path in constructs(document["spec"])}


def test_every_construct_that_the_pipelines_use_has_a_case() -> None:
    pipelines = used(RENDERED.glob("*.yaml"))
    assert ".templates.dag.tasks.when" in pipelines and ".onExit" in pipelines
    assert pipelines - used(CASES / f"{name}.yaml" for name in NAMES) == set()
