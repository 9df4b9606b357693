"""A plan as one page to look at, send and keep: everything is inside the file, and nothing in it can act.

The page loads nothing (its own policy forbids it), every value is escaped, direction and control characters are written
out, and the one script is named by its hash. Colours never stand alone: each action has a sign and a word too.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path

from infra.plans.cost import Cost, CostLine
from infra.plans.summary import ACTIONS, UNKNOWN, AttributeChange, Change, PlanSummary, StagePlan

_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "−", "import": "↓", "forget": "○"}
_DRIFT_WORDS = {"delete": "deleted", "update": "changed", "create": "appeared", "replace": "replaced"}
_OPEN_GROUP = 4
"""Groups up to this size are open when the page is."""


def render_html(summary: PlanSummary) -> str:
    """Return the whole page."""
    parts = [_banner(summary), _tiles(summary), _lost(summary.changes), _security(summary.changes), _filter(summary)]
    parts += [_stage(stage) for stage in summary.stages]
    parts += [_drift(summary.stages), _cost(summary.cost), _notes(summary)]
    return _page(summary, "\n".join(part for part in parts if part))


def _e(value: object) -> str:
    """Escape for text and attributes; what would act on the reader's eye is written out."""
    text = _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", str(value))
    return escape(text, quote=True)


@cache
def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _page(summary: PlanSummary, body: str) -> str:
    style, script = _asset("page.css"), _asset("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    where = f"{_e(summary.cloud)} · {_e(summary.region)}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{_e(summary.cluster)}: {_e(summary.headline())}</title>
<style>{style}</style>
</head>
<body>
<header>
<p class="kind">Cluster plan</p>
<h1>{_e(summary.cluster)}</h1>
<p class="where">{where} · planned <time datetime="{_e(summary.created)}">{_e(_when(summary.created))}</time></p>
</header>
<main>
{body}
</main>
<footer><p>Made by Hera. Values that Terraform marks as sensitive are not in this page.</p></footer>
<script>{script}</script>
</body>
</html>
"""


def _when(created: str) -> str:
    """Return `2026-11-24 22:01 UTC` from an ISO time, or the text as it is."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?(\.\d+)?(Z|\+00:00)", created)
    return f"{found[1]} {found[2]} UTC" if found else created


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _banner(summary: PlanSummary) -> str:
    lost = sum(change.action in ("replace", "delete") for change in summary.changes)
    title, text = {
        "destructive": (
            f"This plan destroys or replaces {_plural(lost, 'resource')}",
            "Read the reasons below before you approve it.",
        ),
        "safe": ("Nothing is destroyed or replaced", f"{_e(summary.headline())}."),
        "none": ("No changes", "What is there is what the spec asks for."),
    }[summary.verdict]
    banner = f'<section class="banner {summary.verdict}" aria-label="Verdict"><h2>{title}</h2><p>{text}</p></section>'
    if summary.simulated:
        banner = (
            '<section class="banner simulated" aria-label="Simulated"><h2>Simulated</h2>'
            "<p>Planned by the real Terraform on a simulated cloud: it proves schema, graph, order and state. "
            "It does not prove that a cloud accepts a call.</p></section>\n" + banner
        )
    return banner


def _tiles(summary: PlanSummary) -> str:
    tiles = [
        f'<li class="tile {action}"><b>{count}</b><span><i aria-hidden="true">{_SIGNS[action]}</i> to {action}</span></li>'
        for action, count in summary.counts().items()
    ]
    drift = sum(len(stage.drift) for stage in summary.stages)
    if drift:
        tiles.append(f'<li class="tile drift"><b>{drift}</b><span>changed outside Hera</span></li>')
    if summary.cost is not None:
        money = f"{summary.cost.monthly:,.0f}"
        tiles.append(f'<li class="tile cost"><b>{money}</b><span>{_e(summary.cost.currency)} a month, about</span></li>')
    return f'<ul class="tiles" aria-label="In figures">{"".join(tiles)}</ul>' if tiles else ""


def _badge(action: str) -> str:
    return f'<span class="badge {action}"><i aria-hidden="true">{_SIGNS[action]}</i> {action}</span>'


