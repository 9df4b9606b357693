"""Google Secret Manager as a secret store; it has no batch call, so several secrets are read at once.

Access is counted generously there (90,000 a minute) and reading metadata is not (600 a minute): values are read, versions never
asked for first.
"""

from __future__ import annotations

import importlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import Field

from infra.errors import (
    AlreadyExists,
    AuthDenied,
    CloudUnavailable,
    ConfigRejected,
    DependencyMissing,
    HeraError,
    StateCorrupt,
    StepFailed,
    TimedOut,
    Unsupported,
)
from infra.providers.gcp.auth import google_credentials
from infra.secrets.base import OWNED, OWNER, Backend, NoSuchSecret, Options, Query, Ref, Selector, Slowed, Value, each

SECONDS = 10.0
EMULATOR = "SECRET_MANAGER_EMULATOR_HOST"
"""`host:port` of an emulator, reached without TLS and credentials; for tests, as with Google's other emulators."""
_RIGHTS = "give the identity roles/secretmanager.secretAccessor on the secret (secretmanager.viewer to find, admin to push)"
_NAME = re.compile(r"^[0-9A-Za-z_-]{1,255}$")


class StaticKeys(Options):
    """A service account's key file in a Secret."""

    secret_access_key: Selector = Field(alias="secretAccessKeySecretRef")


class Auth(Options):
    """A static key; without it the operator's own identity is used (Workload Identity)."""

    secret_ref: StaticKeys


