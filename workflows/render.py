"""Write the pipelines as YAML, the form that is committed, reviewed, submitted to Argo and run by the local engine.

    python -m workflows.render            write k8s/base/workflows
    python -m workflows.render --check    show what would change and fail if anything would

The text is compared exactly, labels included: what is rendered is what is deployed.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path
from typing import Any

import yaml

from workflows.catalogue import RENDERED

HEADER = "# Rendered by `python -m workflows.render` from workflows/pipelines.py; change it there.\n"


class _Dumper(yaml.SafeDumper):
    """Multi-line text as a block, so that a reader sees a script as a script."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def _dump(data: Any) -> str:
    return HEADER + yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=120, default_flow_style=False)


def rendered() -> dict[str, str]:
    """Return the text of every file, by name."""
    from workflows.pipelines import ALL

    files = {}
    for define in ALL:
        workflow: dict[str, Any] = define().to_dict()
        files[f"{workflow['metadata']['name']}.yaml"] = _dump(workflow)
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(files),
    }
    return files | {"kustomization.yaml": _dump(kustomization)}


def difference(folder: Path = RENDERED) -> str:
    """Return a unified diff from the files in a folder to what the definitions render; empty when equal."""
    wanted = rendered()
    present = {path.name: path.read_text() for path in sorted(folder.glob("*.yaml"))}
    lines: list[str] = []
    for name in sorted(wanted.keys() | present.keys()):
        old, new = present.get(name, "").splitlines(True), wanted.get(name, "").splitlines(True)
        lines += difflib.unified_diff(old, new, f"committed/{name}", f"rendered/{name}")
    return "".join(lines)


def write(folder: Path = RENDERED) -> None:
    """Write every file and remove what is no longer rendered."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = rendered()
    for path in folder.glob("*.yaml"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text)


def main(arguments: list[str] | None = None) -> int:
    """Render or check; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m workflows.render", description="Render the pipelines as YAML.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail and show the difference if there is one")
    if not parser.parse_args(arguments).check:
        write()
        return 0
    changed = difference()
    sys.stdout.write(changed)
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
