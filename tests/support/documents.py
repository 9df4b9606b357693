"""What documents tell to type."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.support.cli import PROJECT


def shell_lines(document: str, section: str = "") -> list[str]:
    """Return the lines of a document's shell blocks, of one section or all."""
    text = (PROJECT / "docs" / document).read_text()
    if section:
        text = text.split(f"\n## {section}\n")[1].split("\n## ")[0]
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines() if line]
    assert lines, f"{document} {section} tells nothing to type"
    return lines


def type_line(line: str, kubeconfig: Path, folder: Path = PROJECT) -> str:
    """Type a line as written; return what it prints."""
    environment = os.environ | {"KUBECONFIG": str(kubeconfig)}
    done = subprocess.run(line, shell=True, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout
