"""How Argo CD judges our resources and whom it lets in, asked of its own command with the settings as they are rendered."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.host.parts import ensure
from tests.support import overlays
from tests.support.overlays import K8S

NO_CLUSTER = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "none", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "none", "user": {"token": "none"}}],
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "current-context": "none",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the two ConfigMaps, and a kubeconfig of no cluster: the command wants one and does not use it."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "kubeconfig").write_text(json.dumps(NO_CLUSTER))
    for obj in overlays.load(overlays.text(K8S / "gitops")):
        if obj["kind"] == "ConfigMap":
            (folder / f"{obj['metadata']['name']}.yaml").write_text(yaml.safe_dump(obj))
    return folder


def ask(settings: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = ensure("argocd", progress=print) / "argocd"
    environment = {"KUBECONFIG": str(settings / "kubeconfig"), "HOME": str(settings)}
    argv = [str(program), "admin", "settings", *words]
    return subprocess.run(argv, cwd=settings, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def ready(status: str, observed: int = 2) -> dict[str, Any]:
    return {"conditions": [{"type": "Ready", "status": status, "message": "because", "observedGeneration": observed}]}


@pytest.mark.parametrize("kind", ["ClusterSecretStore", "ExternalSecret", "PushSecret", "SecretStore"])
@pytest.mark.parametrize(
    ("status", "health", "message"),
    [
        pytest.param(ready("True"), "Healthy", "because", id="ready"),
        pytest.param(ready("False"), "Degraded", "because", id="not ready"),
        pytest.param(ready("Unknown"), "Progressing", "because", id="unknown"),
        pytest.param(ready("True", 1), "Progressing", "has not seen the last change", id="an old answer"),
        pytest.param(None, "Progressing", "no operator has looked at it yet", id="nobody looked"),
        pytest.param({"conditions": [{"type": "Other", "status": "True"}]}, "Progressing", "no operator", id="another condition"),
    ],
)
def test_health(settings: Path, tmp_path: Path, kind: str, status: object, health: str, message: str) -> None:
    obj = {
        "apiVersion": "secrets.hera.dev/v1",
        "kind": kind,
        "metadata": {"name": "one", "namespace": "apps", "generation": 2},
    }
    path = tmp_path / "object.yaml"
    path.write_text(json.dumps(obj | ({"status": status} if status else {})))
    done = ask(settings, "resource-overrides", "health", str(path), "--argocd-cm-path", "argocd-cm.yaml")
    assert f"STATUS: {health}" in done.stdout, done.stdout + done.stderr
    assert message in done.stdout


@pytest.mark.parametrize(
    ("group", "action", "resource", "may"),
    [
        ("hera:platform-admins", "delete", "applications", "Yes"),
        ("hera:operators", "get", "applications", "Yes"),
        ("hera:operators", "sync", "applications", "Yes"),
        ("hera:operators", "update", "applications", "No"),
        ("hera:operators", "delete", "applications", "No"),
        ("hera:operators", "update", "projects", "No"),
        ("hera:viewers", "get", "applications", "Yes"),
        ("hera:viewers", "sync", "applications", "No"),
        ("hera:viewers", "get", "repositories", "No"),
        ("hera:developers", "get", "applications", "No"),
        ("hera:nobody", "get", "applications", "No"),
    ],
)
def test_people(settings: Path, group: str, action: str, resource: str, may: str) -> None:
    target = ["hera-platform/platform-x"] if resource == "applications" else []
    done = ask(settings, "rbac", "can", group, action, resource, *target, "--policy-file", "argocd-rbac-cm.yaml")
    assert done.stdout.strip() == may, done.stderr
