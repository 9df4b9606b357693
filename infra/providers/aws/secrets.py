"""AWS Secrets Manager as a secret store: twenty secrets a call where the current version is wanted."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from pydantic import Field

from infra.errors import AlreadyExists, AuthDenied, CloudUnavailable, HeraError, TimedOut
from infra.providers.aws import session
from infra.secrets.base import (
    OWNED,
    OWNER,
    Backend,
    NoSuchSecret,
    Options,
    Query,
    Ref,
    Selector,
    Slowed,
    Value,
    each,
    pause_asked,
)

BATCH = 20
ATTEMPTS, CONNECT_SECONDS, READ_SECONDS = 3, 3, 10
_OPENING = threading.Lock()
"""boto3 makes clients of one session by one thread at a time."""
_RIGHTS = "allow secretsmanager:GetSecretValue (and BatchGetSecretValue, ListSecrets) on the secret, and kms:Decrypt on its key"
_SLOW = ("ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded")
_DENIED = ("AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "DecryptionFailure")


class StaticKeys(Options):
    """Access keys in Secrets."""

    access_key_id: Selector = Field(alias="accessKeyIDSecretRef")
    secret_access_key: Selector = Field(alias="secretAccessKeySecretRef")
    session_token: Selector | None = Field(default=None, alias="sessionTokenSecretRef")


class Auth(Options):
    """Static keys; without them the operator's own identity is used (IRSA or pod identity)."""

    secret_ref: StaticKeys


class AwsOptions(Options):
    """Where the secrets are, and which role reads them."""

    service: Literal["SecretsManager"] = "SecretsManager"
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d+$")
    role: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")
    auth: Auth | None = None


class SecretsManager:
    """One region's Secrets Manager."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def read(self, refs: Sequence[Ref]) -> Mapping[Ref, Value | HeraError]:
        """Return each secret's value, or why there is none."""
        current = [ref for ref in refs if not ref.version]
        answers = dict(each(self._one, [ref for ref in refs if ref.version])) if len(current) < len(refs) else {}
        for start in range(0, len(current), BATCH):
            answers |= self._batch(current[start : start + BATCH])
        return answers

    def find(self, query: Query) -> list[str]:
        """Return the names of the secrets that match, sorted."""
        filters = [{"Key": "name", "Values": [query.path]}] if query.path else []
        pages = self._client.get_paginator("list_secrets").paginate(Filters=filters)
        with _meaning(""):
            found = [item for page in pages for item in page["SecretList"]]
        wanted = set(query.tags.items())
        return sorted(
            item["Name"]
            for item in found
            if re.search(query.name, item["Name"]) and wanted <= {(tag["Key"], tag["Value"]) for tag in item.get("Tags", ())}
        )

    def write(self, key: str, data: bytes) -> bool:
        """Have the secret hold this value."""
        with _meaning(key):
            try:
                described = self._client.describe_secret(SecretId=key)
            except self._client.exceptions.ResourceNotFoundException:
                self._client.create_secret(Name=key, **_payload(data), Tags=[{"Key": OWNER, "Value": OWNED}])
                return True
            _check_owner(key, described)
            if described.get("DeletedDate"):
                self._client.restore_secret(SecretId=key)
            before = self._one(Ref(key))
            if before.data == data:
                return False
            self._client.put_secret_value(SecretId=key, **_payload(data))
            return True

    def remove(self, key: str) -> None:
        """Have the secret deleted after AWS's own waiting time, in which it can be brought back."""
        with _meaning(key):
            try:
                described = self._client.describe_secret(SecretId=key)
                _check_owner(key, described)
                if not described.get("DeletedDate"):
                    self._client.delete_secret(SecretId=key, RecoveryWindowInDays=7)
            except self._client.exceptions.ResourceNotFoundException:
                return

    def check(self) -> None:
        """Ask for one name."""
        with _meaning(""):
            self._client.list_secrets(MaxResults=1)

    def _batch(self, refs: Sequence[Ref]) -> dict[Ref, Value | HeraError]:
        if len(refs) == 1:
            return each(self._one, refs)
        try:
            with _meaning(""):
                answer = self._client.batch_get_secret_value(SecretIdList=[ref.key for ref in refs])
        except AuthDenied:
            return each(self._one, refs)  # the right to batch is one of its own
        except HeraError as error:
            return dict.fromkeys(refs, error)
        found = {name: _value(item) for item in answer.get("SecretValues", ()) for name in (item["Name"], item["ARN"])}
        return {ref: found[ref.key] for ref in refs if ref.key in found} | each(
            self._one, [ref for ref in refs if ref.key not in found]
        )

    def _one(self, ref: Ref) -> Value:
        with _meaning(ref.key):
            return _value(self._client.get_secret_value(SecretId=ref.key, **_version(ref.version)))


