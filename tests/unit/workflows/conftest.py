"""Small workflows to run, someone who watches, and the create pipeline with steps that do as a test says."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

from workflows import catalogue
from workflows.local.engine import NodeEvent, Result, run

settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")


@dataclass
class Watcher:
    """Remembers everything; answers from a table and says None to what is not in it."""

    answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    events: list[NodeEvent] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def node(self, event: NodeEvent) -> None:
        self.events.append(event)

    def line(self, node: str, text: str) -> None:
        self.lines.append((node, text))

    def approve(self, node: str, template: str, parameters: Mapping[str, str]) -> Mapping[str, str] | None:
        self.asked.append((node, template, dict(parameters)))
        return self.answers.get(node)


def document(*templates: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """Return a WorkflowTemplate whose entrypoint is the first template."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "small"},
        "spec": {"entrypoint": templates[0]["name"], "templates": list(templates), **spec},
    }


def shell(name: str, script: str, **template: Any) -> dict[str, Any]:
    """Return a container template that runs a shell script."""
    return {"name": name, "container": {"image": "x", "command": ["sh", "-c", script]}, **template}


def dag(*tasks: dict[str, Any], name: str = "main") -> dict[str, Any]:
    """Return a DAG template."""
    return {"name": name, "dag": {"tasks": list(tasks)}}


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def runs(tmp_path: Path, watcher: Watcher) -> Callable[..., Result]:
    """Run a document."""

    def go(data: dict[str, Any], parameters: Mapping[str, str] | None = None, **options: Any) -> Result:
        file = tmp_path / "workflow.yaml"
        file.write_text(yaml.safe_dump(data))
        options = {"grace": 5.0, "name": "r", **options}
        return run(str(file), parameters or {}, root=tmp_path / "runs", observer=watcher, approver=watcher, **options)

    return go


_STEP = """\
#!/bin/sh
out() { mkdir -p "$HERA_ROOT/outputs"; printf %s "$2" >"$HERA_ROOT/outputs/$prefix$1"; }
module="${1#steps.}"; shift
for link in "$@"; do
  case "$module" in chain) step="${link%%:*}";; *) step="$module.$link";; esac
  case "$link" in *:*) prefix="${link#*:}-";; *) prefix="";; esac
  name="$(echo "$step" | tr . -)"
  [ "$HERA_CHANGES $step" != "none ${step%.apply}.apply" ] || continue
  echo "$name run=$HERA_RUN digest=$HERA_PLAN_DIGEST by=$HERA_APPROVED_BY status=$HERA_STATUS" >>"$CALLS"
  case "$step" in
    *.plan) out changes safe; out plan-digest "digest-of-$name"; out summary "the summary";;
    *.drift) out drift false;;
  esac
  if [ -f "$STEPS/$name" ]; then . "$STEPS/$name"; fi
done
"""


@dataclass
class FakeSteps:
    """A rendered pipeline whose steps are one shell script; `does` adds to what a step does."""

    folder: Path
    watcher: Watcher

    def does(self, step: str, script: str) -> None:
        (self.folder / step).write_text(script)

    @property
    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def names(self) -> list[str]:
        return [call.split()[0] for call in self.calls]

    def run(self, pipeline: str, **parameters: str) -> Result:
        script = self.folder / "step"
        script.write_text(_STEP)
        script.chmod(0o700)
        text = catalogue.template_path(pipeline).read_text()
        file = self.folder / "pipeline.yaml"
        file.write_text(text.replace("- python\n      - -m\n", f"- {script}\n").replace("duration: 5s", "duration: 10ms"))
        environment = {"PATH": os.environ["PATH"], "STEPS": str(self.folder), "CALLS": str(self.folder / "calls")}
        return run(
            str(file), {"cluster": "c", **parameters}, root=self.folder / "runs", observer=self.watcher,
            approver=self.watcher, environment=environment, name="r",
        )  # fmt: skip


@pytest.fixture
def steps(tmp_path: Path, watcher: Watcher) -> FakeSteps:
    return FakeSteps(tmp_path, watcher)


@pytest.fixture
def python() -> str:
    return sys.executable
