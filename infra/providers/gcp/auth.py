"""Who we are to Google Cloud; the only place that looks for credentials."""

from __future__ import annotations

import os
from typing import Any

from infra.errors import AuthDenied, CloudUnavailable, DependencyMissing
from infra.providers.base import Identity
from infra.providers.gcp import facts

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LOGIN = "run `gcloud auth application-default login`, or run where workload identity gives credentials"
INSTALL = "pip install 'hera-platform[gcp]'"
_TOKEN_INFO = "https://oauth2.googleapis.com/tokeninfo"
_PROJECTS = "https://cloudresourcemanager.googleapis.com/v3/projects/"
_ASK_AT_ONCE = 100
_TIMEOUT = 30


def google_credentials() -> tuple[Any, str]:
    """Return credentials and the project they name; raises `AuthDenied` when there are none.

    `GOOGLE_OAUTH_ACCESS_TOKEN` comes first, as it does for terraform's provider.
    """
    try:
        import google.auth
        from google.auth.exceptions import DefaultCredentialsError
        from google.oauth2.credentials import Credentials
    except ImportError as error:
        raise DependencyMissing("Google's libraries are not installed", next_step=INSTALL) from error
    token = os.environ.get("GOOGLE_OAUTH_ACCESS_TOKEN")
    if token:
        return Credentials(token), os.environ.get("GOOGLE_CLOUD_PROJECT", "")  # type: ignore[no-untyped-call]
    try:
        credentials, project = google.auth.default(scopes=[SCOPE])
    except DefaultCredentialsError as error:
        raise AuthDenied("no Google Cloud credentials found", next_step=LOGIN, detail=str(error)) from error
    return credentials, project or ""


def session(credentials: Any) -> Any:
    """Return an HTTP session that signs its requests."""
    from google.auth.transport.requests import AuthorizedSession

    return AuthorizedSession(credentials)  # type: ignore[no-untyped-call]


def identify(http: Any, token: str, project: str) -> Identity:
    """Ask who a token belongs to; the token goes in the body, where no log keeps it."""
    answer = http.post(_TOKEN_INFO, data={"access_token": token}, timeout=_TIMEOUT)
    if answer.status_code >= 500:
        raise CloudUnavailable("Google does not say who we are", detail=answer.text)
    if answer.status_code >= 400:
        raise AuthDenied("Google refuses the credentials", next_step=LOGIN, detail=answer.text)
    said = answer.json()
    return Identity(project, str(said.get("email") or said.get("azp") or "unknown"))


def missing_permissions(http: Any, project: str) -> list[str]:
    """Return what the identity lacks of the role in permissions.json; raises `AuthDenied` for an unreachable project.

    Storage is not asked for: the state bucket may live in another project, and says itself when it refuses.
    """
    every: list[str] = facts.load("permissions.json")["includedPermissions"]
    wanted = [permission for permission in every if not permission.startswith("storage.")]
    held: set[str] = set()
    for start in range(0, len(wanted), _ASK_AT_ONCE):
        part = wanted[start : start + _ASK_AT_ONCE]
        answer = http.post(f"{_PROJECTS}{project}:testIamPermissions", json={"permissions": part}, timeout=_TIMEOUT)
        if answer.status_code >= 500:
            raise CloudUnavailable("Google does not say what we may do", detail=answer.text)
        if answer.status_code >= 400:
            raise AuthDenied(
                f"project {project} is not there, or not for us",
                next_step="check cloudOptions.projectId, and that cloudresourcemanager.googleapis.com is enabled",
                detail=answer.text,
            )
        held.update(answer.json().get("permissions", ()))
    return [permission for permission in wanted if permission not in held]


def check(project: str | None) -> Identity:
    """Say who we are; with a project, also that we may do there what Hera does."""
    credentials, found = google_credentials()
    http = session(credentials)
    token = _token(credentials)
    identity = identify(http, token, project or found)
    lacking = missing_permissions(http, project) if project else []
    if lacking:
        shown = ", ".join(lacking[:5]) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
        raise AuthDenied(
            f"{identity.principal} lacks {len(lacking)} permissions on {project}: {shown}",
            next_step=f"grant the role made from {facts.HERE / 'permissions.json'}; docs/clouds/gcp.md says how",
        )
    return identity


def _token(credentials: Any) -> str:
    from google.auth.exceptions import RefreshError, TransportError
    from google.auth.transport.requests import Request

    if not getattr(credentials, "token", None) or getattr(credentials, "expired", False):
        try:
            credentials.refresh(Request())
        except RefreshError as error:
            raise AuthDenied("Google Cloud credentials have expired", next_step=LOGIN, detail=str(error)) from error
        except TransportError as error:
            raise CloudUnavailable("Google's token service does not answer", detail=str(error)) from error
    return str(credentials.token)
