from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.kube.api import Api
from tests.doubles.kubernetes_api import FakeKubernetes
from workflows.argo.engine import SPEAKER
from workflows.argo.runs import Run, path, pod_name
from workflows.local.api import NodeEvent

NAME = "create-cluster-shop-x"
RUN = path("hera", NAME)


@pytest.fixture
def fake() -> FakeKubernetes:
    fake = FakeKubernetes()
    parameters = [{"name": "cluster"}, {"name": "spec", "value": ""}, {"name": "actor", "value": ""}]
    template = {"metadata": {"name": "create-cluster"}, "spec": {"arguments": {"parameters": parameters}}}
    fake.put(path("hera", "create-cluster", "workflowtemplates"), template)
    return fake


@dataclass
class Controller:
    """Does to a run what Argo's controller would."""

    fake: FakeKubernetes
    number: int = 0
    ids: dict[str, str] = field(default_factory=dict)

    def begin(self, cluster: str = "shop") -> None:
        """Let there be a run."""
        labels = {"hera.dev/pipeline": "create-cluster", "hera.dev/cluster": cluster}
        arguments = {"parameters": [{"name": "cluster", "value": cluster}, {"name": "spec", "value": ""}]}
        metadata = {"name": NAME, "labels": labels, "creationTimestamp": "2026-11-26T20:00:00Z"}
        spec = {"workflowTemplateRef": {"name": "create-cluster"}, "arguments": arguments}
        self.fake.put(RUN, {"metadata": metadata, "spec": spec, "status": {"phase": "Running", "nodes": {}}})

    def node(self, display: str, phase: str, **fields: Any) -> str:
        """Write a node; return its id."""
        key = self.ids.setdefault(display, f"{NAME}-{len(self.ids)}")
        self.number += 1
        node = {
            "id": key,
            "name": f"{NAME}.{display}",
            "displayName": display,
            "type": "Pod",
            "templateName": display.split("(")[0],
            "phase": phase,
            "startedAt": f"2026-11-26T20:00:{len(self.ids):02d}Z",
            **fields,
        }
        self.fake.change(RUN, {"status": {"nodes": {key: node}}})
        return key

    def pod(self, display: str) -> str:
        """Return the name of a node's pod."""
        return pod_name(NAME, f"{NAME}.{display}", display.split("(")[0])

    def asks(self, display: str = "network-approve") -> str:
        """Suspend a node."""
        supplied = [{"name": name, "valueFrom": {"supplied": {}}} for name in ("approved", "approved-by")]
        inputs = [
            {"name": "stage", "value": "network"},
            {"name": "plan-digest", "value": "d1"},
            {"name": "summary", "value": "2"},
        ]
        return self.node(
            display,
            "Running",
            type="Suspend",
            inputs={"parameters": inputs},
            outputs={"parameters": supplied},
            templateName="approve",
        )

    def end(self, phase: str = "Succeeded", message: str = "") -> None:
        """End the run."""
        status = {"phase": phase, "finishedAt": "2026-11-26T20:09:00Z", "message": message}
        status["outputs"] = {"parameters": [{"name": "network-changes", "value": "safe"}]}  # type: ignore[assignment]
        self.fake.change(RUN, {"status": status})

    def run(self) -> Run:
        """Return the run as it is."""
        return Run(self.fake.objects[RUN])


@pytest.fixture
def controller(fake: FakeKubernetes) -> Controller:
    return Controller(fake)


@dataclass
class Watcher:
    """An observer and approver that remembers."""

    events: list[NodeEvent] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    answer: Mapping[str, str] | None = None

    def node(self, event: NodeEvent) -> None:
        """Remember."""
        self.events.append(event)

    def line(self, node: str, text: str) -> None:
        """Remember."""
        self.lines.append((node, text))

    def approve(self, node: str, template: str, parameters: Mapping[str, str]) -> Mapping[str, str] | None:
        """Answer as told."""
        self.asked.append((node, parameters))
        return self.answer

    def phases(self, node: str) -> list[str]:
        """Return what was told of a node, without repetition."""
        return list(dict.fromkeys(str(event.phase) for event in self.events if event.node == node))

    def warnings(self) -> list[str]:
        """Return what the engine itself said."""
        return [json.loads(text)["message"] for node, text in self.lines if node == SPEAKER]


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def options(api: Api, watcher: Watcher, tmp_path: Path) -> dict[str, Any]:
    """What `run` and `attach` always take."""
    return {"api": api, "namespace": "hera", "root": tmp_path, "observer": watcher, "approver": watcher}
