"""Reads the data files beside the code; each is read once, when it is asked for."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from infra.errors import by_code
from infra.providers.base import ErrorPattern, SecurityRule

HERE = Path(__file__).parent


@cache
def load(name: str) -> Any:
    """Return a data file's content."""
    return json.loads((HERE / name).read_text(encoding="utf-8"))


@cache
def regions() -> dict[str, tuple[str, ...]]:
    """Return every region with its zones; the file holds the zones' letters."""
    return {
        region: tuple(f"{region}-{letter}" for letter in letters) for region, letters in load("facts.json")["regions"].items()
    }


@cache
def error_patterns() -> tuple[ErrorPattern, ...]:
    """Return the cloud's error texts, the more exact ones first."""
    classes = by_code()
    return tuple(ErrorPattern(item["pattern"], classes[item["code"]], item.get("next", "")) for item in load("errors.json"))


@cache
def security_rules() -> tuple[SecurityRule, ...]:
    """Return the changes that a reviewer looks at first."""
    return tuple(
        SecurityRule(item["type"], item["reason"], item.get("attribute", ""), tuple(item.get("values", ())))
        for item in load("security.json")
    )
