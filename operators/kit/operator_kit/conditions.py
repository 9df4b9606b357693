"""Conditions in the standard form: a time that moves only when the answer does, and the generation that was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

LONGEST = 1024


@dataclass(frozen=True)
class Condition:
    """One answer about an object: whether it holds, why in one word, and in a sentence."""

    type: str
    holds: bool | None
    reason: str
    message: str = ""

    @property
    def status(self) -> str:
        """The word that Kubernetes uses."""
        return "Unknown" if self.holds is None else str(self.holds)


def timestamp(moment: datetime | None = None) -> str:
    """Return a moment as Kubernetes writes it."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def merge(
    before: Sequence[dict[str, Any]], now: Sequence[Condition], generation: int, moment: datetime | None = None
) -> list[dict[str, Any]]:
    """Return the conditions to write: equal to `before` when nothing changed, so that nothing need be written."""
    known = {item["type"]: item for item in before}
    return [_one(known.get(item.type), item, generation, moment) for item in now]


def _one(before: dict[str, Any] | None, now: Condition, generation: int, moment: datetime | None) -> dict[str, Any]:
    same = before is not None and before.get("status") == now.status
    return {
        "type": now.type,
        "status": now.status,
        "reason": now.reason,
        "message": now.message[:LONGEST],
        "observedGeneration": generation,
        "lastTransitionTime": before["lastTransitionTime"] if same and before else timestamp(moment),
    }
