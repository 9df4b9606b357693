"""A plan on a terminal, in a reviewer's order: what is lost, what touches security, the rest by type, cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from os.path import commonprefix
from textwrap import wrap

from clusterctl.terminal import Style, one_line
from infra.plans.cost import Cost
from infra.plans.summary import ACTIONS, UNKNOWN, AttributeChange, Change, PlanSummary, StagePlan

MARKS = {"create": "+", "update": "~", "replace": "±", "delete": "-", "import": "<", "forget": "."}
_COLORS = {"create": "green", "update": "yellow", "replace": "red", "delete": "red", "import": "cyan", "forget": "yellow"}
_NAMES = 3
"""Names shown of a group of equal changes."""
_ATTRIBUTES = 6
"""Changed attributes shown of a resource without `--full`."""
_ALIKE = 4
"""Updates of one type that are shown one by one; more become a line."""
_CONTEXT = 20
"""Characters kept before the place where two long values differ."""
_VALUE = 60
"""Characters of a value shown without `--full`."""
_REASONS = 5
"""Reasons that concern only new resources, up to which each has a line of its own."""
_WIDTH = 110
"""Columns of running text."""


def headline(summary: PlanSummary, style: Style) -> str:
    """Return the counts in colours: `3 to replace, 74 to create`."""
    parts = [style.paint(f"{count} to {action}", _COLORS[action], "bold") for action, count in summary.counts().items()]
    return ", ".join(parts) or style.green("no changes")


def title(summary: PlanSummary) -> str:
    """Return what is planned, where."""
    where = f"{summary.cloud} {summary.region}".strip()
    return one_line(f"{summary.cluster} on {where}") + (" (simulated)" if summary.simulated else "")


def render(summary: PlanSummary, style: Style, *, full: bool = False) -> str:
    """Return the whole plan as text."""
    lines = [f"{style.bold('Plan for ' + title(summary))}: {headline(summary, style)}"]
    lines += _lost(summary.changes, style, full)
    lines += _security(summary.changes, style, full)
    for stage in summary.stages:
        lines += _stage(stage, style, full)
    lines += _drift(summary.stages, style, full)
    if summary.cost is not None:
        lines += _cost(summary.cost, style, full)
    lines += [style.dim(f"Note: {one_line(note)}") for note in summary.notes]
    return "\n".join(lines)


def _lost(changes: Iterable[Change], style: Style, full: bool) -> list[str]:
    lost = [change for change in changes if change.action in ("replace", "delete")]
    if not lost:
        return []
    lines = ["", style.paint("Destroyed or replaced", "red", "bold")]
    for change in lost:
        why = style.red(f"  {change.why}") if change.why else ""
        lines.append("  " + style.red(f"{MARKS[change.action]} {change.action:<8} {one_line(change.address)}") + why)
        lines += [_attribute(item, style, full) + style.red("  forces replacement") for item in reasons(change)]
    return lines


def reasons(change: Change) -> list[AttributeChange]:
    """Return the attributes that make terraform replace instead of update."""
    return [item for item in change.attributes if item.forces_replacement]


def _security(changes: Iterable[Change], style: Style, full: bool) -> list[str]:
    """Group by reason: eighty rules that open one port read as one line. What touches existing things comes first."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        for reason in change.security:
            found.setdefault(reason, []).append(change)
    if not found:
        return []
    fresh = {reason: group for reason, group in found.items() if all(change.action == "create" for change in group)}
    if full or len(fresh) <= _REASONS:
        fresh = {}
    lines = ["", style.paint("Security: look at these first", "yellow", "bold")]
    lines += [_reason(reason, group, style) for reason, group in found.items() if reason not in fresh]
    return lines + _fresh(fresh, style)


def _reason(reason: str, group: Sequence[Change], style: Style) -> str:
    actions = ", ".join(f"{len(list(items))} to {action}" for action, items in _by_action(group))
    return f"  {style.yellow('!')} {one_line(reason)}  {style.dim(f'{actions}: {_names(group)}')}"


