"""Takes External Secrets' manifests: `python -m secrets_operator.convert FILE …` prints ours, and says what cannot be taken.

What is converted is checked with the operator's own models, so that what it prints is what the operator accepts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from secrets_operator.models import KINDS
from secrets_operator.parse import Refused, parse

THEIRS = "external-secrets.io/"
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "remoteRef": {"conversionStrategy": "Default", "metadataPolicy": "None"},
    "extract": {"conversionStrategy": "Default", "metadataPolicy": "None"},
    "find": {"conversionStrategy": "Default"},
}
"""Fields that External Secrets fills in, and whose default is what we do anyway."""


def convert(manifest: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    """Return our manifest and no problems, or none and what cannot be taken."""
    kind, name = str(manifest.get("kind")), str((manifest.get("metadata") or {}).get("name"))
    if kind not in KINDS:
        return None, [f"{kind} {name}: this kind is not supported"]
    ours = KINDS[kind]
    spec = _without_defaults(manifest.get("spec") or {})
    try:
        parse(ours.spec, spec)
    except Refused as error:
        return None, [f"{kind} {name}: {problem}" for problem in error.message.split("; ")]
    metadata = {
        key: value
        for key, value in manifest["metadata"].items()
        if key in ("name", "namespace", "labels", "annotations") and value
    }
    return {"apiVersion": ours.api_version, "kind": kind, "metadata": metadata, "spec": spec}, []


def main(argv: list[str]) -> int:
    """Convert files (or standard input); 1 when something could not be taken."""
    texts = [Path(name).read_text() for name in argv] or [sys.stdin.read()]
    results = [convert(item) for item in _theirs(texts)]
    made = [item for item, _ in results if item is not None]
    problems = [problem for _, found in results for problem in found]
    print(yaml.safe_dump_all(made, sort_keys=False), end="")
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    return 1 if problems else 0


def _theirs(texts: Iterable[str]) -> Iterable[Mapping[str, Any]]:
    for text in texts:
        for item in yaml.safe_load_all(text):
            for one in item.get("items", [item]) if item else ():
                if str(one.get("apiVersion", "")).startswith(THEIRS):
                    yield one


def _without_defaults(value: Any, name: str = "") -> Any:
    if isinstance(value, list):
        return [_without_defaults(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    defaults = _DEFAULTS.get(name, {})
    return {key: _without_defaults(item, key) for key, item in value.items() if defaults.get(key, ...) != item}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