def _version(version: str) -> dict[str, str]:
    if not version:
        return {}
    return {"VersionId": version.removeprefix("uuid/")} if version.startswith("uuid/") else {"VersionStage": version}


def _value(item: Mapping[str, Any]) -> Value:
    """Return the value; the SDK takes an answer that ended in the middle for one without fields."""
    if not {"SecretBinary", "SecretString"} & item.keys():
        raise CloudUnavailable(
            "AWS Secrets Manager's answer has no value in it", next_step="nothing was written; it is read again"
        )
    data = item["SecretBinary"] if "SecretBinary" in item else str(item["SecretString"]).encode()
    return Value(bytes(data), str(item.get("VersionId", "")))


def _payload(data: bytes) -> dict[str, Any]:
    try:
        return {"SecretString": data.decode()}
    except UnicodeDecodeError:
        return {"SecretBinary": data}


def _check_owner(key: str, described: Mapping[str, Any]) -> None:
    if {"Key": OWNER, "Value": OWNED} not in described.get("Tags", ()):
        raise AlreadyExists(f"the secret {key} is there and was not written by Hera", next_step=f"tag it {OWNER}={OWNED}")


@contextmanager
def _meaning(key: str) -> Iterator[None]:
    """Turn AWS's answers into ours; the original text names keys and rights, never values."""
    with session.translated():
        from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

        try:
            yield
        except (ConnectTimeoutError, ReadTimeoutError) as error:
            raise TimedOut("AWS Secrets Manager does not answer in time", detail=type(error).__name__) from error
        except ClientError as error:
            found = _known(session.code(error), key, error)
            if found is None:
                raise
            raise found from error


def _known(code: str, key: str, error: Any) -> HeraError | None:
    said = str(error.response.get("Error", {}).get("Message", ""))
    if code == "ResourceNotFoundException" or (code == "InvalidRequestException" and " marked " in said):
        return NoSuchSecret(f"AWS Secrets Manager has no secret {key}", detail=said)
    if code in _DENIED:
        return AuthDenied(f"AWS forbids reading {key or 'secrets'} ({code})", next_step=_RIGHTS, detail=said)
    if code in _SLOW:
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        pause = pause_asked(headers.get("retry-after"))
        return Slowed("AWS Secrets Manager asks for fewer calls", retry_after=pause, detail=said)
    return None


def _static(options: AwsOptions) -> dict[str, Selector]:
    if not options.auth:
        return {}
    keys = options.auth.secret_ref
    named = {"id": keys.access_key_id, "key": keys.secret_access_key, "token": keys.session_token}
    return {name: item for name, item in named.items() if item}


def _open(options: AwsOptions, static: Mapping[str, bytes]) -> SecretsManager:
    with session.translated(), _OPENING:
        import boto3
        from botocore.config import Config

        config = Config(
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=32,
            user_agent_extra="hera",
        )
        if static:
            made = boto3.Session(*(static[name].decode().strip() if name in static else None for name in ("id", "key", "token")))
            made = boto3.Session(botocore_session=session._assumed(made, options.role)) if options.role else made
        else:
            made = session._session(options.role or "", "")
        return SecretsManager(made.client("secretsmanager", region_name=options.region, config=config))


BACKEND = Backend("aws", AwsOptions, _static, _open)
