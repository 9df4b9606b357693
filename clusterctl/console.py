"""Results on stdout, everything else on stderr: the one place that writes to either."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any, TextIO, cast

from clusterctl.terminal import Style, clean, wants_color

API_VERSION = "hera.dev/v1alpha1"


def document(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return data in its versioned form: what a script reads does not change its shape without a new version."""
    return {"apiVersion": API_VERSION, "kind": kind, **content}


class Console:
    """Where a verb says things, and how: format, quietness, colours."""

    def __init__(
        self,
        *,
        output: str = "table",
        quiet: bool = False,
        color: bool | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.stdout, self.stderr = stdout or sys.stdout, stderr or sys.stderr
        self.output, self.quiet = output, quiet
        self.style = Style(wants_color(self.stdout) if color is None else color)
        self.notes = Style(wants_color(self.stderr) if color is None else color)

    @property
    def machine(self) -> bool:
        """Whether a program reads stdout."""
        return self.output in ("json", "yaml")

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to be asked."""
        return sys.stdin.isatty() and self.stderr.isatty()

    @property
    def live(self) -> bool:
        """Whether stderr can be redrawn."""
        return self.stderr.isatty() and not self.quiet

    def result(self, data: Mapping[str, Any], text: str) -> None:
        """Print a result: `data` for programs, `text` for people."""
        self.stdout.write((self.render(data) if self.machine else text.rstrip("\n")) + "\n")
        self.stdout.flush()

    def render(self, data: Mapping[str, Any]) -> str:
        """Return data as JSON or YAML."""
        if self.output == "yaml":
            import yaml

            plain = json.loads(json.dumps(data, default=str))
            return yaml.safe_dump(plain, sort_keys=False, allow_unicode=False).rstrip("\n")
        return json.dumps(data, indent=2, default=str)

    def note(self, text: str) -> None:
        """Say something beside the result, unless asked to be quiet; the text is already safe to show."""
        if not self.quiet:
            self.say(text)

    def say(self, text: str) -> None:
        """Say something that must be seen even when quiet: questions and errors."""
        self.stderr.write(text + "\n")
        self.stderr.flush()

    def ask(self, question: str) -> str:
        """Ask on stderr, so that stdout stays a result, and return what was typed; end of input is an empty answer."""
        self.stderr.write(question)
        self.stderr.flush()
        return clean(sys.stdin.readline().strip())


def console_of(args: Namespace) -> Console:
    """Return the console that `dispatch` made for this command."""
    return cast(Console, args.console)
