"""Ledger, plans and states in blobs: Azure compares ETags, so two writers never overwrite one another.

Where the account lives and who asks comes from the location: `azurerm://ACCOUNT/CONTAINER/PREFIX?endpoint=URL`. With
ARM_ACCESS_KEY, terraform's own variable, the account's key is used; else Entra credentials.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from infra.errors import NotFound, UsageError
from infra.locations import StateLocation
from infra.objects import PreconditionFailed, StoredObject
from infra.providers.azure.sdk import asking, credential, sdk


def container_of(location: StateLocation) -> tuple[str, str]:
    """Return a location's container and what is left of its prefix; raises `UsageError` when it names no container."""
    container, _, rest = location.prefix.partition("/")
    if not location.bucket or not container:
        raise UsageError(
            f"azurerm://{location.bucket}/{location.prefix} names no container; accepted: azurerm://ACCOUNT/CONTAINER[/PREFIX]"
        )
    return container, rest


def endpoint_of(location: StateLocation) -> str:
    """Return the account's blob endpoint: Azure's, or the location's own (an emulator, another Azure)."""
    return location.options.get("endpoint") or f"https://{location.bucket}.blob.core.windows.net"


def key_or_token(account: str) -> Any:
    """Return what to sign in to the account with."""
    key = os.environ.get("ARM_ACCESS_KEY")
    return {"account_name": account, "account_key": key} if key else credential()


def open_store(location: StateLocation) -> BlobStore:
    """Return the store of a location; nothing is asked of Azure yet."""
    container, prefix = container_of(location)
    blobs = sdk("azure.storage.blob")
    patience = blobs.ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=3, random_jitter_range=1)
    client = blobs.ContainerClient(
        endpoint_of(location), container, credential=key_or_token(location.bucket), retry_policy=patience
    )
    return BlobStore(client, prefix)


class BlobStore:
    """An `infra.objects.ObjectStore` in a container; versions are ETags."""

    def __init__(self, client: Any, prefix: str = "") -> None:
        self._client = client
        self._prefix = f"{prefix}/" if prefix else ""

    def get(self, key: str) -> StoredObject | None:
        """Return the object, or None when there is none; a missing container is an error."""
        with asking(f"read {self._name(key)}"):
            try:
                stream = self._client.download_blob(self._prefix + key)
                return StoredObject(stream.readall(), str(stream.properties.etag))
            except sdk("azure.core.exceptions").ResourceNotFoundError as error:
                self._require_container(error)
                return None

    def put(self, key: str, data: bytes, *, if_version: str | None = None, if_absent: bool = False) -> str:
        """Write the object and return its new version; refused when the condition does not hold."""
        core = sdk("azure.core.exceptions")
        with asking(f"write {self._name(key)}"):
            try:
                blob = self._client.get_blob_client(self._prefix + key)
                answer = blob.upload_blob(data, **_condition(if_version, if_absent))
            except (core.ResourceModifiedError, core.ResourceExistsError) as error:
                raise PreconditionFailed(f"somebody else wrote {self._name(key)}", detail=str(error.message)) from error
            except core.ResourceNotFoundError as error:
                self._require_container(error)
                raise PreconditionFailed(f"{self._name(key)} is gone", detail=str(error.message)) from error
        return str(answer["etag"])

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""
        with asking(f"delete {self._name(key)}"):
            try:
                self._client.delete_blob(self._prefix + key, delete_snapshots="include")
            except sdk("azure.core.exceptions").ResourceNotFoundError as error:
                self._require_container(error)

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with `prefix`, sorted."""
        with asking(f"list {self._name(prefix)}"):
            try:
                names = sorted(self._client.list_blob_names(name_starts_with=self._prefix + prefix))
            except sdk("azure.core.exceptions").ResourceNotFoundError as error:
                self._require_container(error)
                raise
        yield from (name.removeprefix(self._prefix) for name in names)

    def _name(self, key: str) -> str:
        return f"{self._client.container_name}/{self._prefix}{key}"

    def _require_container(self, error: Any) -> None:
        """Raise `NotFound` when it is the container, or the account, that is missing."""
        if str(getattr(error.error_code, "value", error.error_code)) == "ContainerNotFound":
            raise NotFound(
                f"there is no container {self._client.container_name} in {self._client.account_name}",
                next_step="make it with `clusterctl init`, or correct the state location",
                detail=str(error.message),
            ) from error


def _condition(if_version: str | None, if_absent: bool) -> dict[str, Any]:
    """Return the upload's arguments for a condition."""
    if if_absent:
        return {"overwrite": False}
    if if_version is None:
        return {"overwrite": True}
    unmodified = sdk("azure.core").MatchConditions.IfNotModified
    return {"overwrite": True, "etag": if_version, "match_condition": unmodified}
