"""The tree of nodes of one run, with the links that decide phases.

Argo derives the phase of a DAG by walking from parent to child over nodes of every depth, so the same links are kept here:
`children` as Argo draws them, `outbound` for the nodes that whatever comes next is attached to.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from workflows.local.api import NodeEvent, Phase

_LEADING = re.compile(r"^(\[\d+\])?\.")
_INDEX = re.compile(r"\((\d+)[^()]*\)$")


@dataclass(eq=False)
class Outputs:
    """What a node gave."""

    parameters: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)
    result: str | None = None
    exit_code: int | None = None
    published: dict[str, str] = field(default_factory=dict)
    """Parameters that become outputs of the workflow, by their global name."""


@dataclass(eq=False)
class Node:
    """One node; its name is unique in the run, its display name is what a person reads."""

    name: str
    display: str
    kind: str
    template: str
    phase: Phase
    boundary: Node | None
    folder: Path
    message: str = ""
    hooked: bool = False
    retried: bool = False
    on_exit: bool = False
    attempt: int = 0
    keeps_result: bool = False
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: Outputs = field(default_factory=Outputs)
    children: list[Node] = field(default_factory=list)
    outbound: list[Node] = field(default_factory=list)
    started: float = field(default_factory=time.time)
    finished: float = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds from start to end, or to now."""
        return (self.finished or time.time()) - self.started

    @property
    def tries(self) -> list[Node]:
        """A retried node's attempts."""
        return [child for child in self.children if not child.hooked] if self.kind == "Retry" else []

    @property
    def last(self) -> Node:
        """The attempt whose outputs count."""
        return self.tries[-1] if self.tries else self

    @property
    def index(self) -> int:
        """The position in a loop, from names such as `fan(2:c)`."""
        found = _INDEX.search(self.name)
        return int(found.group(1)) if found else 0

    def ends(self) -> list[Node]:
        """Return the nodes that what depends on this one is attached to."""
        if self.kind == "Retry":
            return self.children[-1:] or [self]
        if self.kind == "TaskGroup":
            return [end for child in self.children for end in child.ends()] or [self]
        if self.kind in ("DAG", "Steps"):
            return [end for node in self.outbound for end in node.ends()]
        return [self]

    def event(self) -> NodeEvent:
        """Return the node as callers see it: attempts are folded into the node they belong to."""
        kind = self.last.kind if self.kind == "Retry" and self.tries else self.kind
        outputs = self.last.outputs
        attempt = len(self.tries) if self.kind == "Retry" else int(self.kind in ("Pod", "Suspend", "Steps", "DAG"))
        return NodeEvent(
            self.display, self.template, self.phase, self.message, self.elapsed, attempt, dict(self.inputs),
            dict(outputs.parameters), self.last.folder, kind, outputs.exit_code,
        )  # fmt: skip


class Nodes:
    """All nodes of a run, by name, in the order of creation."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}

    def __iter__(self) -> Iterator[Node]:
        return iter(list(self._nodes.values()))

    def get(self, name: str) -> Node | None:
        """Return a node, or None where it was not created yet."""
        return self._nodes.get(name)

    def add(self, node: Node) -> Node:
        """Keep a new node."""
        assert node.name not in self._nodes, node.name
        self._nodes[node.name] = node
        return node

    def within(self, boundary: Node) -> list[Node]:
        """Return the nodes directly inside a template's node."""
        return [node for node in self._nodes.values() if node.boundary is boundary]


def display_name(name: str, boundary: Node | None) -> str:
    """Return what a person reads for a node inside another."""
    return _LEADING.sub("", name.removeprefix(boundary.name)) if boundary else name


def link(parents: Iterable[Node], child: Node) -> None:
    """Make a node the child of others, once each."""
    for parent in parents:
        if child not in parent.children:
            parent.children.append(child)
