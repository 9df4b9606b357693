"""A Workflow object as callers of an engine see a run: visible nodes with attempts folded in, phases, what waits for whom."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from workflows.local.api import NodeEvent, Phase, Result

GROUP = "/apis/argoproj.io/v1alpha1/namespaces"
PIPELINE, CLUSTER = "hera.dev/pipeline", "hera.dev/cluster"
"""Labels of every run of ours."""
_HIDDEN = ("StepGroup",)
_HOLDERS = ("DAG", "Steps")
ENDED = ("Succeeded", "Failed", "Error")


def path(namespace: str, name: str = "", kind: str = "workflows") -> str:
    """Return the API path of a run, or of all of them."""
    return f"{GROUP}/{namespace}/{kind}" + (f"/{name}" if name else "")


def pod_name(workflow: str, node: str, template: str) -> str:
    """Return the name that Argo gives a node's pod: workflow, template, FNV-1a of the node's name."""
    if workflow == node:
        return workflow
    digest = 0x811C9DC5
    for byte in node.encode():
        digest = ((digest ^ byte) * 0x01000193) & 0xFFFFFFFF
    prefix = f"{workflow}-{template}" if template else workflow
    return f"{prefix[:242]}-{digest}"


@dataclass(frozen=True)
class RunNode:
    """One node as Argo keeps it."""

    data: Mapping[str, Any]
    tries: tuple[RunNode, ...] = ()
    """A retried node's attempts."""

    @property
    def id(self) -> str:
        """Its key in the run's status."""
        return str(self.data["id"])

    @property
    def name(self) -> str:
        """Unique in the run."""
        return str(self.data["name"])

    @property
    def display(self) -> str:
        """What a person reads."""
        return str(self.data.get("displayName") or self.name)

    @property
    def kind(self) -> str:
        """Argo's node type; that of its attempts for a retried node."""
        return self.last.kind if self.tries else str(self.data.get("type", ""))

    @property
    def template(self) -> str:
        """The template it runs."""
        return str(self.data.get("templateName") or (self.data.get("templateRef") or {}).get("template", ""))

    @property
    def phase(self) -> Phase:
        """Where it is."""
        return Phase(self.data.get("phase") or "Pending")

    @property
    def message(self) -> str:
        """What Argo says of it."""
        return str(self.data.get("message") or "")

    @property
    def last(self) -> RunNode:
        """The attempt whose outputs count."""
        return self.tries[-1] if self.tries else self

    @property
    def waits(self) -> bool:
        """Whether it waits for somebody's answer."""
        return self.data.get("type") == "Suspend" and self.phase is Phase.RUNNING

    @property
    def inputs(self) -> dict[str, str]:
        """Its input parameters."""
        return _values(self.data.get("inputs"))

    @property
    def outputs(self) -> dict[str, str]:
        """Its output parameters, those of the last attempt."""
        return _values(self.last.data.get("outputs"))

    @property
    def artifacts(self) -> tuple[Mapping[str, Any], ...]:
        """What the last attempt left in the artifact store."""
        return tuple((self.last.data.get("outputs") or {}).get("artifacts") or ())

    @property
    def exit_code(self) -> int | None:
        """The container's exit code."""
        code = (self.last.data.get("outputs") or {}).get("exitCode")
        return int(code) if code not in (None, "") else None

    @property
    def elapsed(self) -> float:
        """Seconds from start to end, or to now."""
        return seconds(self.data.get("startedAt"), self.data.get("finishedAt"))

    def event(self, folder: Path) -> NodeEvent:
        """Return the node as an observer hears of it."""
        attempt = len(self.tries) or int(self.kind in ("Pod", "Suspend", *_HOLDERS))
        return NodeEvent(
            self.display, self.template, self.phase, self.last.message or self.message, self.elapsed, attempt, self.inputs,
            self.outputs, folder, self.kind, self.exit_code,
        )  # fmt: skip


def _values(arguments: Mapping[str, Any] | None) -> dict[str, str]:
    items = (arguments or {}).get("parameters") or ()
    return {item["name"]: str(item["value"]) for item in items if item.get("value") is not None}