def _fresh(found: Mapping[str, Sequence[Change]], style: Style) -> list[str]:
    """In a new cluster everything is new: the reasons as running text, so that they do not hide the plan."""
    if not found:
        return []
    text = "; ".join(f"{one_line(reason)} ({len(group)})" for reason, group in found.items())
    head, *rest = wrap(f"! with what is created: {text}", _WIDTH, initial_indent="  ", subsequent_indent="    ")
    return [head.replace("!", style.yellow("!"), 1), *rest]


def _by_action(group: Iterable[Change]) -> Iterable[tuple[str, Iterable[Change]]]:
    return groupby(sorted(group, key=_rank), key=lambda change: change.action)


def _rank(change: Change) -> int:
    return ACTIONS.index(change.action)


def _stage(stage: StagePlan, style: Style, full: bool) -> list[str]:
    lines = ["", style.bold(f"Stage {one_line(stage.stage)}") + ("" if stage.changes else style.dim(": no changes"))]
    ordered = sorted(stage.changes, key=lambda change: (_rank(change), change.type, change.address))
    for (action, kind), group in groupby(ordered, key=lambda change: (change.action, change.type)):
        lines += _group(action, kind, list(group), style, full)
    return lines


def _group(action: str, kind: str, group: Sequence[Change], style: Style, full: bool) -> list[str]:
    """Show equal creations as one line; what changes is shown one by one, since its values matter."""
    alike = action in ("create", "delete", "forget") or (action == "update" and len(group) > _ALIKE)
    if alike and not full:
        mark = style.paint(f"{MARKS[action]} {len(group):>3}", _COLORS[action])
        return [f"  {mark} {one_line(kind)}  {style.dim(_names(group))}", *_attribute_names(group, style)]
    lines = []
    for change in group:
        lines.append("  " + style.paint(MARKS[action], _COLORS[action]) + f" {one_line(change.address)}")
        if action != "replace" or full:
            lines += _attributes(change, style, full)
    return lines


def _attribute_names(group: Sequence[Change], style: Style) -> list[str]:
    """Return which attributes a group of changes is about."""
    names = dict.fromkeys(one_line(item.name) for change in group for item in change.attributes if item.after != UNKNOWN)
    shown = ", ".join(list(names)[:_ATTRIBUTES]) + (", …" if len(names) > _ATTRIBUTES else "")
    return [style.dim(f"        {shown} (--full shows each)")] if shown else []


def _names(group: Sequence[Change]) -> str:
    """Return the parts of the addresses that differ, a few of them."""
    every = [short_name(change) for change in group[:_NAMES]]
    shown = [name for index, name in enumerate(every) if not index or sum(map(len, every[: index + 1])) <= _VALUE]
    more = len(group) - len(shown)
    return ", ".join(shown) + (f", {more} more" if more > 0 else "")


def short_name(change: Change) -> str:
    """Return an address without its modules and type: `private["eu-west-1a"]`."""
    return one_line(change.address.rpartition(f"{change.type}.")[2] or change.address)


def _attributes(change: Change, style: Style, full: bool) -> list[str]:
    worth = [item for item in change.attributes if full or item.after != UNKNOWN or item.forces_replacement]
    shown = worth if full else worth[:_ATTRIBUTES]
    lines = [_attribute(item, style, full) for item in shown]
    hidden = len(change.attributes) - len(shown)
    more = f"      {hidden} more attribute{'' if hidden == 1 else 's'} (--full shows all)"
    return lines + ([style.dim(more)] if hidden else [])


def _attribute(item: AttributeChange, style: Style, full: bool) -> str:
    before, after = _values(item.before, item.after, full)
    return f"      {one_line(item.name)}: {style.red(before)} {style.dim('→')} {style.green(after)}"


def _values(before: str | None, after: str | None, full: bool) -> tuple[str, str]:
    """Return both values; long ones are cut around the place where they begin to differ."""
    old, new = ("(none)" if value is None else one_line(value) for value in (before, after))
    if full:
        return old, new
    same = len(commonprefix([old, new]))
    start = same - _CONTEXT if max(len(old), len(new)) > _VALUE and same > _CONTEXT else 0
    return _cut(old, start), _cut(new, start)


