"""Finds providers: every folder here with a `PROVIDER`, plus folders named in `HERA_PROVIDER_PATH`.

Clouds are listed nowhere else, so a new one is one folder. Folders are imported on first use: `clusterctl --help` needs none.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from infra.errors import NotFound, UsageError

if TYPE_CHECKING:
    from infra.providers.base import Provider

_HERE = Path(__file__).parent


def _folders() -> dict[str, Path]:
    """Return provider folders by name; `HERA_PROVIDER_PATH` (a `:`-separated list of parents) comes last."""
    parents = [_HERE, *(Path(part) for part in os.environ.get("HERA_PROVIDER_PATH", "").split(":") if part)]
    missing = [str(parent) for parent in parents if not parent.is_dir()]
    if missing:
        raise UsageError(f"HERA_PROVIDER_PATH names no folder: {', '.join(missing)}", next_step="correct HERA_PROVIDER_PATH")
    return {
        folder.name: folder for parent in parents for folder in sorted(parent.iterdir()) if (folder / "__init__.py").is_file()
    }


def names() -> tuple[str, ...]:
    """Return the names of all providers, sorted."""
    return tuple(sorted(_folders()))


@cache
def _load(name: str, folder: Path) -> Provider:
    if folder.parent == _HERE:
        module = importlib.import_module(f"infra.providers.{name}")
    else:
        module_name = f"hera_provider_{name}"
        spec = importlib.util.spec_from_file_location(
            module_name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec is not None and spec.loader is not None, folder
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        spec.loader.exec_module(module)
    return cast("Provider", module.PROVIDER)


def get(name: str) -> Provider:
    """Return a provider by the spec's `cloud` word; raises `NotFound` naming the ones there are."""
    folders = _folders()
    if name not in folders:
        raise NotFound(f"no provider for cloud {name!r}", next_step=f"use one of: {', '.join(sorted(folders))}")
    return _load(name, folders[name])


def for_scheme(scheme: str) -> Provider:
    """Return the provider that serves a state location's URL scheme; raises `UsageError` when none does."""
    for name in names():
        if scheme in get(name).state_schemes:
            return get(name)
    accepted = sorted({"file", *(s for name in names() for s in get(name).state_schemes)})
    raise UsageError(f"no store for {scheme}://; accepted: {', '.join(accepted)}")
