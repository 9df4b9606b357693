"""Reads the data files beside this one, once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def read(name: str) -> Mapping[str, Any]:
    """Return a data file of this folder."""
    data: Mapping[str, Any] = json.loads((FOLDER / name).read_text())
    return data


@cache
def regions() -> Mapping[str, tuple[str, ...]]:
    """Return every region with its zones."""
    return {name: tuple(name + letter for letter in letters) for name, letters in read("facts.json")["regions"].items()}
