from __future__ import annotations

import io

import pytest

from clusterctl.terminal import Style, clean, duration, one_line, shorten, table, wants_color, width


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain ü 漢", "plain ü 漢"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\rb", "a\\rb"),
        ("\x9b2J", "\\x9b2J"),
        ("a\u202eb", "a\\u202eb"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("a\nb", "a\nb"),
        ("bell\x07", "bell\\x07"),
    ],
    ids=["plain", "csi", "return", "c1", "direction", "zero width", "newline", "bell"],
)
def test_clean(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_one_line_cannot_leave_its_cell() -> None:
    assert one_line("a\nb\tc") == "a\\nb c"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0s"), (9.94, "9.9s"), (12.4, "12s"), (65, "1m 05s"), (3599.7, "1h 00m"), (3725, "1h 02m")]
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "wanted"),
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
        (io.StringIO(), {}, False),
        (io.StringIO(), {"CLICOLOR_FORCE": "1"}, True),
        (Terminal(), {"NO_COLOR": ""}, True),
    ],
    ids=["terminal", "dumb", "NO_COLOR wins", "pipe", "forced", "empty NO_COLOR"],
)
def test_colors(stream: io.StringIO, environment: dict[str, str], wanted: bool) -> None:
    assert wants_color(stream, environment) is wanted


def test_table_aligns_colored_and_wide_cells() -> None:
    style = Style(True)
    lines = table(("A", "B"), [[style.red("漢字"), "x"], ["abcdef", "y"]], style).splitlines()
    assert [width(line) for line in lines] == [10, 10, 10]


def test_shorten_keeps_the_end() -> None:
    assert shorten("module.network.aws_subnet.x", 12) == "…ws_subnet.x"
    assert shorten("short", 12) == "short"
