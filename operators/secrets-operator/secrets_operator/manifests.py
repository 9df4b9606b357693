"""Renders the CRDs from the models: `python -m secrets_operator.manifests` writes them, `--check` compares."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from operator_kit.crd import definition
from secrets_operator.models import KINDS

FILE = Path(__file__).parents[1] / "manifests" / "crds.yaml"
HEAD = (
    "# Made by `python -m secrets_operator.manifests` from secrets_operator/models.py and the clouds' own options. Do not edit.\n"
)


def text() -> str:
    """Return the definitions as YAML."""
    return HEAD + yaml.safe_dump_all([definition(kind) for kind in KINDS.values()], sort_keys=False, width=130)


def main(argv: list[str]) -> int:
    """Write the file, or say that it is not up to date."""
    if "--check" in argv:
        fresh = FILE.is_file() and FILE.read_text() == text()
        print("" if fresh else f"{FILE.name} is not up to date: python -m secrets_operator.manifests", end="" if fresh else "\n")
        return 0 if fresh else 1
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
