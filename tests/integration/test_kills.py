"""A fixed sample of the kill campaign (`make soak` plays all of it): resumed runs end in the asked state."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.kills import Campaign, Round

SAMPLE = (
    Round(0, "aws-dev.yaml", "create", "run", "SIGKILL", 0.6),
    Round(1, "azure-dev.yaml", "create", "step", "SIGKILL", 0.7),
    Round(2, "gcp-dev.yaml", "create", "provider", "SIGKILL", 0.6),
    Round(3, "aws-prod.yaml", "create", "command", "SIGTERM", 0.5),
    Round(4, "azure-dev.yaml", "delete", "run", "SIGKILL", 0.5),
    Round(5, "gcp-dev.yaml", "change", "terraform", "SIGTERM", 0.6),
)


@pytest.mark.parametrize("sample", SAMPLE, ids=lambda r: f"{r.example.split('.')[0]}-{r.operation}-{r.victim}-{r.signal}")
def test_resume_after_a_kill(sample: Round, tmp_path: Path) -> None:
    result = Campaign(tmp_path, {}).play(sample)
    assert result.problems == ()