@dataclass(frozen=True)
class Run:
    """A run at one moment."""

    data: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The workflow's name."""
        return str(self.data["metadata"]["name"])

    @property
    def status(self) -> Mapping[str, Any]:
        """What the controller wrote."""
        return self.data.get("status") or {}

    @property
    def phase(self) -> str:
        """Pending, Running, or how it ended."""
        return str(self.status.get("phase") or "Pending")

    @property
    def ended(self) -> bool:
        """Whether nothing more happens."""
        return self.phase in ENDED and bool(self.status.get("finishedAt"))

    @property
    def pipeline(self) -> str:
        """The pipeline's name."""
        reference = self.data["spec"].get("workflowTemplateRef") or {}
        return str(reference.get("name") or self.data["metadata"].get("labels", {}).get(PIPELINE, ""))

    @property
    def parameters(self) -> dict[str, str]:
        """What it was asked with."""
        return _values(self.data["spec"].get("arguments"))

    @property
    def cluster(self) -> str:
        """The cluster it works on."""
        return self.parameters.get("cluster") or str(self.data["metadata"].get("labels", {}).get(CLUSTER, ""))

    @property
    def started(self) -> str:
        """When it began."""
        return str(self.status.get("startedAt") or self.data["metadata"].get("creationTimestamp", ""))

    @property
    def elapsed(self) -> float:
        """Seconds from start to end, or to now."""
        return seconds(self.started, self.status.get("finishedAt"))

    @property
    def state(self) -> str:
        """The phase in one word for people: also stopping, and waiting for an approval."""
        if self.ended:
            return self.phase.lower()
        if self.data["spec"].get("shutdown"):
            return "stopping"
        return "awaiting-approval" if self.waiting else self.phase.lower()

    @property
    def waiting(self) -> list[RunNode]:
        """Nodes that wait for an answer."""
        return [] if self.ended else [node for node in self.nodes if node.waits]

    @cached_property
    def _all(self) -> dict[str, dict[str, Any]]:
        packed = self.status.get("compressedNodes")
        if packed:
            unpacked: dict[str, dict[str, Any]] = json.loads(gzip.decompress(base64.b64decode(packed)))
            return unpacked
        return dict(self.status.get("nodes") or {})

    @cached_property
    def nodes(self) -> tuple[RunNode, ...]:
        """Every node that an observer sees, in the order of creation: attempts are inside the node they belong to."""
        tries = {
            child: data["id"] for data in self._all.values() if data.get("type") == "Retry" for child in _tries(data, self._all)
        }
        found = []
        for data in sorted(self._all.values(), key=_order):
            if data["id"] in tries or data.get("type") in _HIDDEN or (data["name"] == self.name and data["type"] in _HOLDERS):
                continue
            attempts = [self._all[child] for child in tries if tries[child] == data["id"]]
            found.append(RunNode(data, tuple(RunNode(item) for item in sorted(attempts, key=_order))))
        return tuple(found)

    def result(self, folder: Path, phase: Phase | None = None) -> Result:
        """Return the run as an engine's result."""
        events = tuple(node.event(folder / node.display) for node in self.nodes)
        message = str(self.status.get("message") or "")
        return Result(self.name, phase or Phase(self.phase), events, _values(self.status.get("outputs")), message, folder)


def _tries(data: Mapping[str, Any], every: Mapping[str, Any]) -> list[str]:
    """Return the attempts of a retried node; hooks are its children, too."""
    return [
        child for child in data.get("children") or () if child in every and (every[child].get("nodeFlag") or {}).get("retried")
    ]


def _order(data: Mapping[str, Any]) -> tuple[str, int, str]:
    return str(data.get("startedAt") or "9"), len(str(data["name"])), str(data["name"])


def seconds(start: str | None, end: str | None) -> float:
    """Return the seconds between two of Argo's times; to now while there is no end."""
    if not start:
        return 0.0
    until = datetime.fromisoformat(end) if end else datetime.now(UTC)
    return max((until - datetime.fromisoformat(start)).total_seconds(), 0.0)
