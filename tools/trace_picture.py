"""Draw a trace as SVG: a bar for each span, below its parent, as wide as it took.

`python -m tests.doubles.otlp PORT spans.json` collects while a command runs with `OTEL_EXPORTER_OTLP_ENDPOINT` set to that port;
once it is ended, `python -m tools.trace_picture spans.json docs/pictures/trace.svg` draws.
"""

from __future__ import annotations

import html
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Data = Mapping[str, Any]

LABELS, BARS, TIMES, ROW, TOP = 300, 560, 70, 20, 44
COLOURS = {"clusterctl": "#4c5a73", "pipeline": "#6b7fa6", "approval": "#b9a24a", "step": "#3f8f8b", "terraform": "#8a6bb1"}
FAILED = "#c0504d"


def draw(spans: Sequence[Data]) -> str:
    """Return the picture of one trace."""
    traces = {span["trace"] for span in spans}
    if len(traces) != 1:
        raise SystemExit(f"there is one trace in a picture, not {len(traces)}")
    begin = min(span["begin"] for span in spans)
    length = max(span["end"] for span in spans) - begin
    rows = list(_ordered(spans))
    width, height = LABELS + BARS + TIMES, TOP + ROW * len(rows) + 10
    title = f"Trace {next(iter(traces))[:12]}…, {len(rows)} spans, {length:.1f} s"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="8" y="20" font-size="14" fill="#222222">{title}</text>',
        *(_tick(part / 4, length, height) for part in range(5)),
    ]
    for number, (depth, span) in enumerate(rows):
        lines += _row(span, depth, TOP + ROW * number, begin, length)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _ordered(spans: Sequence[Data], parent: str | None = None, depth: int = 0) -> Iterator[tuple[int, Data]]:
    """Yield spans as a tree is read, by time; those without a parent in the trace are roots."""
    known = {span["id"] for span in spans}
    below = [span for span in spans if (span["parent"] if span["parent"] in known else None) == parent]
    for span in sorted(below, key=lambda span: span["begin"]):
        yield depth, span
        yield from _ordered(spans, span["id"], depth + 1)


def _tick(share: float, length: float, height: int) -> str:
    x = LABELS + share * BARS
    return (
        f'<line x1="{x:.0f}" y1="{TOP - 8}" x2="{x:.0f}" y2="{height - 8}" stroke="#e4e4e4"/>'
        f'<text x="{x:.0f}" y="{TOP - 12}" fill="#888888" font-size="10" text-anchor="middle">{share * length:.0f} s</text>'
    )


def _row(span: Data, depth: int, y: int, begin: float, length: float) -> list[str]:
    left = LABELS + (span["begin"] - begin) / length * BARS
    wide = max((span["end"] - span["begin"]) / length * BARS, 1.5)
    colour = FAILED if span["failed"] else COLOURS.get(span["name"].partition(" ")[0], "#777777")
    return [
        f'<text x="{8 + depth * 14}" y="{y + 13}" fill="#222222">{html.escape(span["name"])}</text>',
        f'<rect x="{left:.1f}" y="{y + 3}" width="{wide:.1f}" height="{ROW - 7}" rx="2" fill="{colour}"/>',
        f'<text x="{LABELS + BARS + 8}" y="{y + 13}" fill="#555555">{span["end"] - span["begin"]:.2f} s</text>',
    ]


def main(source: str, target: str) -> None:
    """Draw a file's spans into another."""
    Path(target).write_text(draw(json.loads(Path(source).read_text())))


if __name__ == "__main__":
    main(*sys.argv[1:])
