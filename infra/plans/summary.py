"""A plan as a reviewer reads it: what changes, what is lost, what touches security, what it costs.

Built from `terraform show -json PLANFILE`. Values that terraform marks sensitive never get in here; only names of changed
attributes and short, non-sensitive before/after texts do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from infra.plans.cost import Cost, CostLine, estimate

if TYPE_CHECKING:
    from infra.providers.base import SecurityRule

API_VERSION = "hera.dev/v1alpha1"
ACTIONS = ("replace", "delete", "create", "update", "import", "forget")
"""In the order a reviewer reads them: what is lost comes first."""
UNKNOWN = "(known after apply)"
_REASONS = {
    "replace_because_tainted": "left half-made by an earlier run",
    "replace_by_request": "somebody asked for it",
    "replace_by_triggers": "what it depends on changed",
    "delete_because_no_resource_config": "no longer in the configuration",
    "delete_because_no_module": "its module is no longer in the configuration",
    "delete_because_wrong_repetition": "it is counted in another way now",
    "delete_because_count_index": "fewer are asked for",
    "delete_because_each_key": "no longer asked for",
    "delete_because_no_move_target": "what it was moved to is not there",
}
_LIMIT = 200
"""Characters of a before or after text that are kept."""


@dataclass(frozen=True)
class AttributeChange:
    """One attribute, before and after; None where there is nothing, `(known after apply)`, `(sensitive)`."""

    name: str
    before: str | None
    after: str | None
    forces_replacement: bool = False


@dataclass(frozen=True)
class Change:
    """What happens to one resource."""

    address: str
    type: str
    action: str
    attributes: tuple[AttributeChange, ...] = ()
    security: tuple[str, ...] = ()
    reason: str = ""
    """Terraform's `action_reason`: why it deletes or replaces."""

    @property
    def why(self) -> str:
        """Return the reason in words; empty where attributes tell it better."""
        return _REASONS.get(self.reason, "")

    @property
    def half_made(self) -> bool:
        """Whether it is replaced only because an earlier apply was cut short while making it."""
        return self.action == "replace" and self.reason == "replace_because_tainted"


@dataclass(frozen=True)
class StagePlan:
    """One stage's plan. `drift` is what the world changed behind terraform's back."""

    stage: str
    changes: tuple[Change, ...]
    drift: tuple[Change, ...] = ()
    digest: str = ""


@dataclass(frozen=True)
class PlanSummary:
    """A whole plan."""

    cluster: str
    cloud: str
    region: str
    simulated: bool
    created: str
    stages: tuple[StagePlan, ...]
    cost: Cost | None = None
    notes: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes of all stages: security-relevant first, then by action."""
        every = [change for stage in self.stages for change in stage.changes]
        return tuple(sorted(every, key=lambda c: (not c.security, ACTIONS.index(c.action))))

    @property
    def verdict(self) -> str:
        """`none`, `safe`, or `destructive` when anything is destroyed or replaced."""
        actions = {change.action for change in self.changes}
        return "destructive" if actions & {"replace", "delete"} else "safe" if actions else "none"

    def counts(self) -> dict[str, int]:
        """How many resources per action, in reading order; absent actions are left out."""
        actions = [change.action for change in self.changes]
        return {action: actions.count(action) for action in ACTIONS if action in actions}

    def headline(self) -> str:
        """One line: `74 to create` or `no changes`."""
        return ", ".join(f"{count} to {action}" for action, count in self.counts().items()) or "no changes"

    def to_dict(self) -> dict[str, Any]:
        """Return the plan in its versioned JSON form."""
        data = {"apiVersion": API_VERSION, "kind": "Plan", **asdict(self), "counts": self.counts(), "verdict": self.verdict}
        if self.cost is not None:
            data["cost"]["monthly"] = round(self.cost.monthly, 2)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PlanSummary:
        """Read back what `to_dict` wrote."""
        cost = data.get("cost")
        return cls(
            cluster=data["cluster"],
            cloud=data["cloud"],
            region=data["region"],
            simulated=data["simulated"],
            created=data["created"],
            stages=tuple(_stage(stage) for stage in data["stages"]),
            cost=_cost(cost) if cost else None,
            notes=tuple(data.get("notes", ())),
        )


def _change(data: Mapping[str, Any]) -> Change:
    attributes = tuple(AttributeChange(**item) for item in data["attributes"])
    return Change(data["address"], data["type"], data["action"], attributes, tuple(data["security"]), data.get("reason", ""))


def _stage(data: Mapping[str, Any]) -> StagePlan:
    changes, drift = tuple(map(_change, data["changes"])), tuple(map(_change, data["drift"]))
    return StagePlan(data["stage"], changes, drift, data["digest"])


def _cost(data: Mapping[str, Any]) -> Cost:
    lines = tuple(CostLine(**line) for line in data["lines"])
    return Cost(data["currency"], data["date"], data["source"], lines, tuple(data["not_priced"]), tuple(data["excludes"]))


def as_text(value: Any) -> str | None:
    """Return a value as a plan shows it: cut when it is long, None where there is nothing."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"


def _is_marked(mark: Any) -> bool:
    """Terraform marks sensitive and unknown parts with `true` in a structure shaped like the value."""
    if isinstance(mark, Mapping):
        return any(_is_marked(item) for item in mark.values())
    if isinstance(mark, list):
        return any(_is_marked(item) for item in mark)
    return bool(mark)


