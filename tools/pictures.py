"""Makes the README's pictures from the real thing: the plan in a terminal as SVG, its page as PNG (needs Debian's `chromium`)."""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PICTURES = PROJECT / "docs" / "pictures"
EXAMPLE = "examples/aws-dev.yaml"
WIDTH = 118
CHROMIUM = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def on_a_terminal(words: list[str], home: Path) -> str:
    """Run a command on a terminal of its own; return what it shows, colours included."""
    command = [sys.executable, "-m", "clusterctl", *words]
    main, side = pty.openpty()
    environment = {**os.environ, "HERA_HOME": str(home), "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(command, stdin=side, stdout=side, stderr=subprocess.DEVNULL, env=environment, cwd=PROJECT)
    os.close(side)
    shown = b""
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    process.wait()
    return shown.decode(errors="replace").replace("\r\n", "\n")


def draw_terminal(text: str, title: str, path: Path) -> None:
    """Draw a terminal's content."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text))
    drawn = console.export_svg(title=title)
    path.write_text(re.sub(r"\s*@font-face \{.*?\}", "", drawn, flags=re.DOTALL))


def photograph(page: Path, path: Path) -> None:
    """Take a picture of a page."""
    browser = shutil.which("chromium")
    if browser is None:
        sys.exit("no chromium here; install it: apt-get install -y chromium")
    with tempfile.TemporaryDirectory() as profile:
        arguments = [f"--user-data-dir={profile}", "--window-size=1200,1100", f"--screenshot={path}", page.as_uri()]
        subprocess.run([browser, *CHROMIUM, *arguments], check=True, capture_output=True, timeout=120)


def main() -> int:
    """Make both pictures of one plan."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hera-pictures-") as folder:
        home, page = Path(folder), Path(folder) / "plan.html"
        words = ["plan", "cluster", "-f", EXAMPLE, "--simulate", "--html", str(page)]
        draw_terminal(on_a_terminal(words, home), f"clusterctl {' '.join(words[:5])}", PICTURES / "terminal.svg")
        photograph(page, PICTURES / "plan.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
