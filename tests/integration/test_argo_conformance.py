"""The conformance cases on a real Argo: the same files, the same expectations as for the local engine.

All cases run side by side, since a pod costs seconds, and are compared one by one afterwards. Moments have a resolution of one
second in Argo, so `order` means: not before.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.kube.api import Api
from tests.support import argo

CASES = Path(__file__).parents[1] / "contract" / "conformance"
NAMES = sorted(path.name.removesuffix(".expected.yaml") for path in CASES.glob("*.expected.yaml"))
AT_ONCE = 12
SECONDS = 420


def expected(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CASES / f"{name}.expected.yaml").read_text())
    return loaded


@pytest.fixture(scope="module")
def api(management: Any) -> Api:
    found: Api = management.api
    return found


@pytest.fixture(scope="module")
def results(api: Api, management: Any, request: pytest.FixtureRequest) -> Iterator[dict[str, argo.Object]]:
    suite = f"conf-{secrets.token_hex(3)}"
    image, command = argo.steps_image(api), argo.command(management.host.kubeconfig)
    chosen = sorted({item.callspec.params["name"] for item in request.session.items if item.path == Path(__file__)})
    documents = {name: list(yaml.safe_load_all((CASES / f"{name}.yaml").read_text())) for name in chosen}
    known = {document["metadata"]["name"] for case in documents.values() for document in case}
    starts = {}
    for name, case in documents.items():
        templates = [argo.install(api, suite, document, image, known) for document in case]
        parameters = expected(name).get("parameters", {})
        starts[name] = lambda first=templates[0], given=parameters: argo.submit(api, suite, first, given, first)

    def answer(name: str, workflow: argo.Object) -> None:
        for node in argo.waiting(workflow):
            given = expected(name).get("answers", {}).get(node, {})
            selector = ["--node-field-selector", f"displayName={node}"]
            values = [word for key, value in given.items() for word in ("--output-parameter", f"{key}={value}")]
            command.run("node", "set", workflow["metadata"]["name"], *selector, *values)
            command.run("resume", workflow["metadata"]["name"], *selector)

    try:
        yield argo.collect(api, suite, starts, at_once=AT_ONCE, seconds=SECONDS, look=answer)
    finally:
        argo.remove(api, suite)


@pytest.mark.parametrize("name", NAMES)
def test_argo_does_as_expected(name: str, results: dict[str, argo.Object]) -> None:
    workflow, wanted = results[name], expected(name)
    everything = argo.tree(workflow)
    assert argo.phase(workflow) == wanted["phase"], everything
    nodes: dict[str, list[argo.Shown]] = {}
    for node in argo.shown(workflow):
        nodes.setdefault(node.display, []).append(node)
    assert set(nodes) == set(wanted["nodes"]), everything
    for display, one in wanted["nodes"].items():
        several = one if isinstance(one, list) else [one]
        assert len(nodes[display]) == len(several), everything
        for node, each in zip(nodes[display], several, strict=True):
            compare(node, each if isinstance(each, dict) else {"phase": each}, everything)
    assert argo.values(workflow["status"].get("outputs")) == wanted.get("outputs", {}), everything
    for before, after in wanted.get("order", []):
        assert nodes[before][-1].finished <= nodes[after][0].started, f"{before} before {after}\n{everything}"


def compare(node: argo.Shown, wanted: dict[str, Any], everything: str) -> None:
    found = {"phase": node.phase, "message": node.message, "attempts": node.attempts, "exitCode": node.exit_code}
    found |= {"inputs": node.inputs, "outputs": node.outputs}
    for key, value in wanted.items():
        assert found[key] == value, f"{node.display}: {key} is {found[key]!r}, expected {value!r}\n{everything}"
