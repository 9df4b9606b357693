"""Argo CD itself, as processes beside a real API server: each with the account and the rights that k8s/base/rbac gives it.

No web page and no Redis: people use git and kubectl here, and the cache is the one of Argo CD's own tests.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.host import parts
from infra.kube.api import Api
from tests.support.background import process
from tests.support.kubernetes_api import Server
from tests.support.ports import free_ports
from tests.support.waiting import until

NAMESPACE = "argocd"
APPLICATIONS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications"
REFRESH = "argocd.argoproj.io/refresh"


@dataclass(frozen=True)
class ArgoCd:
    """A running Argo CD."""

    api: Api
    folder: Path

    def application(self, name: str) -> dict[str, Any]:
        return self.api.get(f"{APPLICATIONS}/{name}")

    def applications(self) -> set[str]:
        return {item["metadata"]["name"] for item in self.api.items(APPLICATIONS)}

    def refresh(self, name: str) -> None:
        """Tell it that git has something new, as git's webhook would."""
        self.api.patch(f"{APPLICATIONS}/{name}", {"metadata": {"annotations": {REFRESH: "normal"}}})

    def wait_synced(self, name: str, revision: str = "", seconds: float = 60) -> None:
        """Wait until an application is as git has it, at a revision."""
        until(lambda: name in self.applications(), f"there is no application {name}", seconds, pause=0.3)
        until(lambda: self._synced(name, revision), f"{name} is not synced; see {self.folder}", seconds, pause=0.3)

    def _synced(self, name: str, revision: str) -> bool:
        status = self.application(name).get("status", {})
        sync, health = status.get("sync", {}), status.get("health", {})
        return (sync.get("status"), health.get("status")) == ("Synced", "Healthy") and revision in ("", sync.get("revision"))


@contextmanager
def running(server: Server, folder: Path) -> Iterator[ArgoCd]:
    """Start Argo CD on a cluster whose platform is there: definitions, settings, processes."""
    binaries = parts.ensure("argocd", progress=print)
    for path in sorted((binaries / "manifests").iterdir()):
        for obj in yaml.safe_load_all(path.read_text()):
            if obj["kind"] == "Secret":
                obj["stringData"] = {"server.secretkey": secrets.token_hex(16)}  # the web page would make it
            obj["metadata"].setdefault("namespace", NAMESPACE)
            server.api.apply(obj, manager="argocd-install")
    until(lambda: _served(server.api), "the API server does not take Argo CD's definitions")
    cache, repo, *free = free_ports(7)
    with ExitStack() as stack:

        def start(name: str, argv: Sequence[str], **extra: str) -> None:
            stack.enter_context(process(argv, folder / f"{name}.log", _environment(binaries, folder, name, **extra)))

        def start_part(name: str, *argv: str) -> None:
            config = _kubeconfig(server, folder, name)
            start(name, [str(binaries / "argocd"), "--loglevel=info", *argv], KUBECONFIG=str(config))

        there = ["--repo-server-plaintext", "--namespace=argocd"]
        start("argocd-cache", [str(binaries / "argocd-cache"), f"127.0.0.1:{cache}"])
        start_part(
            "argocd-repo-server",
            "--disable-tls",
            "--address=127.0.0.1",
            "--metrics-address=127.0.0.1",
            f"--port={repo}",
            f"--metrics-port={free[0]}",
            f"--redis=127.0.0.1:{cache}",
        )
        start_part(
            "argocd-application-controller",
            *there,
            f"--repo-server=127.0.0.1:{repo}",
            f"--metrics-port={free[1]}",
            f"--redis=127.0.0.1:{cache}",
        )
        start_part(
            "argocd-applicationset-controller",
            *there,
            f"--argocd-repo-server=127.0.0.1:{repo}",
            f"--metrics-addr=127.0.0.1:{free[2]}",
            f"--probe-addr=127.0.0.1:{free[3]}",
            f"--webhook-addr=127.0.0.1:{free[4]}",
        )
        yield ArgoCd(server.api, folder)


def _served(api: Api) -> bool:
    names = {item["name"] for item in api.get("/apis/argoproj.io/v1alpha1")["resources"]}
    return {"applications", "applicationsets", "appprojects"} <= names


def cluster_secret(
    name: str, server: str, labels: Mapping[str, str], annotations: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What tells Argo CD of a cluster."""
    metadata = {
        "name": f"cluster-{name}",
        "namespace": NAMESPACE,
        "labels": {"argocd.argoproj.io/secret-type": "cluster", **labels},
        "annotations": dict(annotations or {}),
    }
    data = {"name": name, "server": server, "config": json.dumps({"tlsClientConfig": {"insecure": False}})}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def _kubeconfig(server: Server, folder: Path, account: str) -> Path:
    """Write a kubeconfig with the account's own token; the accounts without rights get one that opens nothing."""
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token"
    token = server.api.create(path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
    content = json.loads(server.kubeconfig.read_text())
    content["users"][0]["user"] = {"token": token["status"]["token"]}
    target = folder / f"{account}.kubeconfig"
    target.write_text(json.dumps(content))
    return target


def _environment(binaries: Path, folder: Path, name: str, **extra: str) -> dict[str, str]:
    home = folder / name
    home.mkdir()
    folders = {f"ARGOCD_{part}_DATA_PATH": str(home) for part in ("TLS", "SSH")}
    return {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "HOME": str(home),
        "TMPDIR": str(home),
        "ARGOCD_BINARY_NAME": name,
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_SYNC_WAVE_DELAY": "0",  # seconds; 2 on a cluster
        "ARGOCD_PLUGINSOCKFILEPATH": str(home),
        **folders,
        **extra,
    }
