"""Google Secret Manager over gRPC, with the SDK's own messages and the real service's names, for the real SDK.

True to the protocol: create, versions, `latest`, disabled versions, labels, paging, checksums, the status codes and their texts.
Not in it: IAM below "may or may not", replication, rotation, expiry, etags, regional secrets (`fault` answers a call instead).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import google_crc32c
import grpc
from google.cloud import secretmanager_v1 as sm
from google.protobuf import empty_pb2

SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"
Fault = Callable[[str, str], tuple[grpc.StatusCode, str] | None]


@dataclass
class Kept:
    labels: dict[str, str] = field(default_factory=dict)
    versions: list[bytes] = field(default_factory=list)
    disabled: set[int] = field(default_factory=set)


@dataclass
class Project:
    """What the project holds; `fault` may answer a call instead; `corrupt` spoils the checksums."""

    name: str
    address: str = ""
    secrets: dict[str, Kept] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    fault: Fault = lambda method, key: None
    pause: float = 0.0
    corrupt: bool = False

    def put(self, name: str, value: bytes, labels: dict[str, str] | None = None) -> None:
        kept = self.secrets.setdefault(name, Kept())
        kept.versions.append(value)
        kept.labels.update(labels or {})


@contextmanager
def running(name: str, address: str = "127.0.0.1") -> Iterator[Project]:
    """Serve one project; `project.address` is where."""
    project = Project(name)
    server = grpc.server(ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, _handlers(project)),))
    project.address = f"{address}:{server.add_insecure_port(f'{address}:0')}"
    server.start()
    try:
        yield project
    finally:
        server.stop(0)


def _handlers(project: Project) -> dict[str, Any]:
    calls: dict[str, tuple[Any, Callable[[Project, Any, Any], Any]]] = {
        "AccessSecretVersion": (sm.AccessSecretVersionRequest, _access),
        "GetSecret": (sm.GetSecretRequest, _get),
        "ListSecrets": (sm.ListSecretsRequest, _list),
        "CreateSecret": (sm.CreateSecretRequest, _create),
        "AddSecretVersion": (sm.AddSecretVersionRequest, _add),
        "DeleteSecret": (sm.DeleteSecretRequest, _delete),
    }
    return {
        method: grpc.unary_unary_rpc_method_handler(
            _guarded(project, method, call),
            request_deserializer=request.deserialize,
            response_serializer=lambda answer: (
                answer.SerializeToString() if isinstance(answer, empty_pb2.Empty) else type(answer).serialize(answer)
            ),
        )
        for method, (request, call) in calls.items()
    }


def _guarded(project: Project, method: str, call: Callable[[Project, Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def answer(request: Any, context: Any) -> Any:
        time.sleep(project.pause)
        found = project.fault(method, getattr(request, "name", ""))
        if found:
            context.abort(*found)
        return call(project, request, context)

    return answer


def _kept(project: Project, name: str, context: Any) -> tuple[str, Kept]:
    _, owner, _, key = name.split("/")[:4]
    if owner != project.name:
        context.abort(grpc.StatusCode.PERMISSION_DENIED, f"Permission denied on resource project {owner}.")
    if key not in project.secrets:
        context.abort(grpc.StatusCode.NOT_FOUND, f"Secret [projects/1/secrets/{key}] not found.")
    return key, project.secrets[key]


def _access(project: Project, request: Any, context: Any) -> Any:
    project.reads.append(request.name.split("/")[3])
    key, kept = _kept(project, request.name, context)
    asked = request.name.rsplit("/", 1)[-1]
    number = len(kept.versions) if asked == "latest" else int(asked) if asked.isdigit() else 0
    if not 1 <= number <= len(kept.versions):
        context.abort(grpc.StatusCode.NOT_FOUND, f"Secret [projects/1/secrets/{key}] not found or has no versions.")
    if number in kept.disabled:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"Secret Version [{request.name}] is in DISABLED state.")
    data = kept.versions[number - 1]
    checksum = google_crc32c.value(data) + (1 if project.corrupt else 0)
    payload = sm.SecretPayload(data=data, data_crc32c=checksum)
    return sm.AccessSecretVersionResponse(name=f"projects/1/secrets/{key}/versions/{number}", payload=payload)


def _get(project: Project, request: Any, context: Any) -> Any:
    key, kept = _kept(project, request.name, context)
    return sm.Secret(name=f"projects/1/secrets/{key}", labels=kept.labels)


def _list(project: Project, request: Any, context: Any) -> Any:
    names, start = sorted(project.secrets), int(request.page_token or 0)
    size = request.page_size or 50
    page = [
        sm.Secret(name=f"projects/1/secrets/{key}", labels=project.secrets[key].labels) for key in names[start : start + size]
    ]
    more = str(start + size) if start + size < len(names) else ""
    return sm.ListSecretsResponse(secrets=page, next_page_token=more)


def _create(project: Project, request: Any, context: Any) -> Any:
    if request.secret_id in project.secrets:
        context.abort(grpc.StatusCode.ALREADY_EXISTS, f"Secret [{request.secret_id}] already exists.")
    project.secrets[request.secret_id] = Kept(dict(request.secret.labels))
    return sm.Secret(name=f"projects/1/secrets/{request.secret_id}", labels=request.secret.labels)


def _add(project: Project, request: Any, context: Any) -> Any:
    key, kept = _kept(project, request.parent, context)
    kept.versions.append(bytes(request.payload.data))
    return sm.SecretVersion(name=f"projects/1/secrets/{key}/versions/{len(kept.versions)}")


def _delete(project: Project, request: Any, context: Any) -> Any:
    key, _ = _kept(project, request.name, context)
    del project.secrets[key]
    return empty_pb2.Empty()
