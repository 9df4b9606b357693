"""The whole plan in one look, before anything is asked or touched."""

from __future__ import annotations

from steps.contract import Step

PLAN = Step("steps.preview", "plan", outputs=("changes", "summary"), artifacts=("plan.json", "plan.html"), retry=True)
"""Plans all stages. A new cluster is planned as one graph; nothing is stored that could be applied."""
