"""Azure's SDK at arm's length: imported when a cloud is asked, with terraform's credentials and our words for errors."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from infra.errors import (
    AuthDenied,
    CloudUnavailable,
    ConfigRejected,
    DependencyMissing,
    DependencyViolation,
    HeraError,
    NotFound,
    StepFailed,
    Throttled,
)

LOGIN = "run `az login`, or set ARM_CLIENT_ID, ARM_TENANT_ID and ARM_OIDC_TOKEN_FILE_PATH (workload identity)"
RIGHTS = "give the identity the rights of infra/providers/azure/permissions.json"
SCOPE = "https://management.azure.com/.default"

_BY_STATUS: Mapping[int, tuple[type[HeraError], str]] = {
    400: (ConfigRejected, ""),
    401: (AuthDenied, LOGIN),
    403: (AuthDenied, RIGHTS),
    404: (NotFound, ""),
    409: (DependencyViolation, ""),
    429: (Throttled, ""),
}


def sdk(module: str) -> Any:
    """Import a module of the SDK; raises `DependencyMissing` when the extra is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise DependencyMissing(
            f"the Azure SDK is not installed ({error.name})", next_step="pip install 'hera-platform[azure]'"
        ) from error


@contextmanager
def asking(doing: str) -> Iterator[None]:
    """Turn the SDK's errors into ours; `doing` completes the sentence "could not …"."""
    core = sdk("azure.core.exceptions")
    try:
        yield
    except core.AzureError as error:
        raise meaning(error, doing) from error


def meaning(error: Any, doing: str) -> HeraError:
    """Return what an SDK error means to Hera."""
    core, said = sdk("azure.core.exceptions"), str(getattr(error, "message", None) or error)
    if isinstance(error, core.ClientAuthenticationError):
        return AuthDenied(f"could not {doing}: no valid Azure credentials", next_step=LOGIN, detail=said)
    status = int(getattr(error, "status_code", None) or 0)
    if status in _BY_STATUS:
        kind, step = _BY_STATUS[status]
        return kind(f"could not {doing}: Azure answers {_code(error)}", next_step=step, detail=said)
    if isinstance(error, core.ServiceRequestError | core.ServiceResponseError) or status >= 500:
        return CloudUnavailable(f"could not {doing}: Azure does not answer", detail=said)
    return StepFailed(f"could not {doing}", detail=said)


def _code(error: Any) -> str:
    """Return the word that Azure gives an error (`AuthorizationFailed`), else the HTTP status."""
    word = getattr(error, "error_code", None) or getattr(getattr(error, "error", None), "code", None)
    return str(getattr(word, "value", word) or error.status_code)


def credential() -> Any:
    """Return the credentials that terraform would use: its ARM_* variables first, then what Azure's tools find."""
    identity, env = sdk("azure.identity"), os.environ
    who = {"tenant_id": env.get("ARM_TENANT_ID"), "client_id": env.get("ARM_CLIENT_ID")}
    if all(who.values()) and env.get("ARM_OIDC_TOKEN_FILE_PATH"):
        return identity.WorkloadIdentityCredential(**who, token_file_path=env["ARM_OIDC_TOKEN_FILE_PATH"])
    if all(who.values()) and env.get("ARM_CLIENT_SECRET"):
        return identity.ClientSecretCredential(**who, client_secret=env["ARM_CLIENT_SECRET"])
    return identity.DefaultAzureCredential(exclude_interactive_browser_credential=True)


def subscription(options: Mapping[str, Any] | None = None) -> str:
    """Return the subscription that the options or the environment name; raises `AuthDenied` when none does."""
    named = (options or {}).get("subscriptionId") or os.environ.get("ARM_SUBSCRIPTION_ID")
    found = named or os.environ.get("AZURE_SUBSCRIPTION_ID")
    if not found:
        raise AuthDenied(
            "no Azure subscription is named",
            next_step="export ARM_SUBSCRIPTION_ID=$(az account show --query id -o tsv), or set cloudOptions.subscriptionId",
        )
    return str(found)