def _cut(text: str, start: int) -> str:
    shown = "…" + text[start:] if start else text
    return shown if len(shown) <= _VALUE else shown[: _VALUE - 1] + "…"


def _drift(stages: Iterable[StagePlan], style: Style, full: bool) -> list[str]:
    drift = [change for stage in stages for change in stage.drift]
    return ["", style.paint("Drift: changed outside Hera", "magenta", "bold"), *drift_lines(drift, style, full)] if drift else []


def drift_lines(drift: Iterable[Change], style: Style, full: bool) -> list[str]:
    """Return what the world changed behind terraform's back, with the values."""
    words = {"delete": "deleted", "update": "changed", "create": "appeared", "replace": "replaced"}
    lines = []
    ordered = sorted(drift, key=lambda change: (change.action != "delete", change.type, change.address))
    for (action, kind), items in groupby(ordered, key=lambda change: (change.action, change.type)):
        group, word, color = list(items), words.get(action, action), "red" if action == "delete" else "magenta"
        if len(group) > _ALIKE and not full:
            lines.append("  " + style.paint(f"{word:<8} {len(group)} {one_line(kind)}", color) + style.dim(f"  {_names(group)}"))
            lines += _attribute_names(group, style)
            continue
        for change in group:
            lines.append("  " + style.paint(f"{word:<8} {one_line(change.address)}", color))
            lines += _attributes(change, style, full)
    return lines


def repair_lines(changes: Iterable[Change], style: Style, full: bool) -> list[str]:
    """Return what would undo drift, equal changes together."""
    ordered = sorted(changes, key=lambda change: (_rank(change), change.type, change.address))
    lines = []
    for (action, kind), items in groupby(ordered, key=lambda change: (change.action, change.type)):
        group = list(items)
        if len(group) > _ALIKE and not full:
            mark = style.paint(f"{MARKS[action]} {action:<8}", _COLORS[action])
            lines.append(f"  {mark} {len(group)} {one_line(kind)}  {style.dim(_names(group))}")
        else:
            lines += [change_line(change, style) for change in group]
    return lines


def change_line(change: Change, style: Style) -> str:
    """Return one change in one line."""
    return f"  {style.paint(f'{MARKS[change.action]} {change.action:<8}', _COLORS[change.action])} {one_line(change.address)}"


def _cost(cost: Cost, style: Style, full: bool) -> list[str]:
    total = f"about {cost.monthly:,.2f} {one_line(cost.currency)} a month"
    lines = [
        "",
        f"{style.bold('Cost')}  {style.bold(total)}  {style.dim(f'(price table of {one_line(cost.date)})')}",
    ]
    lines += [
        f"  {monthly:>10,.2f}  {label}{f'  × {count:g}' if count != 1 else ''}" for label, count, monthly in cost_groups(cost)
    ]
    if cost.not_priced:
        shown = cost.not_priced if full else cost.not_priced[:_NAMES]
        more = len(cost.not_priced) - len(shown)
        lines.append(style.yellow(f"  not priced: {', '.join(map(one_line, shown))}{f', {more} more' if more else ''}"))
    lines += _wrapped(f"prices: {cost.source}", style) if cost.source else []
    return lines + (_wrapped(f"leaves out: {', '.join(cost.excludes)}", style) if cost.excludes else [])


def _wrapped(text: str, style: Style) -> list[str]:
    return [style.dim(line) for line in wrap(one_line(text), _WIDTH, initial_indent="  ", subsequent_indent="    ")]


def cost_groups(cost: Cost) -> list[tuple[str, float, float]]:
    """Return (label, count, monthly) with equal labels added up, the dearest first."""
    found: dict[str, tuple[float, float]] = {}
    for line in cost.lines:
        count, monthly = found.get(line.label, (0.0, 0.0))
        found[line.label] = (count + line.count, monthly + line.monthly)
    groups = [(one_line(label), count, monthly) for label, (count, monthly) in found.items()]
    return sorted(groups, key=lambda group: -group[2])
