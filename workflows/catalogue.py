"""Which pipelines there are and where their rendered form is, for callers that must start without the pipelines SDK."""

from __future__ import annotations

from pathlib import Path

from infra.errors import NotFound

RENDERED = Path(__file__).resolve().parent.parent / "k8s" / "base" / "workflows"
"""The committed, rendered pipelines; what both engines run."""

_TEMPLATES = ("create-cluster", "delete-cluster", "drift-cluster", "plan-cluster")

WARM = (
    "steps.common.preload",
    "steps.chain.run",
    "steps.cluster.run",
    "steps.lifecycle.run",
    "steps.network.run",
    "steps.platform.run",
    "steps.preview.run",
)
"""Modules for the local engine's warm start: what every step loads. Named, never imported here."""


def names() -> tuple[str, ...]:
    """Return the names of the pipelines that a caller may run."""
    return _TEMPLATES


def template_path(name: str) -> Path:
    """Return the rendered WorkflowTemplate of a pipeline.

    Raises:
        NotFound: There is no pipeline of that name.
    """
    if name not in _TEMPLATES:
        raise NotFound(f"there is no pipeline `{name}`", next_step=f"use one of {', '.join(_TEMPLATES)}")
    return RENDERED / f"{name}.yaml"
