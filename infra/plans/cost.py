"""What a plan costs a month, from the provider's offline price table: a figure to compare, not an invoice.

Form of `prices.json`:

    {"date": "2026-11-01", "currency": "USD", "source": "public list prices, on demand",
     "excludes": ["data transfer", …],
     "regions": {"us-east-1": 1.0, "eu-west-1": 1.1},          multiplier on every figure; 1.0 where absent
     "items": [
       {"type": "aws_nat_gateway", "label": "NAT gateway", "hourly": 0.045},
       {"type": "aws_eks_node_group", "label": "nodes",
        "count": "scaling_config.0.min_size",                  dotted path in planned values; 1 where absent
        "by": "instance_types.0", "hourly": {"m7i.large": 0.1008},
        "discount": {"path": "capacity_type", "equals": "SPOT", "factor": 0.35}},
       {"type": "…", "label": "…", "monthly": 0.10, "count": "size"}]}

`hourly` or `monthly` is a number, or a map by the value at `by`. A month is 730 hours. What the table does not know is
listed as not priced instead of counted as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HOURS = 730
"""Hours in a month, as the clouds' own calculators count (365 * 24 / 12)."""


@dataclass(frozen=True)
class CostLine:
    """One resource's share of the month."""

    address: str
    label: str
    count: float
    monthly: float


@dataclass(frozen=True)
class Cost:
    """The month of everything in a plan."""

    currency: str
    date: str
    source: str
    lines: tuple[CostLine, ...]
    not_priced: tuple[str, ...]
    excludes: tuple[str, ...]

    @property
    def monthly(self) -> float:
        """The sum of all lines."""
        return sum(line.monthly for line in self.lines)


def at(values: Any, path: str) -> Any:
    """Return what a dotted path (numbers are list positions) leads to, or None."""
    for step in path.split("."):
        if isinstance(values, list) and step.isdigit():
            values = values[int(step)] if int(step) < len(values) else None
        elif isinstance(values, Mapping):
            values = values.get(step)
        else:
            return None
    return values


def _rate(item: Mapping[str, Any], values: Mapping[str, Any]) -> float | None:
    """Return an item's price a month for one unit, or None when the table has no figure for this variant."""
    hourly = "hourly" in item
    figure = item["hourly"] if hourly else item["monthly"]
    if isinstance(figure, Mapping):
        figure = figure.get(str(at(values, item["by"])))
    if figure is None:
        return None
    rate = float(figure) * (HOURS if hourly else 1)
    discount = item.get("discount")
    if discount and str(at(values, discount["path"])) == str(discount["equals"]):
        rate *= float(discount["factor"])
    return rate


def _count(item: Mapping[str, Any], values: Mapping[str, Any]) -> float:
    count = at(values, item["count"]) if "count" in item else 1
    return float(count) if isinstance(count, int | float | str) and str(count).replace(".", "", 1).isdigit() else 1.0


def estimate(resources: Iterable[tuple[str, str, Mapping[str, Any]]], table: Mapping[str, Any], region: str) -> Cost:
    """Price `(address, type, planned values)` of managed resources with a provider's table."""
    items: dict[str, list[Mapping[str, Any]]] = {}
    for item in table["items"]:
        items.setdefault(item["type"], []).append(item)
    factor = float(table.get("regions", {}).get(region, 1.0))
    lines: list[CostLine] = []
    unknown: list[str] = []
    for address, kind, values in resources:
        for item in items.get(kind, []):
            rate, count = _rate(item, values), _count(item, values)
            if rate is None:
                unknown.append(f"{address} ({at(values, item['by'])})")
            elif count:
                lines.append(CostLine(address, item["label"], count, rate * count * factor))
    excludes = tuple(table.get("excludes", ()))
    return Cost(table["currency"], table["date"], table["source"], tuple(lines), tuple(unknown), excludes)