@dataclass(frozen=True)
class _Side:
    """One attribute at any depth: its values and terraform's marks for them, all shaped alike."""

    name: str
    before: Any
    after: Any
    unknown: Any
    sensitive: tuple[Any, Any]

    def parts(self) -> Iterable[_Side] | None:
        """Return what is inside, when both sides are maps or lists of one map; None for a leaf."""
        if isinstance(self.before, Mapping) and isinstance(self.after, Mapping):
            inner = self.unknown if isinstance(self.unknown, Mapping) else {}
            return [self._part(key) for key in sorted({*self.before, *self.after, *inner})]
        if all(
            isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping) for value in (self.before, self.after)
        ):
            marks = (_first(self.sensitive[0]), _first(self.sensitive[1]))
            return _Side(self.name, self.before[0], self.after[0], _first(self.unknown), marks).parts()
        return None

    def _part(self, key: str) -> _Side:
        marks = (_part(self.sensitive[0], key), _part(self.sensitive[1], key))
        name = f"{self.name}.{key}" if self.name else key
        return _Side(name, self.before.get(key), self.after.get(key), _part(self.unknown, key), marks)


def _part(mark: Any, name: str) -> Any:
    return mark.get(name) if isinstance(mark, Mapping) else mark


def _first(mark: Any) -> Any:
    return (mark[0] if mark else None) if isinstance(mark, list) else mark


def _attributes(change: Mapping[str, Any]) -> Iterable[AttributeChange]:
    """Yield what differs between before and after, as deep inside maps as it can be told apart."""
    whole = {
        "before": change.get("before") or {},
        "after": change.get("after") or {},
        "unknown": change.get("after_unknown") or {},
    }
    replace = {".".join(step for step in map(str, path) if not step.isdigit()) for path in change.get("replace_paths") or []}
    marks = (change.get("before_sensitive") or False, change.get("after_sensitive") or False)
    yield from _differences(_Side("", **whole, sensitive=marks), replace)


def _differences(side: _Side, replace: set[str]) -> Iterable[AttributeChange]:
    if side.before == side.after and not _is_marked(side.unknown):
        return
    parts = side.parts()
    if parts is not None:
        for part in parts:
            yield from _differences(part, replace)
        return
    forced = any(f"{side.name}.".startswith(f"{path}.") or path.startswith(f"{side.name}.") for path in replace if path)
    if any(map(_is_marked, side.sensitive)):
        yield AttributeChange(side.name, "(sensitive)", "(sensitive)", forced)
    else:
        new = UNKNOWN if side.unknown and side.after is None else as_text(side.after)
        yield AttributeChange(side.name, as_text(side.before), new, forced)


def _action(change: Mapping[str, Any]) -> str | None:
    actions = list(change["actions"])
    if change.get("importing"):
        return "import"
    if set(actions) == {"create", "delete"}:
        return "replace"
    return None if actions in (["no-op"], ["read"]) else str(actions[0])


def _values_at(values: Any, path: Sequence[str]) -> Iterable[Any]:
    """Yield what a path leads to, searching through lists on the way and at its end."""
    if isinstance(values, list):
        for item in values:
            yield from _values_at(item, path)
    elif not path:
        yield values
    elif isinstance(values, Mapping) and path[0] in values:
        yield from _values_at(values[path[0]], path[1:])


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _concerns(rule: SecurityRule, kind: str, change: Mapping[str, Any]) -> bool:
    """Tell whether a rule has something to say about a change."""
    if not fnmatchcase(kind, rule.type):
        return False
    if not rule.attribute:
        return True
    path = rule.attribute.split(".")
    before, after = (list(map(_as_text, _values_at(change.get(side) or {}, path))) for side in ("before", "after"))
    if rule.values:
        return any(value in rule.values for value in after) and before != after
    return before != after and change.get("before") is not None


def changes_of(items: Iterable[Mapping[str, Any]], rules: Sequence[SecurityRule]) -> tuple[Change, ...]:
    """Read terraform's `resource_changes` or `resource_drift`; data sources and no-ops are left out."""
    found = []
    for item in items:
        action = _action(item["change"])
        if action is None or item.get("mode") == "data":
            continue
        reasons = dict.fromkeys(rule.reason for rule in rules if _concerns(rule, item["type"], item["change"]))
        detail = tuple(_attributes(item["change"])) if action in ("update", "replace", "import") else ()
        found.append(Change(item["address"], item["type"], action, detail, tuple(reasons), item.get("action_reason", "")))
    return tuple(found)


def planned_resources(plan: Mapping[str, Any]) -> Iterable[tuple[str, str, Mapping[str, Any]]]:
    """Yield address, type and planned values of every managed resource that exists after the plan."""

    def walk(module: Mapping[str, Any]) -> Iterable[tuple[str, str, Mapping[str, Any]]]:
        for resource in module.get("resources", ()):
            if resource["mode"] == "managed":
                yield resource["address"], resource["type"], resource.get("values") or {}
        for child in module.get("child_modules", ()):
            yield from walk(child)

    yield from walk(plan.get("planned_values", {}).get("root_module", {}))


def stage_plan(stage: str, plan: Mapping[str, Any], rules: Sequence[SecurityRule], digest: str = "") -> StagePlan:
    """Read one stage's plan from terraform's JSON."""
    changes = changes_of(plan.get("resource_changes", ()), rules)
    return StagePlan(stage, changes, changes_of(plan.get("resource_drift", ()), rules), digest)


def cost_of(plans: Iterable[Mapping[str, Any]], table: Mapping[str, Any], region: str) -> Cost:
    """Price everything that exists after the plans."""
    return estimate([resource for plan in plans for resource in planned_resources(plan)], table, region)
