"""The one place that says which image a pipeline's containers run, so that a release changes one line."""

from __future__ import annotations

VERSION = "0.1.0"
"""The distribution's version; a test compares it with pyproject.toml."""

STEPS = f"ghcr.io/hera-platform/steps:{VERSION}"
PULL_POLICY = "IfNotPresent"
