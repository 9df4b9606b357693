"""What the documents tell a newcomer to type works as written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from infra.simulator.cloud import SimulatedCloud
from tests.support.cli import PROJECT, Cli

CHANGES = {"plan", "drift"}
"""Verbs that end with 2 when there is something to do; in the documents there always is."""


def commands(document: str, section: str) -> list[list[str]]:
    """Return the `clusterctl` lines of a section, without comments."""
    text = (PROJECT / "docs" / document).read_text().split(f"## {section}")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line.split(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("clusterctl ")]


@pytest.mark.parametrize("document", ["getting-started.md"])
def test_a_newcomers_first_hour(document: str, tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    typed = commands(document, "On the simulator, no account")
    assert len(typed) >= 10
    for words in typed:
        if "ID" in words:
            owned = SimulatedCloud(cli.simulation / "cloud").objects(tags={"hera-cluster": "sandbox"})
            words[words.index("ID")] = next(item.id for item in owned if item.type == "aws_eip")
        interactive = words[:2] == ["create", "cluster"] and "--yes" not in words
        done = cli.run(*words, *(["--yes"] if interactive else []))
        expected = 2 if words[0] in CHANGES else 0
        assert done.code == expected, f"clusterctl {' '.join(words)}: exit {done.code}\n{done.out}\n{done.err}"
