"""Azure Key Vault as a secret store; it has no batch call, so several secrets are read at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from pydantic import Field

from infra.errors import AlreadyExists, AuthDenied, CloudUnavailable, ConfigRejected, HeraError, TimedOut, Unsupported
from infra.providers.azure.sdk import meaning, sdk
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

ATTEMPTS, CONNECT_SECONDS, READ_SECONDS = 2, 3, 10
_RIGHTS = "give the identity the role Key Vault Secrets User on the vault (Secrets Officer to push)"
_NAME = re.compile(r"^[0-9A-Za-z-]{1,127}$")


class StaticKeys(Options):
    """A service principal in Secrets."""

    client_id: Selector
    client_secret: Selector


class AzureOptions(Options):
    """Which vault, and who reads it."""

    vault_url: str = Field(pattern=r"^https://[^/]+/?$")
    tenant_id: str | None = None
    auth_type: Literal["WorkloadIdentity", "ManagedIdentity", "ServicePrincipal"] = "WorkloadIdentity"
    identity_id: str | None = Field(default=None, description="client id of a user-assigned identity")
    auth_secret_ref: StaticKeys | None = None
    environment_type: Literal["PublicCloud", "AzureStackCloud"] = Field(
        default="PublicCloud", description="AzureStackCloud: the vault's own name decides whom a token is for"
    )


class KeyVault:
    """One vault."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def read(self, refs: Sequence[Ref]) -> Mapping[Ref, Value | HeraError]:
        """Return each secret's value, or why there is none."""
        return each(self._one, refs) if refs else {}

    def find(self, query: Query) -> list[str]:
        """Return the names of the secrets that match, sorted."""
        if query.path:
            raise Unsupported("Key Vault has no paths", next_step="leave find.path out, and match the name")
        with _meaning(""):
            found = [item for item in self._client.list_properties_of_secrets() if item.enabled]
        wanted = query.tags.items()
        return sorted(item.name for item in found if re.search(query.name, item.name) and wanted <= (item.tags or {}).items())

    def write(self, key: str, data: bytes) -> bool:
        """Have the secret hold this value."""
        name = _name(key)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise ConfigRejected(f"{key} is not text, and Key Vault holds only text", next_step="encode it (base64)") from None
        before = self._before(name)
        if before is not None and before.value == text:
            return False
        with _meaning(key):
            self._client.set_secret(name, text, tags={OWNER: OWNED})
        return True

    def remove(self, key: str) -> None:
        """Have the secret deleted; the vault keeps it for as long as its soft deletion says."""
        if self._before(_name(key)) is not None:
            with _meaning(key):
                self._client.begin_delete_secret(_name(key))

    def check(self) -> None:
        """Ask for one name."""
        with _meaning(""):
            next(iter(self._client.list_properties_of_secrets(max_page_size=1)), None)

    def _before(self, name: str) -> Any:
        """Return the secret that is there, if it is ours."""
        try:
            with _meaning(name):
                found = self._client.get_secret(name)
        except NoSuchSecret:
            return None
        if (found.properties.tags or {}).get(OWNER) != OWNED:
            raise AlreadyExists(f"the secret {name} is there and was not written by Hera", next_step=f"tag it {OWNER}={OWNED}")
        return found

    def _one(self, ref: Ref) -> Value:
        name = _name(ref.key)
        with _meaning(ref.key):
            found = self._client.get_secret(name, ref.version or None)
        return Value(str(found.value).encode(), str(found.properties.version or ""))


def _name(key: str) -> str:
    kind, slash, name = key.rpartition("/")
    if slash and kind != "secret":
        raise Unsupported(f"{key}: only secrets are read, no keys and certificates", next_step="name a secret of the vault")
    if not _NAME.match(name):
        raise ConfigRejected(f"{name!r} is no name of a Key Vault secret", next_step="use letters, digits and dashes")
    return name


@contextmanager
def _meaning(key: str) -> Iterator[None]:
    """Turn Azure's answers into ours; no answer's body is kept, since it may hold a value."""
    core = sdk("azure.core.exceptions")
    try:
        yield
    except core.AzureError as error:
        raise _known(core, error, key) from error


def _known(core: Any, error: Any, key: str) -> HeraError:
    status = int(getattr(error, "status_code", None) or 0)
    code = str(getattr(getattr(error, "error", None), "code", "") or "")
    if isinstance(error, core.ServiceResponseTimeoutError | core.ServiceRequestTimeoutError) or "timed out" in str(error).lower():
        return TimedOut("Azure Key Vault does not answer in time", detail=type(error).__name__)
    if isinstance(error, core.IncompleteReadError):
        return CloudUnavailable("Azure Key Vault's answer ended in the middle", next_step="nothing was written; it is read again")
    if status == 404 and code in ("SecretNotFound", "SecretVersionNotFound"):
        return NoSuchSecret(f"the Key Vault has no secret {key}", detail=code)
    if status == 403 and code == "Forbidden" and "disabled" in str(error).lower():
        return ConfigRejected(f"the secret {key} is disabled in the Key Vault", next_step="enable it, or name another version")
    if status in (401, 403):
        return AuthDenied(f"Azure forbids reading {key or 'secrets'}", next_step=_RIGHTS, detail=code)
    if status == 429:
        pause = pause_asked(error.response.headers.get("Retry-After") if error.response else None)
        return Slowed("Azure Key Vault asks for fewer calls", retry_after=pause, detail=code)
    return meaning(error, f"read {key}" if key else "reach the Key Vault")


def _static(options: AzureOptions) -> dict[str, Selector]:
    keys = options.auth_secret_ref
    return {"id": keys.client_id, "secret": keys.client_secret} if keys else {}


def _open(options: AzureOptions, static: Mapping[str, bytes]) -> KeyVault:
    client = sdk("azure.keyvault.secrets").SecretClient
    return KeyVault(
        client(
            options.vault_url,
            _credential(options, static),
            verify_challenge_resource=options.environment_type == "PublicCloud",
            retry_total=ATTEMPTS,
            retry_status=0,
            retry_backoff_factor=0.2,
            retry_mode="fixed",
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )
    )


def _credential(options: AzureOptions, static: Mapping[str, bytes]) -> Any:
    identity, custom = sdk("azure.identity"), options.environment_type == "AzureStackCloud"
    if options.auth_type == "ServicePrincipal" or static:
        if not static or not options.tenant_id:
            raise ConfigRejected(
                "a service principal needs tenantId and authSecretRef", next_step="name both, or leave authType out"
            )
        given = (static[name].decode().strip() for name in ("id", "secret"))
        return identity.ClientSecretCredential(options.tenant_id, *given, disable_instance_discovery=custom)
    if options.auth_type == "ManagedIdentity":
        return identity.ManagedIdentityCredential(client_id=options.identity_id)
    return identity.WorkloadIdentityCredential(
        tenant_id=options.tenant_id, client_id=options.identity_id, disable_instance_discovery=custom
    )


BACKEND = Backend("azurekv", AzureOptions, _static, _open)
