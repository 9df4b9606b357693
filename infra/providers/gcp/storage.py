"""States, plans and the ledger in a Cloud Storage bucket; generations are what makes writes conditional."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.errors import (
    AuthDenied,
    CloudUnavailable,
    ConfigRejected,
    DependencyMissing,
    NotFound,
    Throttled,
    UsageError,
)
from infra.locations import StateLocation
from infra.objects import PreconditionFailed, StoredObject
from infra.providers.gcp.auth import INSTALL, LOGIN, google_credentials

_MARK = "hera-write"
_OLD_VERSIONS_DAYS = 90
_OLD_VERSIONS_KEPT = 20
_CREATE = "run `clusterctl init` with this location, which makes the bucket, or check its name"


def client(location: StateLocation) -> Any:
    """Return a client; the location's `endpoint` names a server other than Google's, which gets no credentials."""
    try:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud.storage import Client
    except ImportError as error:
        raise DependencyMissing("Google's libraries are not installed", next_step=INSTALL) from error
    project, endpoint = location.options.get("project"), location.options.get("endpoint")
    if endpoint:
        anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]
        return Client(project or "local", anonymous, client_options={"api_endpoint": endpoint})
    credentials, found = google_credentials()
    return Client(project or found or None, credentials)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn Google's exceptions into errors that say what to do."""
    import requests
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth

    try:
        yield
    except api.PreconditionFailed as error:
        raise PreconditionFailed(f"{what} was written by somebody else", detail=str(error)) from error
    except api.TooManyRequests as error:
        raise Throttled(f"Cloud Storage asks for fewer calls ({what})", detail=str(error)) from error
    except (api.Forbidden, api.Unauthorized) as error:
        next_step = "grant roles/storage.objectUser and roles/storage.legacyBucketReader on the bucket, or " + LOGIN
        raise AuthDenied(f"no right to {what}", next_step=next_step, detail=str(error)) from error
    except api.NotFound as error:
        raise NotFound(f"no bucket for {what}", next_step=_CREATE, detail=str(error)) from error
    except (auth.DefaultCredentialsError, auth.RefreshError) as error:
        raise AuthDenied("Google refuses the credentials", next_step=LOGIN, detail=str(error)) from error
    except (
        api.ServerError,
        api.RetryError,
        auth.TransportError,
        requests.ConnectionError,
        requests.Timeout,
    ) as error:
        raise CloudUnavailable(f"Cloud Storage does not answer ({what})", detail=str(error)) from error
    except (api.BadRequest, api.Conflict) as error:
        raise ConfigRejected(f"Cloud Storage refuses {what}", detail=str(error)) from error


class GcsStore:
    """A bucket, or a part of it below a prefix. Versions are generations."""

    def __init__(self, location: StateLocation) -> None:
        if not location.bucket:
            raise UsageError("a gs:// location names a bucket: gs://bucket/prefix")
        self._location = location
        self._bucket = client(location).bucket(location.bucket)

    def get(self, key: str) -> StoredObject | None:
        """Return the object, or None when there is none; a missing bucket is an error."""
        from google.api_core.exceptions import NotFound as Missing

        blob = self._bucket.blob(self._location.key(key))
        with translated(self._name(key)):
            try:
                data: bytes = blob.download_as_bytes()
            except Missing as error:
                if "No such object" not in str(error):
                    self._require_bucket()
                return None
        return StoredObject(data, str(blob.generation))

    def put(self, key: str, data: bytes, *, if_version: str | None = None, if_absent: bool = False) -> str:
        """Write the object and return its generation.

        Each write carries a mark of its own: when an answer is lost and the library's second attempt is refused, the
        mark tells our own first attempt from somebody else's write.
        """
        blob = self._bucket.blob(self._location.key(key))
        blob.metadata = {_MARK: uuid.uuid4().hex}
        condition = 0 if if_absent else _generation(if_version) if if_version is not None else None
        with translated(self._name(key)):
            self._upload(blob, data, condition)
        return str(blob.generation)

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""
        from google.api_core.exceptions import NotFound as Missing

        with translated(self._name(key)):
            try:
                self._bucket.blob(self._location.key(key)).delete()
            except Missing:
                self._require_bucket()

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with `prefix`, sorted."""
        base = self._location.key("")
        base = f"{base}/" if base else ""
        with translated(self._name(prefix)):
            for blob in self._bucket.client.list_blobs(self._bucket, prefix=f"{base}{prefix}"):
                yield str(blob.name).removeprefix(base)

    def _upload(self, blob: Any, data: bytes, condition: int | None) -> None:
        from google.api_core.exceptions import PreconditionFailed as Refused

        mark = blob.metadata[_MARK]
        try:
            blob.upload_from_string(data, "application/octet-stream", if_generation_match=condition)
        except Refused:
            written = self._bucket.get_blob(blob.name)
            if written is None or (written.metadata or {}).get(_MARK) != mark:
                raise
            blob._properties["generation"] = written.generation

    def _require_bucket(self) -> None:
        """Tell a missing object from a missing bucket; the first is an answer, the second an error."""
        self._bucket.reload()

    def _name(self, key: str) -> str:
        return f"gs://{self._location.bucket}/{self._location.key(key)}"


def _generation(version: str) -> int:
    """Read a generation; a version that is none was never this store's, so nothing can match it."""
    if not version.isdigit():
        raise PreconditionFailed(f"{version!r} is no generation of Cloud Storage")
    return int(version)


def create_bucket(location: StateLocation, region: str) -> list[str]:
    """Make the bucket unless it is there; versions on, access by IAM alone, never public. Say what was done."""
    found = client(location)
    name = f"gs://{location.bucket}"
    with translated(name):
        bucket = found.lookup_bucket(location.bucket)
        done = [] if bucket else [f"made {name} in {region}"]
        bucket = bucket or found.bucket(location.bucket)
        repaired = _settle(bucket, location.options.get("kms_key"))
        if done:
            found.create_bucket(bucket, location=region)
        elif repaired:
            bucket.patch()
    return done or repaired


def _settle(bucket: Any, kms_key: str | None) -> list[str]:
    """Set on the bucket object what a state bucket has to have; return what was otherwise."""
    done = []
    if not bucket.versioning_enabled:
        bucket.versioning_enabled = True
        done.append("turned versioning on")
    if not bucket.iam_configuration.uniform_bucket_level_access_enabled:
        bucket.iam_configuration.uniform_bucket_level_access_enabled = True
        done.append("turned uniform bucket-level access on")
    if bucket.iam_configuration.public_access_prevention != "enforced":
        bucket.iam_configuration.public_access_prevention = "enforced"
        done.append("turned public access prevention on")
    if kms_key and bucket.default_kms_key_name != kms_key:
        bucket.default_kms_key_name = kms_key
        done.append(f"set the key {kms_key}")
    if not list(bucket.lifecycle_rules):
        bucket.add_lifecycle_delete_rule(
            days_since_noncurrent_time=_OLD_VERSIONS_DAYS, number_of_newer_versions=_OLD_VERSIONS_KEPT
        )
        done.append(f"old versions go after {_OLD_VERSIONS_DAYS} days when there are {_OLD_VERSIONS_KEPT} newer ones")
    if bucket.labels.get("managed-by") != "hera":
        bucket.labels = {**bucket.labels, "managed-by": "hera"}
        done.append("labelled it managed-by=hera")
    return done
