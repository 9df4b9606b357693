"""What callers of the engine see: phases, events, and the two things a caller brings (an observer and an approver)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Phase(StrEnum):
    """Argo's node phases, and `Suspended` for a run that ended because nobody was there to answer."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ERROR = "Error"
    SKIPPED = "Skipped"
    OMITTED = "Omitted"
    SUSPENDED = "Suspended"

    @property
    def bad(self) -> bool:
        """Whether the node ran and did not succeed."""
        return self in (Phase.FAILED, Phase.ERROR)

    @property
    def completed(self) -> bool:
        """Whether the node ran to an end; one that was skipped or omitted did not run."""
        return self.bad or self is Phase.SUCCEEDED

    @property
    def fulfilled(self) -> bool:
        """Whether nothing more will happen to the node."""
        return self.completed or self in (Phase.SKIPPED, Phase.OMITTED)


@dataclass(frozen=True)
class NodeEvent:
    """A node, at the moment of a change."""

    node: str
    """The name a person reads, Argo's display name; attempts of one node share it."""
    template: str
    phase: Phase
    message: str
    elapsed: float
    """Seconds since the node started."""
    attempt: int
    """Which try this is, from 1; 0 for a node that never ran."""
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    folder: Path
    """What the step wrote: outputs/, artifacts/, and its log in main.log."""
    kind: str = "Pod"
    """Argo's node type: Pod, Suspend, Steps, DAG, TaskGroup, Skipped."""
    exit_code: int | None = None


class Observer(Protocol):
    """Who watches a run."""

    def node(self, event: NodeEvent) -> None:
        """Take note of a node's change."""

    def line(self, node: str, text: str) -> None:
        """Take note of one line that a step printed on stdout."""


class Approver(Protocol):
    """Who answers when a pipeline asks."""

    def approve(self, node: str, template: str, parameters: Mapping[str, str]) -> Mapping[str, str] | None:
        """Return the supplied outputs; None when nobody is there to answer, and the run ends as suspended."""


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    name: str
    phase: Phase
    nodes: tuple[NodeEvent, ...]
    """Every node in the order of creation, as it ended; the root and the groups of a `steps` template are not among them."""
    outputs: Mapping[str, str]
    """The workflow's global outputs."""
    message: str
    folder: Path

    def failed(self) -> NodeEvent | None:
        """Return the first node that failed by itself, a step rather than what holds it."""
        bad = [node for node in self.nodes if node.phase.bad]
        own = [node for node in bad if node.kind not in ("DAG", "Steps", "TaskGroup")]
        return next(iter(own or bad), None)

    def node(self, name: str) -> NodeEvent | None:
        """Return the node of that display name."""
        return next((node for node in self.nodes if node.node == name), None)
