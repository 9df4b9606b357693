"""Write Grafana's dashboards from a list of panels and queries, so that nobody has to edit their JSON.

python -m tools.dashboards            write k8s/components/observability/dashboards
python -m tools.dashboards --check    fail if a file is not what would be written
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tools.written import PROJECT, settle

COMPONENT = PROJECT / "k8s" / "components" / "observability"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
PAGE_WIDTH, HEIGHT = 24, 7
WIDTHS = {"stat": 6, "table": 12, "timeseries": 12}

Data = Mapping[str, Any]


def rendered() -> dict[Path, str]:
    """Return the text of every dashboard, by its file."""
    pages: dict[str, Data] = yaml.safe_load((COMPONENT / "dashboards.yaml").read_text())
    return {
        COMPONENT / "dashboards" / f"{name}.json": json.dumps(_page(name, page), indent=1) + "\n" for name, page in pages.items()
    }


def _page(name: str, page: Data) -> dict[str, Any]:
    return {
        "uid": f"hera-{name}",
        "title": page["title"],
        "tags": ["hera"],
        "editable": False,
        "schemaVersion": 39,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [_variable(key, query) for key, query in page.get("variables", {}).items()]},
        "panels": [_panel(panel, place) for panel, place in zip(page["panels"], _places(page["panels"]), strict=True)],
    }


def _variable(name: str, query: str) -> dict[str, Any]:
    return {"name": name, "type": "query", "datasource": SOURCE, "query": query, "refresh": 2, "sort": 1}


def _panel(panel: Data, place: dict[str, int]) -> dict[str, Any]:
    kind = _kind(panel)
    return {
        "type": kind,
        "title": panel["title"],
        "description": panel.get("about", ""),
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.get("unit", "short")}, "overrides": []},
        "targets": [_target(kind, number, query) for number, query in enumerate(panel["queries"])],
    }


def _target(kind: str, number: int, query: Data) -> dict[str, Any]:
    return {
        "refId": chr(ord("A") + number),
        "datasource": SOURCE,
        "expr": query["expr"],
        "legendFormat": query.get("legend", ""),
        "instant": kind != "timeseries",
        "format": "table" if kind == "table" else "time_series",
    }


def _kind(panel: Data) -> str:
    return str(panel.get("kind", "timeseries"))


def _places(panels: Iterable[Data]) -> list[dict[str, int]]:
    """Put panels beside each other until a row is full."""
    places, left, top = [], 0, 0
    for panel in panels:
        width = WIDTHS[_kind(panel)]
        if left + width > PAGE_WIDTH:
            left, top = 0, top + HEIGHT
        places.append({"x": left, "y": top, "w": width, "h": HEIGHT})
        left += width
    return places


def main(arguments: Sequence[str]) -> int:
    """Write, or compare; return the exit code."""
    return settle(rendered(), "python -m tools.dashboards", check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
