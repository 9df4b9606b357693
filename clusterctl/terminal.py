"""Text that is safe and readable on a terminal: colours where wanted, and no escape sequence from a name or a cloud's text.

Everything that came from outside (names, addresses, error texts) goes through `clean` before it is shown: whoever can name
a resource must not be able to move a reviewer's cursor, hide a line of a plan or set a window's title.
"""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "magenta": "35", "cyan": "36", "bold": "1", "dim": "2"}


def clean(value: object) -> str:
    """Return text whose control, zero-width and direction characters are written out instead of acting."""
    return _UNSAFE.sub(lambda found: repr(found[0])[1:-1] if ord(found[0]) < 0x100 else f"\\u{ord(found[0]):04x}", str(value))


def one_line(value: object) -> str:
    """Return cleaned text that cannot leave its line or its table cell."""
    return clean(value).replace("\n", "\\n").replace("\t", " ")


def write(stream: TextIO, text: str) -> None:
    """Write at once. The engine speaks from its signal handler too, perhaps in the middle of another write: then go around it."""
    try:
        stream.write(text)
        stream.flush()
    except RuntimeError:
        os.write(stream.fileno(), text.encode())


def wants_color(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether a stream is shown to somebody who sees colours; `NO_COLOR` wins over everything."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


class Style:
    """Colours by name, or nothing at all."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled

    def paint(self, text: str, *names: str) -> str:
        """Return the text in the given colours."""
        if not self.enabled or not text:
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in names)}m{text}\x1b[0m"

    def bold(self, text: str) -> str:
        """Paint headings and what a reader looks for."""
        return self.paint(text, "bold")

    def dim(self, text: str) -> str:
        """Paint what matters least."""
        return self.paint(text, "dim")

    def red(self, text: str) -> str:
        """Paint what is lost or failed."""
        return self.paint(text, "red")

    def green(self, text: str) -> str:
        """Paint what is made or went well."""
        return self.paint(text, "green")

    def yellow(self, text: str) -> str:
        """Paint what changes or wants attention."""
        return self.paint(text, "yellow")

    def cyan(self, text: str) -> str:
        """Paint what can be typed."""
        return self.paint(text, "cyan")


def width(text: str) -> int:
    """Return the columns that a text takes; colours take none, wide characters two."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in plain)


def columns(default: int = 100) -> int:
    """Return the terminal's width."""
    return shutil.get_terminal_size((default, 24)).columns


def shorten(text: str, limit: int) -> str:
    """Cut plain text to a width, keeping its end: an address's last part tells most."""
    return text if len(text) <= limit else "…" + text[len(text) - limit + 1 :] if limit > 1 else text[:limit]


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], style: Style) -> str:
    """Lay out cells in columns; cells that came from outside must be clean already."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(width(row[i]) for row in [list(header), *cells]) for i in range(len(header))]
    lines = [style.bold(_row(list(header), widths)), *(_row(row, widths) for row in cells)]
    return "\n".join(lines)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "   ".join(cell + " " * (w - width(cell)) for cell, w in zip(cells, widths, strict=True)).rstrip()


def duration(seconds: float) -> str:
    """Write seconds as people read them: `0.4s`, `12s`, `3m 05s`, `1h 02m`."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
