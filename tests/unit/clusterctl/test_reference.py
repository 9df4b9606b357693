from __future__ import annotations

from clusterctl.commands import entries
from tools import generate_reference


def test_reference_is_what_the_parsers_say() -> None:
    assert generate_reference.TARGET.read_text(encoding="utf-8") == generate_reference.page()


def test_every_command_has_a_section() -> None:
    page = generate_reference.page()
    for verb, noun, _ in entries():
        assert f"## `{f'clusterctl {verb} {noun}'.strip()}`" in page
