"""The half of a stage that terraform does not know: plan, apply, destroy and drift of a stage are written once for both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from infra.plans.summary import Change


class Beyond(Protocol):
    """What a stage holds that terraform does not know: the platform's manifests."""

    def digest(self) -> str:
        """Return a digest of what is asked for; a plan holds for this one only."""
        ...

    def plan(self, outputs: Mapping[str, Any]) -> tuple[Change, ...]:
        """Return what would change, given the module's outputs as they are (none before the first apply)."""
        ...

    def apply(self, outputs: Mapping[str, Any]) -> None:
        """Make it so, given the module's outputs."""
        ...

    def destroy(self) -> None:
        """Remove all of it, before terraform removes what it stands on."""
        ...


class Nothing:
    """Of a stage that is terraform's alone."""

    def digest(self) -> str:
        """Return nothing."""
        return ""

    def plan(self, outputs: Mapping[str, Any]) -> tuple[Change, ...]:
        """Change nothing."""
        return ()

    def apply(self, outputs: Mapping[str, Any]) -> None:
        """Do nothing."""

    def destroy(self) -> None:
        """Do nothing."""


NOTHING: Beyond = Nothing()
