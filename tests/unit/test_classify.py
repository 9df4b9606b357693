"""terraform's own texts; each cloud's are tested beside its provider."""

from __future__ import annotations

import pytest

from infra.classify import classify
from infra.errors import QuotaExceeded
from infra.providers.base import ErrorPattern


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("Error: Error acquiring the state lock\n\nLock Info:\n  ID: 1", "STATE_LOCKED", id="lock"),
        pytest.param("Error: Saved plan is stale", "PLAN_STALE", id="stale"),
        pytest.param("Error: Plugin did not respond\n\nThe plugin encountered an error", "CLOUD_UNAVAILABLE", id="plugin-died"),
        pytest.param("Error: timeout while waiting for state to become 'available'", "TIMEOUT", id="timeout"),
        pytest.param("Error: dial tcp: lookup sts.example: no such host", "CLOUD_UNAVAILABLE", id="no-network"),
        pytest.param('Error: Unsupported argument\n\nAn argument named "x"', "CONFIG_REJECTED", id="argument"),
        pytest.param("Error: writing state: no space left on device", "STEP_FAILED", id="full-disk"),
        pytest.param("Error: something never seen before", "STEP_FAILED", id="unknown"),
    ],
)
def test_terraforms_texts(text: str, code: str) -> None:
    assert classify(text, ()).code == code


def test_the_clouds_words_come_first() -> None:
    error = classify("Error: timeout while waiting for quota LIMIT_X", [ErrorPattern("LIMIT_X", QuotaExceeded)])
    assert (error.code, error.retryable) == ("QUOTA_EXCEEDED", False)
    assert "LIMIT_X" in error.detail
