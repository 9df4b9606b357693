"""Opens the store behind a state location, so that callers need not know which cloud, if any, holds it."""

from __future__ import annotations

from pathlib import Path

from infra import providers
from infra.errors import UsageError
from infra.locations import StateLocation
from infra.objects import ObjectStore
from infra.objects_folder import FolderStore


def open_store(url: str) -> ObjectStore:
    """Return the store of a location's URL: a folder for `file:///…`, else the one of the cloud that serves the scheme."""
    location = StateLocation.parse(url)
    if location.scheme != "file":
        return providers.for_scheme(location.scheme).object_store(location)
    if location.bucket:
        raise UsageError(f"{url!r} names a machine; accepted: file:///folder, with three slashes")
    return FolderStore(Path(location.prefix))
