"""The one door to boto3: imported on first use, and its errors turned into those of the tree."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from infra.classify import classify
from infra.errors import AuthDenied, DependencyMissing
from infra.providers.aws.errors import ERROR_PATTERNS

ATTEMPTS = 8
"""boto3's adaptive mode slows down by itself when AWS asks for fewer calls."""
CONNECT_SECONDS = 5
READ_SECONDS = 30


def client(service: str, region: str = "", *, role: str | None = None, **settings: Any) -> Any:
    """Return a boto3 client; `role` is taken first, `settings` go to boto3 (`endpoint_url`)."""
    with translated():
        return _session(role or "", os.environ.get("AWS_PROFILE", "")).client(
            service, region_name=region or None, config=_config(bool(settings.pop("path_style", False))), **settings
        )


def client_for(service: str, region: str, options: Mapping[str, Any]) -> Any:
    """Return a client for a cluster's `cloudOptions`, which may name a role."""
    return client(service, region, role=options.get("roleArn"))


@contextmanager
def translated() -> Iterator[None]:
    """Raise what boto3 raises as an error of the tree, with AWS's own text as its detail."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise DependencyMissing("boto3 is not installed", next_step="pip install 'hera-platform[aws]'") from error
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise classify(f"{error} ({type(error).__name__})", ERROR_PATTERNS) from error


def code(error: Exception) -> str:
    """Return AWS's error code, empty where there is none."""
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def identity(region: str, options: Mapping[str, Any]) -> tuple[str, str]:
    """Return account and principal of the credentials; raises `AuthDenied` when they are another account's."""
    with translated():
        answer = client_for("sts", region or "us-east-1", options).get_caller_identity()
    account, wanted = str(answer["Account"]), str(options.get("accountId") or "")
    if wanted and account != wanted:
        raise AuthDenied(
            f"these credentials belong to account {account}; the spec's cloudOptions.accountId is {wanted}",
            next_step=f"use a profile of account {wanted}: `export AWS_PROFILE=…`, then `aws sts get-caller-identity`",
        )
    return account, str(answer["Arn"])


@cache
def _session(role: str, profile: str) -> Any:
    try:
        import boto3
    except ImportError as error:
        raise DependencyMissing("boto3 is not installed", next_step="pip install 'hera-platform[aws]'") from error
    session = boto3.Session(profile_name=profile or None)
    return boto3.Session(botocore_session=_assumed(session, role)) if role else session


def _assumed(session: Any, role: str) -> Any:
    """Return a botocore session in a role, which is taken again before its credentials end: runs last longer than an hour."""
    import botocore.session
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    def sts(service: str, **settings: Any) -> Any:
        return session.client(service, region_name=session.region_name or "us-east-1", **_plain(settings))

    fetcher = AssumeRoleCredentialFetcher(sts, session.get_credentials(), role, extra_args={"RoleSessionName": "hera"}, cache={})
    inner = botocore.session.get_session()
    inner._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
    return inner


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what boto3's client takes of what botocore hands over."""
    return {name: value for name, value in settings.items() if name.startswith("aws_")}


def _config(path_style: bool) -> Any:
    from botocore.config import Config

    return Config(
        retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        s3={"addressing_style": "path"} if path_style else None,
        user_agent_extra="hera",
    )
