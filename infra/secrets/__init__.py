"""Finds the secret stores: every provider folder with a `secrets` module that offers `BACKEND`. They are listed nowhere else."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from functools import cache
from typing import cast

from infra import providers
from infra.errors import NotFound
from infra.secrets.base import Backend


@cache
def backends() -> Mapping[str, Backend]:
    """Return what secret stores there are, by the word in a store's `provider`; no SDK is imported."""
    found = (_backend(name) for name in providers.names())
    return {backend.entry: backend for backend in found if backend is not None}


def get(entry: str) -> Backend:
    """Return a kind of secret store by its word; raises `NotFound` naming the ones there are."""
    if entry not in backends():
        raise NotFound(f"no secret store {entry!r}", next_step=f"use one of: {', '.join(backends())}")
    return backends()[entry]


def _backend(name: str) -> Backend | None:
    package = type(providers.get(name)).__module__.rsplit(".", 1)[0]
    if importlib.util.find_spec(f"{package}.secrets") is None:
        return None
    return cast(Backend, importlib.import_module(f"{package}.secrets").BACKEND)
