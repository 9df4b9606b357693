"""Variations of a spec."""

from __future__ import annotations

from pathlib import Path

import yaml

from infra.spec.load import load_cluster


def with_bigger_pool(spec: Path) -> str:
    """Return a spec with every default written out and its first node pool changed: three more nodes at most, a label."""
    data = load_cluster(spec).dump()
    pool = data["spec"]["nodePools"][0]
    pool["max"] += 3
    pool["labels"] = {**pool["labels"], "changed": "yes"}
    return yaml.safe_dump(data)
