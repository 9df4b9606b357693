"""Reads the spec that `-f` names, from a file or from stdin, and refuses it with everything that is wrong at once."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.spec.model import Cluster


@dataclass(frozen=True)
class SpecFile:
    """A valid spec: the text as the user wrote it, and as types."""

    name: str
    text: str
    cluster: Cluster

    @property
    def typed(self) -> str:
        """The words that name this file on a command line."""
        return f"-f {self.name}"


def read(name: str) -> SpecFile:
    """Read and validate; raises `NotFound` and `SpecInvalid`."""
    from infra.spec.load import load_cluster, parse_cluster

    if name == "-":
        text = sys.stdin.read()
        return SpecFile(name, text, parse_cluster(text, "<stdin>"))
    path = Path(name)
    cluster = load_cluster(path)
    return SpecFile(name, path.read_text(encoding="utf-8-sig"), cluster)
