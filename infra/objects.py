"""One small interface over object stores, so that the ledger and plans live in a folder or in any cloud alike.

Writes are conditional where the caller says so: this is what makes two writers safe without a server of our own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from infra.errors import WaitAndRetry


class PreconditionFailed(WaitAndRetry):
    """Somebody else wrote the object in between."""

    code, exit_code = "STATE_CHANGED", 75


@dataclass(frozen=True)
class StoredObject:
    """An object's bytes and the version tag that a conditional write names."""

    data: bytes
    version: str


class ObjectStore(Protocol):
    """Keys are `/`-separated; reads after writes are consistent; writes are atomic.

    Errors are those of `infra.errors`: `AuthDenied`, `NotFound` (the bucket), `Throttled`, `CloudUnavailable`.
    """

    def get(self, key: str) -> StoredObject | None:
        """Return the object, or None when there is none."""
        ...

    def put(self, key: str, data: bytes, *, if_version: str | None = None, if_absent: bool = False) -> str:
        """Write the object and return its new version.

        Raises `PreconditionFailed` when `if_absent` and it exists, or when `if_version` is not its version now.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with `prefix`, sorted."""
        ...