def _lost(changes: Iterable[Change]) -> str:
    lost = [change for change in changes if change.action in ("replace", "delete")]
    if not lost:
        return ""
    items = "".join(f"<li>{_badge(change.action)} <code>{_e(change.address)}</code>{_reasons(change)}</li>" for change in lost)
    return f'<section class="lost"><h2>Destroyed or replaced</h2><ul class="plain">{items}</ul></section>'


def _reasons(change: Change) -> str:
    forced = [item for item in change.attributes if item.forces_replacement]
    why = f' <span class="why">{_e(change.why)}</span>' if change.why else ""
    return why + (_diff(forced, "What forces the replacement") if forced else "")


def _security(changes: Iterable[Change]) -> str:
    found: dict[str, list[Change]] = {}
    for change in changes:
        for reason in change.security:
            found.setdefault(reason, []).append(change)
    if not found:
        return ""
    items = "".join(
        f"<li><details><summary><strong>{_e(reason)}</strong> <span class='count'>{len(group)}</span></summary>"
        f"<ul class='plain'>{''.join(map(_plain, group))}</ul></details></li>"
        for reason, group in found.items()
    )
    return f'<section class="security"><h2>Security: look at these first</h2><ul class="plain">{items}</ul></section>'


def _plain(change: Change) -> str:
    return f"<li>{_badge(change.action)} <code>{_e(change.address)}</code></li>"


def _filter(summary: PlanSummary) -> str:
    if not summary.changes:
        return ""
    boxes = "".join(
        f'<label class="chip"><input type="checkbox" data-action="{action}" checked> {_SIGNS[action]} {action}</label>'
        for action in summary.counts()
    )
    return (
        '<form class="filter" role="search" aria-label="Filter resources"><label for="q">Filter</label>'
        '<input id="q" type="search" placeholder="address, type or attribute" autocomplete="off">'
        f'<span class="chips">{boxes}</span><button type="button" id="all">Open all</button>'
        '<output id="shown" aria-live="polite"></output></form>'
    )


def _stage(stage: StagePlan) -> str:
    counts = [(action, sum(change.action == action for change in stage.changes)) for action in ACTIONS]
    said = ", ".join(f"{count} to {action}" for action, count in counts if count) or "no changes"
    ordered = sorted(
        stage.changes, key=lambda change: (_module(change), ACTIONS.index(change.action), change.type, change.address)
    )
    modules = "".join(_module_part(name, list(group)) for name, group in groupby(ordered, key=_module))
    digest = f'<p class="digest">plan <code>{_e(stage.digest[:12])}</code></p>' if stage.digest else ""
    return (
        f'<section class="stage"><details open><summary><h2>Stage {_e(stage.stage)}</h2> '
        f'<span class="said">{said}</span></summary>{digest}{modules}</details></section>'
    )


def _module(change: Change) -> str:
    """Return the address of the module that holds a resource; empty at the root."""
    return change.address.rpartition(f"{change.type}.")[0].rstrip(".")


def _module_part(name: str, group: Sequence[Change]) -> str:
    title = f'<h3 class="module"><code>{_e(name)}</code></h3>' if name else ""
    kinds = groupby(group, key=lambda change: (change.action, change.type))
    return title + "".join(_group(action, kind, list(items)) for (action, kind), items in kinds)


def _group(action: str, kind: str, group: Sequence[Change]) -> str:
    is_open = " open" if action in ("delete", "update") and len(group) <= _OPEN_GROUP else ""
    rows = "".join(_resource(change) for change in group)
    return (
        f'<details class="group" data-action="{action}"{is_open}><summary>{_badge(action)} <code>{_e(kind)}</code> '
        f'<span class="count">{len(group)}</span></summary><ul class="rows">{rows}</ul></details>'
    )


def _resource(change: Change) -> str:
    words = " ".join([change.address, change.type, *(item.name for item in change.attributes), *change.security])
    mark = "".join(f'<span class="mark">{_e(reason)}</span>' for reason in change.security)
    name = change.address.rpartition(f"{change.type}.")[2] or change.address
    head = f'<code title="{_e(change.address)}">{_e(name)}</code> {mark}'
    ordered = sorted(change.attributes, key=lambda item: (not item.forces_replacement, item.after == UNKNOWN))
    attributes = _diff(ordered, f"Attributes of {change.address}") if ordered else ""
    return f'<li class="row" data-action="{_e(change.action)}" data-words="{_e(words.lower())}">{head}{attributes}</li>'


