"""A local port that ends at a Service's pod, by the API server's port-forward: for what is reachable only inside the cluster."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from infra.errors import NotFound
from infra.kube.api import Api
from infra.kube.errors import Unavailable


@contextmanager
def tunnel(api: Api, namespace: str, service: str, port: int) -> Iterator[int]:
    """Give a port of 127.0.0.1 that leads to a Service's port until the block ends; takes several connections at once."""
    pod, target = _pod(api, namespace, service, port)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        threading.Thread(target=_accept, args=(server, api, namespace, pod, target), daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)


def _pod(api: Api, namespace: str, service: str, port: int) -> tuple[str, int]:
    """Return a ready pod behind the Service, and its port."""
    root = f"/api/v1/namespaces/{namespace}"
    spec = api.get(f"{root}/services/{service}")["spec"]
    wanted = next((item for item in spec["ports"] if item["port"] == port), None)
    if wanted is None:
        raise NotFound(f"the service {namespace}/{service} has no port {port}")
    selector = ",".join(f"{key}={value}" for key, value in (spec.get("selector") or {}).items())
    for pod in api.items(f"{root}/pods", labelSelector=selector):
        if _ready(pod):
            return pod["metadata"]["name"], _number(pod, wanted.get("targetPort", port))
    raise Unavailable(f"no pod of the service {namespace}/{service} is ready", next_step="clusterctl bootstrap --check")


def _ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def _number(pod: dict[str, Any], target: int | str) -> int:
    named = {
        item.get("name"): item["containerPort"]
        for container in pod["spec"]["containers"]
        for item in container.get("ports") or ()
    }
    return int(named.get(target, target))


def _accept(server: socket.socket, api: Api, namespace: str, pod: str, port: int) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, api, namespace, pod, port), daemon=True).start()


def _serve(connection: socket.socket, api: Api, namespace: str, pod: str, port: int) -> None:
    """Carry one connection; when the far side cannot be reached it is simply closed, as a refused one."""
    with connection, suppress(OSError, Unavailable):
        forward = _forward(api, namespace, pod, port)
        far = forward.socket(port)
        back = threading.Thread(target=_copy, args=(far, connection), daemon=True)
        back.start()
        _copy(connection, far)
        forward.close()
        back.join(timeout=5)


def _forward(api: Api, namespace: str, pod: str, port: int) -> Any:
    from kubernetes.client import ApiException
    from kubernetes.stream import ws_client

    auth = {item["key"]: item["value"] for item in api.client.configuration.auth_settings().values()}
    url = f"{api.server}/api/v1/namespaces/{namespace}/pods/{pod}/portforward"
    headers = auth | {"sec-websocket-protocol": "v4.channel.k8s.io"}
    try:
        call: Any = ws_client.portforward_call
        return call(api.client.configuration, "GET", url, query_params=[("ports", str(port))], headers=headers)
    except ApiException as error:
        raise Unavailable(f"no tunnel to {namespace}/{pod}:{port}", detail=str(error)) from error


def _copy(source: Any, target: Any) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
