"""Logs as JSON lines, and the last line of defence of secrets: whatever looks like one is blanked before it is written.

The first line is that values travel as `infra.secrets.base.Value`, which shows itself as stars.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import TextIO

STARS = "***"
_PATTERNS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.S),
    re.compile(r"(?i)(?<=bearer )[\w.~+/-]{8,}=*"),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(
        r"(?i)(?<=[\"'])?\b((?:[\w-]*(?:password|passwd|secret[_-]?key|client[_-]?secret|access[_-]?key|token|secretstring|"
        r"secretbinary))[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;}&]+)"
    ),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(r"(?i)([\"']?\b(?:data|stringData)[\"']?\s*:\s*)\{[^{}]*\}"),
)


def redact(text: str) -> str:
    """Return the text with whatever looks like a secret blanked."""
    for pattern in _PATTERNS:
        text = pattern.sub(lambda found: (found.group(1) if _keeps_name(found) else "") + STARS, text)
    return text


def _keeps_name(found: re.Match[str]) -> bool:
    return bool(found.re.groups) and bool(found.group(1)) and found.group(0).startswith(found.group(1))


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what the caller added in `extra={"fields": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, redacted."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        for key, value in getattr(record, "fields", {}).items():
            line[key] = redact(str(value)) if not isinstance(value, int | float) else value
        if record.exc_info and record.exc_info[0]:
            line["error"] = redact("".join(traceback.format_exception(*record.exc_info))[-4000:])
        return json.dumps(line)


def configure(level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send all logs, libraries' included, to one stream as JSON lines; libraries speak only when something is wrong."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("operator").setLevel(level)