def _diff(attributes: Iterable[AttributeChange], caption: str) -> str:
    rows = "".join(
        f'<tr{" class=forces" if item.forces_replacement else ""}><th scope="row">{_e(item.name)}'
        f"{'<em>forces replacement</em>' if item.forces_replacement else ''}</th>"
        f"<td>{_value(item.before, 'del')}</td><td>{_value(item.after, 'ins')}</td></tr>"
        for item in attributes
    )
    head = '<thead><tr><th scope="col">Attribute</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>'
    return f'<table class="diff"><caption class="unseen">{_e(caption)}</caption>{head}<tbody>{rows}</tbody></table>'


def _value(value: str | None, tag: str) -> str:
    if value is None:
        return '<span class="none">none</span>'
    if value in (UNKNOWN, "(sensitive)"):
        return f'<span class="none">{_e(value[1:-1])}</span>'
    return f"<{tag}>{_e(value)}</{tag}>"


def _drift(stages: Iterable[StagePlan]) -> str:
    drift = [change for stage in stages for change in stage.drift]
    if not drift:
        return ""
    ordered = sorted(drift, key=lambda change: (change.action != "delete", change.type, change.address))
    rows = "".join(_drifted(list(group)) for _, group in groupby(ordered, key=lambda change: (change.action, change.type)))
    return (
        f'<section class="drifted"><h2>Changed outside Hera</h2><p>Applying this plan repairs it.</p>'
        f'<ul class="plain">{rows}</ul></section>'
    )


def _drifted(group: Sequence[Change]) -> str:
    """Show a few objects openly, many of one type folded."""
    badge = f'<span class="badge drift">{_DRIFT_WORDS.get(group[0].action, _e(group[0].action))}</span>'
    items = "".join(
        f"<li>{badge} <code>{_e(change.address)}</code>{_diff(change.attributes, 'Drift') if change.attributes else ''}</li>"
        for change in group
    )
    if len(group) <= _OPEN_GROUP:
        return items
    head = f"{badge} <code>{_e(group[0].type)}</code> <span class='count'>{len(group)}</span>"
    return f"<li><details><summary>{head}</summary><ul class='plain'>{items}</ul></details></li>"


def _cost(cost: Cost | None) -> str:
    if cost is None:
        return ""
    rows = "".join(_cost_row(label, lines) for label, lines in _by_label(cost.lines))
    unknown = f"<p><strong>Not priced:</strong> {_e(', '.join(cost.not_priced))}</p>" if cost.not_priced else ""
    leaves = f"<p>Leaves out: {_e(', '.join(cost.excludes))}.</p>" if cost.excludes else ""
    return (
        f'<section class="money"><h2>Cost</h2><p>A figure to compare, not an invoice: {_e(cost.source)}, '
        f"price table of <time>{_e(cost.date)}</time>.</p>"
        '<table class="cost"><caption class="unseen">Cost a month</caption><thead><tr><th scope="col">What</th>'
        f'<th scope="col" class="num">Count</th><th scope="col" class="num">{_e(cost.currency)} a month</th></tr></thead>'
        f'<tbody>{rows}</tbody><tfoot><tr><th scope="row">Together</th><td></td>'
        f'<td class="num">{cost.monthly:,.2f}</td></tr></tfoot>'
        f"</table>{unknown}{leaves}</section>"
    )


def _by_label(lines: Iterable[CostLine]) -> list[tuple[str, list[CostLine]]]:
    found: dict[str, list[CostLine]] = {}
    for line in lines:
        found.setdefault(line.label, []).append(line)
    return sorted(found.items(), key=lambda item: -sum(line.monthly for line in item[1]))


def _cost_row(label: str, lines: Sequence[CostLine]) -> str:
    count, monthly = sum(line.count for line in lines), sum(line.monthly for line in lines)
    return f'<tr><th scope="row">{_e(label)}</th><td class="num">{count:g}</td><td class="num">{monthly:,.2f}</td></tr>'


def _notes(summary: PlanSummary) -> str:
    return "".join(f'<p class="note">{_e(note)}</p>' for note in summary.notes)
