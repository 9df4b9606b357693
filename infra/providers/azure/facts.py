"""Azure's facts, kept as data files beside the code so that a new region, price or error text is one line of JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from infra.errors import by_code
from infra.providers.base import ErrorPattern, SecurityRule

HERE = Path(__file__).parent


@cache
def read(name: str) -> Any:
    """Return the data of one of the files beside this one."""
    return json.loads((HERE / f"{name}.json").read_text())


@cache
def regions() -> dict[str, tuple[str, ...]]:
    """Return every region that has zones, with them."""
    data = read("regions")
    return {region: tuple(data["zones"]) for region in data["regions"]}


@cache
def error_patterns() -> Sequence[ErrorPattern]:
    """Return what error texts mean; the first that matches counts, so they go from particular to general."""
    classes = by_code()
    return tuple(ErrorPattern(item["pattern"], classes[item["code"]], item.get("next", "")) for item in read("errors"))


@cache
def security_rules() -> Sequence[SecurityRule]:
    """Return the changes that a reviewer looks at first."""
    return tuple(
        SecurityRule(item["type"], item["reason"], item.get("attribute", ""), tuple(item.get("values", ())))
        for item in read("security")
    )


def imports(subscription: str = "") -> Mapping[str, str]:
    """Return how terraform imports each type; ids that nothing planned leads to need a subscription, else the environment's."""
    subscription = subscription or os.environ.get("ARM_SUBSCRIPTION_ID", "")
    return {
        kind: template.replace("{subscription}", f"/subscriptions/{subscription}")
        for kind, template in read("types")["imports"].items()
        if subscription or "{subscription}" not in template
    }
