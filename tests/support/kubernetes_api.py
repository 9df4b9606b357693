"""A real API server without nodes: etcd, kube-apiserver and the few controllers that admission needs, on loopback ports.

Certificates and files are in a folder of the caller's; the audit policy is the one that Hera ships.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.errors import HeraError
from infra.host import parts, pki
from infra.host.host import Host
from infra.kube.api import Api
from tests.support.background import process
from tests.support.cli import PROJECT
from tests.support.control_plane import apiserver, etcd
from tests.support.ports import free_ports
from tests.support.waiting import until

AUDIT_POLICY = PROJECT / "k8s" / "base" / "audit" / "policy.yaml"
CONTROLLERS = (
    "namespace-controller,serviceaccount-controller,resourcequota-controller,garbage-collector-controller,disruption-controller,"
    "validatingadmissionpolicy-status-controller,persistentvolumeclaim-protection-controller"
)


@dataclass(frozen=True)
class Server:
    """A running API server."""

    api: Api
    kubeconfig: Path
    audit_log: Path


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Start the processes, and end them."""
    host = Host("test", 1, folder, parts.ensure("etcd", "kubernetes", progress=print))
    pki.make(host)
    client, peer, port = free_ports(3)
    with ExitStack() as stack:

        def start(name: str, argv: Sequence[str]) -> None:
            stack.enter_context(process(argv, folder / f"{name}.log"))

        start("etcd", etcd(host.bin, folder, client, peer))
        start("apiserver", apiserver(host.bin, client, port, *_identity(host)))
        api = Api.connect(_kubeconfig(host, "admin", port))
        until(
            lambda: _there(api, "/api/v1/namespaces/default"), f"the API server does not answer; see {folder / 'apiserver.log'}"
        )
        start("controllers", _controllers(host, _kubeconfig(host, "controller-manager", port)))
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        until(lambda: _there(api, account), f"the controllers do nothing; see {folder / 'controllers.log'}")
        yield Server(api, folder / "admin.kubeconfig", folder / "audit.log")


def _there(api: Api, path: str) -> bool:
    try:
        return bool(api.get(path))
    except HeraError:
        return False


def _kubeconfig(host: Host, name: str, port: int) -> Path:
    content = json.loads(pki.kubeconfig(host, name))
    content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    path = host.home / f"{name}.kubeconfig"
    path.write_text(json.dumps(content))
    return path


def _identity(host: Host) -> list[str]:
    return [
        f"--service-cluster-ip-range={host.service_cidr}",
        f"--tls-cert-file={host.pki / 'apiserver.crt'}",
        f"--tls-private-key-file={host.pki / 'apiserver.key'}",
        f"--client-ca-file={host.pki / 'ca.crt'}",
        f"--service-account-key-file={host.pki / 'accounts.pub'}",
        f"--service-account-signing-key-file={host.pki / 'accounts.key'}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        f"--audit-policy-file={AUDIT_POLICY}",
        f"--audit-log-path={host.home / 'audit.log'}",
    ]


def _controllers(host: Host, kubeconfig: Path) -> list[str]:
    return [
        str(host.bin / "kubernetes"),
        "kube-controller-manager",
        f"--kubeconfig={kubeconfig}",
        f"--controllers={CONTROLLERS}",
        f"--service-account-private-key-file={host.pki / 'accounts.key'}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]
