"""Finds the secret stores: every provider folder with a `secrets` module that offers `BACKEND`. They are listed nowhere else."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from functools import cache
from typing import cast

from pydantic import ValidationError

from infra import providers
from infra.errors import ConfigRejected, NotFound
from infra.secrets.base import Backend, Store


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


def opened(provider: object) -> Store:
    """Return the store that a SecretStore's `provider` names, reached with the caller's own identity."""
    if not isinstance(provider, dict) or len(provider) != 1:
        raise ConfigRejected("a store names one provider", next_step=f"use one of: {', '.join(backends())}")
    entry, given = next(iter(provider.items()))
    backend = get(str(entry))
    try:
        options = backend.options.model_validate(given)
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False))
        raise ConfigRejected(f"provider.{entry}: {where}", next_step="docs/secrets.md shows what a store takes") from None
    if backend.static(options):
        raise ConfigRejected(
            "this store takes its credentials from Secrets of a cluster, which are not there",
            next_step="leave them out of the file, and log in to the cloud",
        )
    return backend.open(options, {})


def _backend(name: str) -> Backend | None:
    package = type(providers.get(name)).__module__.rsplit(".", 1)[0]
    if importlib.util.find_spec(f"{package}.secrets") is None:
        return None
    return cast(Backend, importlib.import_module(f"{package}.secrets").BACKEND)
