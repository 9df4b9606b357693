"""`make demo`: the whole story on each of three clouds, in the simulator, in a home of its own that is removed at the end.

Every line that starts with `$` is a command that a reader could type; nothing here goes around the command line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parent.parent
CHANGES = 2
"""Exit code of `plan` and `drift` when there is something to do."""


class Demo:
    """A terminal that shows what it types."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def title(self, text: str) -> None:
        """Say what comes."""
        print(f"\n{self._paint('1;36', text)}\n{self._paint('36', '─' * len(text))}", flush=True)

    def say(self, text: str) -> None:
        """Say why."""
        print(self._paint("2", f"# {text}"), flush=True)

    def type(self, *words: str, expect: int = 0) -> None:
        """Type a command and show what it prints; anything but the expected exit code ends the demo."""
        print(f"\n{self._paint('1', '$ clusterctl ' + ' '.join(words))}", flush=True)
        code = subprocess.run(self._command(words), env=self._environment(), cwd=PROJECT).returncode
        if code != expect:
            sys.exit(f"the demo stops: exit code {code}, expected {expect}")

    def ask(self, *words: str) -> dict[str, object]:
        """Run a command for its JSON, without showing it."""
        done = subprocess.run(
            self._command((*words, "-o", "json")),
            env=self._environment(),
            cwd=PROJECT,
            check=True,
            capture_output=True,
            text=True,
        )
        answer: dict[str, object] = json.loads(done.stdout)
        return answer

    def _command(self, words: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "clusterctl", *words]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "HERA_HOME": str(self._home)}

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def _victim(demo: Demo, name: str) -> str:
    """Pick an object with tags or labels that nothing else hangs on."""
    items = demo.ask("simulator", "ls", "--cluster", name)["items"]
    assert isinstance(items, list)
    words = ("eip", "public_ip", "address", "log_group", "log_analytics")
    return str(next(item["id"] for word in words for item in items if word in item["type"]))


def play(demo: Demo, example: str) -> None:
    """Tell the story on one cloud."""
    spec = yaml.safe_load((PROJECT / "examples" / example).read_text())
    name, cloud = spec["metadata"]["name"], spec["spec"]["cloud"]
    file = f"examples/{example}"
    demo.title(f"{cloud}: the cluster {name}")
    demo.type("validate", "-f", file)
    demo.type("plan", "cluster", "-f", file, "--simulate", expect=CHANGES)
    demo.type("create", "cluster", "-f", file, "--simulate", "--yes")
    demo.type("describe", "cluster", name)
    demo.say("the same file again: nothing to do")
    demo.type("plan", "cluster", "-f", file, "--simulate")
    demo.say("somebody deletes an object behind our back")
    demo.type("simulator", "drift", _victim(demo, name), "--remove")
    demo.type("drift", "cluster", name, expect=CHANGES)
    demo.say("delete: in reverse order, then the proof that nothing is left")
    demo.type("delete", "cluster", name, "--yes", "--unprotect")
    demo.type("simulator", "ls", "--cluster", name)


def main() -> int:
    """Play on every cloud that has a dev example."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hera-demo-") as folder:
        demo = Demo(Path(folder))
        for path in sorted((PROJECT / "examples").glob("*-dev.yaml")):
            play(demo, path.name)
        demo.title(f"three clouds, one file each, {time.monotonic() - started:.0f} seconds, all of it simulated")
    print("Next: `clusterctl plan cluster -f examples/aws-dev.yaml --simulate`; with an account: docs/getting-started.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
