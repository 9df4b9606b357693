"""What the parts of a pass hand to each other: where a node is to be made, what it is called with, and how that can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workflows.local.conditions import ConditionError
from workflows.local.expressions import ExpressionError
from workflows.local.loops import LoopError
from workflows.local.nodes import Node
from workflows.local.scope import OutputError, text

STOPPED = "Stopped with strategy 'Stop'"
SHUTDOWN = "workflow shutdown with strategy: Stop"
LATE = "Step exceeded its deadline"


class TemplateError(Exception):
    """A template can't be executed as it was called."""


class Busy(Exception):
    """As many children run as may run at once; the call is made again later."""


KNOWN_ERRORS = (TemplateError, ConditionError, ExpressionError, LoopError, OutputError)
"""What becomes a node's phase `Error` instead of the engine's failure."""


@dataclass(frozen=True)
class Arguments:
    """What a template is called with."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, Any] = field(default_factory=dict)
    """By name: a path, or a mapping with `data` for raw text."""

    @classmethod
    def read(cls, data: Mapping[str, Any] | None) -> Arguments:
        """Read the `arguments` of a workflow, task, step or hook whose artifacts need no resolving."""
        data = data or {}
        raw = {item["name"]: item["raw"] for item in data.get("artifacts", []) if item.get("raw")}
        return cls({item["name"]: text(item["value"]) for item in data.get("parameters", []) if "value" in item}, raw)


@dataclass(frozen=True)
class Place:
    """Where a node is to be made: its name, what it calls, and what surrounds it."""

    name: str
    scope: str
    call: Mapping[str, Any]
    arguments: Arguments = field(default_factory=Arguments)
    boundary: Node | None = None
    on_exit: bool = False
    hooked: bool = False
    retried: bool = False
    attempt: int = 0
    local: Mapping[str, str] = field(default_factory=dict)

    def again(self, number: int, parent: Node, local: Mapping[str, str]) -> Place:
        """Return the place of a retried node's next attempt."""
        return replace(self, name=f"{parent.name}({number})", retried=True, attempt=number, local={**self.local, **local})
