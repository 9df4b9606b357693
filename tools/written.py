"""Files that are made from something else: written, or compared with what would be written."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def settle(files: Mapping[Path, str], command: str, *, check: bool) -> int:
    """Write those that differ, or only name them; return the exit code, which is 1 when some were named."""
    stale = {path: text for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text}
    for path, text in stale.items():
        if check:
            print(f"{path.relative_to(PROJECT)} is out of date: run `{command}`", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if stale and check else 0
