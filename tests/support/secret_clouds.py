"""The three clouds' secret stores as tests see them: put a secret, have the cloud misbehave, count reads; the real SDKs ask."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import grpc
import pytest

from infra import secrets
from infra.providers.aws import session
from infra.providers.gcp import secrets as gcp
from infra.secrets.base import Store
from tests.doubles import keyvault, secretmanager, secretsmanager
from tests.support import certificates

FAULTS = ("forbidden", "throttled", "down", "slow")


class Cloud(Protocol):
    """One cloud's double."""

    entry: str
    options: dict[str, Any]
    static: Mapping[str, bytes]

    def put(self, key: str, value: bytes, tags: dict[str, str] | None = None) -> None: ...

    def get(self, key: str) -> bytes: ...

    def break_down(self, fault: str) -> None: ...

    def mend(self) -> None: ...

    @property
    def reads(self) -> list[str]: ...


def open_store(cloud: Cloud) -> Store:
    backend = secrets.get(cloud.entry)
    return backend.open(backend.options.model_validate(cloud.options), cloud.static)


class Aws:
    entry = "aws"
    static: Mapping[str, bytes] = {"id": b"test", "key": b"test"}
    options: dict[str, Any] = {"region": "eu-west-1"}

    def __init__(self, account: secretsmanager.Account) -> None:
        import boto3

        self.account = account
        self._client = boto3.client(
            "secretsmanager",
            "eu-west-1",
            endpoint_url=f"http://127.0.0.1:{account.moto}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    @property
    def reads(self) -> list[str]:
        return self.account.reads

    def put(self, key: str, value: bytes, tags: dict[str, str] | None = None) -> None:
        try:
            listed = [{"Key": name, "Value": text} for name, text in (tags or {}).items()]
            self._client.create_secret(Name=key, SecretString=value.decode(), Tags=listed)
        except self._client.exceptions.ResourceExistsException:
            self._client.put_secret_value(SecretId=key, SecretString=value.decode())

    def get(self, key: str) -> bytes:
        return str(self._client.get_secret_value(SecretId=key)["SecretString"]).encode()

    def break_down(self, fault: str) -> None:
        answers = {
            "forbidden": (400, "AccessDeniedException", {}),
            "throttled": (400, "ThrottlingException", {"Retry-After": "7"}),
            "down": (503, "ServiceUnavailable", {}),
        }
        self.account.pause, self.account.cut = 2.0 if fault == "slow" else 0.0, fault == "spoiled"
        self.account.fault = lambda operation: answers.get(fault)

    def mend(self) -> None:
        self.account.pause, self.account.cut, self.account.fault = 0.0, False, lambda operation: None


class Azure:
    entry = "azurekv"
    static: Mapping[str, bytes] = {"id": b"client", "secret": b"client-secret"}

    def __init__(self, vault: keyvault.Vault) -> None:
        self.vault = vault
        selector = {"name": "principal", "key": "id"}
        self.options = {
            "vaultUrl": vault.url,
            "tenantId": "tenant",
            "authType": "ServicePrincipal",
            "environmentType": "AzureStackCloud",
            "authSecretRef": {"clientId": selector, "clientSecret": selector | {"key": "secret"}},
        }

    @property
    def reads(self) -> list[str]:
        return self.vault.reads

    def put(self, key: str, value: bytes, tags: dict[str, str] | None = None) -> None:
        self.vault.put(key, value.decode(), tags)

    def get(self, key: str) -> bytes:
        return self.vault.secrets[key][-1].value.encode()

    def break_down(self, fault: str) -> None:
        answers = {
            "forbidden": (403, "Forbidden", {}),
            "throttled": (429, "Throttled", {"Retry-After": "7"}),
            "down": (503, "ServiceUnavailable", {}),
        }
        self.vault.pause, self.vault.cut = 2.0 if fault == "slow" else 0.0, fault == "spoiled"
        self.vault.fault = lambda method, path: answers.get(fault)

    def mend(self) -> None:
        self.vault.pause, self.vault.cut, self.vault.fault = 0.0, False, lambda method, path: None


class Gcp:
    """Google's double, which can also answer half of the keys, spoil what it sends, or come too late."""

    entry = "gcpsm"
    static: Mapping[str, bytes] = {}

    def __init__(self, project: secretmanager.Project) -> None:
        self.project = project
        self.options = {"projectID": project.name}

    @property
    def reads(self) -> list[str]:
        return self.project.reads

    def put(self, key: str, value: bytes, tags: dict[str, str] | None = None) -> None:
        self.project.put(key, value, tags)

    def get(self, key: str) -> bytes:
        return self.project.secrets[key].versions[-1]

    def break_down(self, fault: str) -> None:
        answers = {
            "forbidden": (grpc.StatusCode.PERMISSION_DENIED, "Permission 'secretmanager.versions.access' denied."),
            "throttled": (grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded."),
            "down": (grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable."),
        }
        self.project.pause = {"slow": 2.0, "late": gcp.SECONDS + 1}.get(fault, 0.0)
        self.project.corrupt = fault == "spoiled"
        half = answers["down"] if fault == "half" else None
        self.project.fault = lambda method, key: half if "/b-" in key else answers.get(fault)

    def mend(self) -> None:
        self.project.pause, self.project.corrupt, self.project.fault = 0.0, False, lambda method, key: None


CLOUDS = ("aws", "azurekv", "gcpsm")


@contextmanager
def running(entry: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Start one cloud's double and point the SDK at it."""
    if entry == "aws":
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        with secretsmanager.running() as account:
            monkeypatch.setenv("AWS_ENDPOINT_URL", account.url)
            monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
            session._session.cache_clear()
            yield Aws(account)
    elif entry == "azurekv":
        certificates.make(folder)
        with keyvault.running(folder) as vault:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder / "ca.crt"))
            monkeypatch.setenv("AZURE_AUTHORITY_HOST", vault.url)
            yield Azure(vault)
    else:
        with secretmanager.running("some-project") as project:
            monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", project.address)
            yield Gcp(project)