class GcpOptions(Options):
    """Which project's secrets."""

    project_id: str = Field(alias="projectID", pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")
    auth: Auth | None = None


class SecretManager:
    """One project's Secret Manager."""

    def __init__(self, client: Any, project: str) -> None:
        self._client, self._project = client, f"projects/{project}"

    def read(self, refs: Sequence[Ref]) -> Mapping[Ref, Value | HeraError]:
        """Return each secret's value, or why there is none."""
        return each(self._one, refs) if refs else {}

    def find(self, query: Query) -> list[str]:
        """Return the names of the secrets that match, sorted."""
        if query.path:
            raise Unsupported("Secret Manager has no paths", next_step="leave find.path out, and match the name")
        with _meaning(""):
            found = list(self._client.list_secrets(request={"parent": self._project}, timeout=SECONDS, retry=None))
        wanted = query.tags.items()
        names = ((item.name.rsplit("/", 1)[-1], dict(item.labels)) for item in found)
        return sorted(name for name, labels in names if re.search(query.name, name) and wanted <= labels.items())

    def write(self, key: str, data: bytes) -> bool:
        """Have the secret hold this value."""
        path = self._path(key)
        made = False
        with _meaning(key):
            if self._owned(key) is None:
                secret = {"replication": {"automatic": {}}, "labels": {OWNER: OWNED}}
                self._client.create_secret(
                    request={"parent": self._project, "secret_id": key, "secret": secret}, timeout=SECONDS, retry=None
                )
                made = True
            if not made and self._holds(key, data):
                return False
            self._client.add_secret_version(request={"parent": path, "payload": {"data": data}}, timeout=SECONDS, retry=None)
            return True

    def remove(self, key: str) -> None:
        """Delete the secret with all its versions."""
        with _meaning(key):
            if self._owned(key) is not None:
                self._client.delete_secret(request={"name": self._path(key)}, timeout=SECONDS, retry=None)

    def check(self) -> None:
        """Ask for one name."""
        with _meaning(""):
            request = {"parent": self._project, "page_size": 1}
            next(iter(self._client.list_secrets(request=request, timeout=SECONDS, retry=None)), None)

    def _owned(self, key: str) -> Any:
        try:
            with _meaning(key):
                found = self._client.get_secret(request={"name": self._path(key)}, timeout=SECONDS, retry=None)
        except NoSuchSecret:
            return None
        if dict(found.labels).get(OWNER) != OWNED:
            raise AlreadyExists(f"the secret {key} is there and was not written by Hera", next_step=f"label it {OWNER}={OWNED}")
        return found

    def _holds(self, key: str, data: bytes) -> bool:
        try:
            return self._one(Ref(key)).data == data
        except NoSuchSecret:
            return False

    def _one(self, ref: Ref) -> Value:
        with _meaning(ref.key):
            name = f"{self._path(ref.key)}/versions/{ref.version or 'latest'}"
            found = self._client.access_secret_version(request={"name": name}, timeout=SECONDS, retry=None)
        _check_sum(ref.key, found.payload)
        return Value(bytes(found.payload.data), found.name.rsplit("/", 1)[-1])

    def _path(self, key: str) -> str:
        if not _NAME.match(key):
            raise ConfigRejected(f"{key!r} is no name of a secret", next_step="use letters, digits, dashes and underscores")
        return f"{self._project}/secrets/{key}"


def _check_sum(key: str, payload: Any) -> None:
    """Refuse half an answer: Google sends a checksum with each value."""
    import google_crc32c

    if payload.data_crc32c and google_crc32c.value(bytes(payload.data)) != payload.data_crc32c:
        raise StateCorrupt(f"the value of {key} does not match its checksum", next_step="nothing was written; it is read again")


@contextmanager
def _meaning(key: str) -> Iterator[None]:
    """Turn Google's answers into ours."""
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth

    try:
        yield
    except auth.GoogleAuthError as error:
        raise AuthDenied("Google refuses the credentials", next_step=_RIGHTS, detail=type(error).__name__) from error
    except api.GoogleAPICallError as error:
        raise _known(api, error, key) from error


def _known(api: Any, error: Any, key: str) -> HeraError:
    said = str(error.message)
    if isinstance(error, api.NotFound):
        if "ecret" in said and "roject" not in said.split("/secrets/")[0].replace("projects/", ""):
            return NoSuchSecret(f"Secret Manager has no secret {key}", detail=said)
        return ConfigRejected("the project or its Secret Manager is not there", next_step="check projectID", detail=said)
    if isinstance(error, api.PermissionDenied | api.Unauthenticated):
        return AuthDenied(f"Google forbids reading {key or 'secrets'}", next_step=_RIGHTS, detail=said)
    if isinstance(error, api.ResourceExhausted):
        return Slowed("Secret Manager asks for fewer calls", retry_after=_delay(error), detail=said)
    if isinstance(error, api.DeadlineExceeded):
        return TimedOut("Secret Manager does not answer in time")
    if isinstance(error, api.ServerError):
        return CloudUnavailable("Secret Manager does not answer", detail=said)
    if isinstance(error, api.ClientError):
        return ConfigRejected(f"Secret Manager refuses {key}: {type(error).__name__}", detail=said)
    return StepFailed(f"reading {key} failed: {type(error).__name__}", detail=said)


def _delay(error: Any) -> float:
    delays = (getattr(item, "retry_delay", None) for item in error.details or ())
    return max((float(item.seconds) for item in delays if item is not None), default=0.0)


def _static(options: GcpOptions) -> dict[str, Selector]:
    return {"key": options.auth.secret_ref.secret_access_key} if options.auth else {}


def _open(options: GcpOptions, static: Mapping[str, bytes]) -> SecretManager:
    try:
        secretmanager = importlib.import_module("google.cloud.secretmanager_v1")
    except ImportError as error:
        hint = "pip install 'hera-platform[gcp,secrets]'"
        raise DependencyMissing("Google's library for secrets is not installed", next_step=hint) from error
    if os.environ.get(EMULATOR):
        import grpc

        transports = importlib.import_module(f"{secretmanager.__name__}.services.secret_manager_service.transports")
        transport = transports.SecretManagerServiceGrpcTransport(channel=grpc.insecure_channel(os.environ[EMULATOR]))
        return SecretManager(secretmanager.SecretManagerServiceClient(transport=transport), options.project_id)
    credentials = _from_file(static["key"]) if static else google_credentials()[0]
    return SecretManager(secretmanager.SecretManagerServiceClient(credentials=credentials), options.project_id)


def _from_file(key: bytes) -> Any:
    from google.oauth2 import service_account

    try:
        return service_account.Credentials.from_service_account_info(json.loads(key))  # type: ignore[no-untyped-call]
    except ValueError:
        raise ConfigRejected("the static key is no service account key", next_step="put the JSON file in the Secret") from None


BACKEND = Backend("gcpsm", GcpOptions, _static, _open)
