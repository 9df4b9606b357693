from __future__ import annotations

import shutil
import subprocess

import pytest

from clusterctl import completions, parsers
from clusterctl.commands import verbs

FOUND = completions.commands(parsers.build())
BASH = completions.script("bash", FOUND)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_is_valid_syntax(shell: str) -> None:
    script = completions.script(shell, FOUND)
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)
    assert all(verb in script for verb in verbs()) and "heractl" in script


def complete(line: str) -> list[str]:
    """Let bash complete a line; the trailing word is what is being typed."""
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    script = BASH.replace(completions._NAMES, "echo shop sandbox")
    script += f'COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _clusterctl; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("clusterctl val", ["validate"]),
        ("clusterctl plan ", ["cluster"]),
        ("clusterctl get clusters -o ", ["table", "json", "yaml", "name"]),
        ("clusterctl simulator fa", ["fault"]),
        ("clusterctl simulator fault th", ["throttle"]),
        ("clusterctl completion ", ["bash", "zsh", "fish"]),
        ("clusterctl delete cluster --unp", ["--unprotect"]),
        ("clusterctl describe cluster s", ["shop", "sandbox"]),
        ("clusterctl -q drift cluster ", ["shop", "sandbox"]),
        ("clusterctl create cluster --timeout ", []),
    ],
)
def test_bash_offers(line: str, offered: list[str]) -> None:
    found = complete(line)
    assert [word for word in found if not word.startswith("-")] == offered or found == offered


def test_verb_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    from clusterctl.main import main

    assert main(["completion", "bash"]) == 0
    assert capsys.readouterr().out.strip() == BASH.strip()
