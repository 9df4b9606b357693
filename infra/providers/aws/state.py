"""States, plans and ledgers in S3: the object store, Terraform's backend, and a bucket fit for both.

S3 compares a write's `If-None-Match` and `If-Match` with what is there, so two writers are told apart without a table of locks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from infra.errors import UsageError
from infra.locations import StateLocation
from infra.objects import PreconditionFailed, StoredObject
from infra.providers.aws.session import client, code, translated

OPTIONS = ("region", "endpoint", "path_style", "kms_key_id", "role_arn")
"""Options of an `s3://` location."""
_CHANGED = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
_ABSENT = ("NoSuchKey", "404")


def backend(location: StateLocation, key: str) -> tuple[str, dict[str, Any]]:
    """Return Terraform's S3 backend: encrypted, and locked by a file beside the state."""
    options = _options(location)
    arguments: dict[str, Any] = {"bucket": location.bucket, "key": key, "use_lockfile": True}
    # A store of one's own may have no keys to encrypt with, and then refuses the request.
    arguments |= {} if options.get("endpoint") and not options.get("kms_key_id") else {"encrypt": True}
    arguments |= {name: options[name] for name in ("region", "kms_key_id") if options.get(name)}
    if role := options.get("role_arn"):
        arguments["assume_role"] = {"role_arn": role, "session_name": "hera"}
    if endpoint := options.get("endpoint"):
        arguments |= _other_than_aws(endpoint)
    if _path_style(options):
        arguments["use_path_style"] = True
    return "s3", arguments


def _path_style(options: Mapping[str, str]) -> bool:
    """Tell whether the bucket is in the path: a store of one's own rarely has a name for each bucket."""
    return options.get("path_style", "true" if options.get("endpoint") else "false") == "true"


def artifact_repository(location: StateLocation, keys: str) -> dict[str, Any]:
    """Return Argo's artifact repository in the bucket, reached with the pods' own identity."""
    options = _options(location)
    address = urlsplit(options.get("endpoint") or "https://s3.amazonaws.com")
    repository: dict[str, Any] = {"bucket": location.bucket, "endpoint": address.netloc, "keyFormat": keys, "useSDKCreds": True}
    if address.scheme == "http":
        repository["insecure"] = True
    if options.get("region"):
        repository["region"] = options["region"]
    if options.get("role_arn"):
        repository["roleARN"] = options["role_arn"]
    if options.get("kms_key_id"):
        repository["encryptionOptions"] = {"enableEncryption": True, "kmsKeyId": options["kms_key_id"]}
    return {"s3": repository}


def _other_than_aws(endpoint: str) -> dict[str, Any]:
    """Return what makes the backend leave AWS's own checks out, for a store that only speaks S3."""
    skipped = (
        "skip_credentials_validation",
        "skip_requesting_account_id",
        "skip_region_validation",
        "skip_metadata_api_check",
        "skip_s3_checksum",
    )
    return {"endpoints": {"s3": endpoint}, **dict.fromkeys(skipped, True)}


def _options(location: StateLocation) -> dict[str, str]:
    unknown = sorted(set(location.options) - set(OPTIONS))
    if unknown:
        raise UsageError(f"unknown option {unknown[0]!r} of s3://{location.bucket}; accepted: {', '.join(OPTIONS)}")
    return dict(location.options)


def s3(location: StateLocation, **settings: Any) -> Any:
    """Return the S3 client of a location; `settings` go to boto3."""
    options = _options(location)
    settings |= {"endpoint_url": options["endpoint"]} if options.get("endpoint") else {}
    return client("s3", options.get("region", ""), role=options.get("role_arn"), path_style=_path_style(options), **settings)


class S3Store:
    """An `infra.objects.ObjectStore` in a bucket, below the location's prefix. Versions are ETags.

    Args:
        location: The bucket, and how it is reached.
        keys: An access key, as boto3 names its parts, for a store that does not take this process's own credentials.
    """

    def __init__(self, location: StateLocation, keys: Mapping[str, str] | None = None) -> None:
        self._location, self._keys = location, dict(keys or {})
        self._client: Any = None

    @property
    def client(self) -> Any:
        """The S3 client, made when it is first needed."""
        if self._client is None:
            self._client = s3(self._location, **self._keys)
        return self._client

    def get(self, key: str) -> StoredObject | None:
        """Return the object, or None when there is none."""
        with translated():
            try:
                answer = self.client.get_object(**self._at(key))
                return StoredObject(answer["Body"].read(), str(answer["ETag"]))
            except self.client.exceptions.ClientError as error:
                if code(error) in _ABSENT:
                    return None
                raise

    def put(self, key: str, data: bytes, *, if_version: str | None = None, if_absent: bool = False) -> str:
        """Write the object and return its new version."""
        conditions = {"IfNoneMatch": "*"} if if_absent else {"IfMatch": if_version} if if_version is not None else {}
        with translated():
            try:
                answer = self.client.put_object(**self._at(key), Body=data, **self._encryption(), **conditions)
            except self.client.exceptions.ClientError as error:
                if conditions and code(error) in (*_CHANGED, *_ABSENT):
                    there = "is there already" if if_absent else "was changed by somebody else"
                    raise PreconditionFailed(f"{key} {there}", detail=str(error)) from error
                raise
        return str(answer["ETag"])

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none. The bucket keeps the version for a while."""
        with translated():
            self.client.delete_object(**self._at(key))

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with `prefix`, sorted."""
        start = len(self._location.key("x")) - 1
        with translated():
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self._location.bucket, Prefix=self._location.key("x")[:-1] + prefix
            )
            for page in pages:
                yield from (str(item["Key"])[start:] for item in page.get("Contents", ()))

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._location.bucket, "Key": self._location.key(key)}

    def _encryption(self) -> dict[str, str]:
        key = self._location.options.get("kms_key_id")
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}


def require_region(location: StateLocation, region: str) -> str:
    """Return where a new bucket goes; raises `UsageError` when nobody says."""
    chosen = location.options.get("region") or region
    if not chosen:
        raise UsageError(f"no region for s3://{location.bucket}; write it as s3://{location.bucket}?region=eu-west-1")
    return chosen
