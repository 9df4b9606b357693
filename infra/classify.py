"""From a cloud's or terraform's error text to an error of the tree, so that every reader learns whether a retry helps."""

from __future__ import annotations

import re
from collections.abc import Sequence

from infra.errors import (
    AuthDenied,
    CloudUnavailable,
    ConfigRejected,
    DependencyMissing,
    HeraError,
    PlanStale,
    StateLocked,
    StepFailed,
    TimedOut,
)
from infra.providers.base import ErrorPattern

TERRAFORM_PATTERNS = (
    ErrorPattern(r"Error acquiring the state lock", StateLocked),
    ErrorPattern(r"Saved plan is stale", PlanStale),
    ErrorPattern(r"No valid credential sources found|could not find default credentials", AuthDenied),
    ErrorPattern(r"Failed to query available provider packages|Failed to install provider", DependencyMissing),
    ErrorPattern(r"no space left on device", StepFailed, "free some disk space, then run `clusterctl resume cluster NAME`"),
    ErrorPattern(r"Plugin did not respond|plugin crashed|The plugin encountered an error", CloudUnavailable),
    ErrorPattern(r"timeout while waiting for|context deadline exceeded|i/o timeout", TimedOut),
    ErrorPattern(
        r"no such host|connection refused|connection reset by peer|TLS handshake timeout|unexpected EOF", CloudUnavailable
    ),
    ErrorPattern(r"Unsupported argument|Invalid value for|Incorrect attribute value|Missing required argument", ConfigRejected),
)
"""terraform 1.11's own texts; a cloud's patterns come first, since its words are more exact."""
_TAIL = 4000
"""Characters of the original text that are kept."""


def classify(text: str, patterns: Sequence[ErrorPattern]) -> HeraError:
    """Return the error that the first matching pattern names, the original text as its detail."""
    lines = [line.strip() for line in text.splitlines() if line.strip(" │╷╵\t")]
    first = next((line.strip("│ ") for line in lines if "rror" in line), lines[0] if lines else "no reason given")
    for item in (*patterns, *TERRAFORM_PATTERNS):
        if re.search(item.pattern, text, re.IGNORECASE):
            return item.error(first, next_step=item.next_step, detail=text[-_TAIL:])
    return StepFailed(first, next_step="read the detail, then run `clusterctl resume cluster NAME`", detail=text[-_TAIL:])
