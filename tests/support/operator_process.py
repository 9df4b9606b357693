"""The secrets operator as a process against a real API server, as tests run it: its rights, its log, its figures."""

from __future__ import annotations

import base64
import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.errors import AlreadyExists, HeraError, NotFound
from infra.kube.api import Api
from tests.support import waiting
from tests.support.apiserver import ApiServer
from tests.support.ports import free_ports

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "operators" / "secrets-operator" / "manifests"
USER = "operator"
PROGRAM = ("secrets_operator",)
NAMESPACE = "hera-operators"


@dataclass
class Operator:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def page(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples that have the labels."""
        total = 0.0
        for line in self.page("/metrics")[1].splitlines():
            found = re.match(rf"{name}(?:{{(.*)}})? (\S+)$", line)
            if found and all(f'{key}="{value}"' in (found[1] or "") for key, value in labels.items()):
                total += float(found[2])
        return total

    def memory(self) -> float:
        """Return resident MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


def install(server: ApiServer) -> Api:
    """Apply the operator's manifests, and give its rights to the user that the tests run it as."""
    api = server.connect()
    for name in yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text())["resources"]:
        for item in yaml.safe_load_all((MANIFESTS / name).read_text()):
            for subject in item.get("subjects") or ():
                subject.clear()
                subject.update({"kind": "User", "name": USER, "apiGroup": "rbac.authorization.k8s.io"})
            until(lambda item=item: applied(api, item), f"{name} is not accepted")  # type: ignore[misc]
    return api


def applied(api: Api, item: Mapping[str, Any]) -> bool:
    with suppress(NotFound):
        api.apply(item)
        return True
    return False


@contextmanager
def running(kubeconfig: Path, log: Path, *, wait: bool = True, program: Sequence[str] = PROGRAM) -> Iterator[Operator]:
    """Run one replica until the block ends."""
    port = free_ports(1)[0]
    argv = [sys.executable, "-m", *program, f"--kubeconfig={kubeconfig}", f"--namespace={NAMESPACE}"]
    argv += ["--address=127.0.0.1", f"--port={port}", "--verbose"]
    with log.open("ab") as output:
        process = subprocess.Popen(argv, stdout=output, stderr=output)
    operator = Operator(process, port, log)
    try:
        if wait:
            until(lambda: _leads(operator), "the operator does not lead", 40)
        yield operator
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _leads(operator: Operator) -> bool:
    assert operator.process.poll() is None, operator.log.read_text()[-3000:]
    with suppress(OSError):
        return operator.metric("hera_operator_leader") == 1 and operator.page("/readyz")[0] == 200
    return False


def until(done: Callable[[], bool], otherwise: str, seconds: float = 15.0) -> float:
    """Wait until something holds that an operator does quickly; return how long that took."""
    return waiting.until(done, otherwise, seconds)


def make(api: Api, kind: str, namespace: str, name: str, spec: Mapping[str, Any], **metadata: Any) -> None:
    """Create one of the operator's objects, or a changed one in its place."""
    plural = f"{kind.lower()}s"
    scope = f"/namespaces/{namespace}" if namespace else ""
    path = f"/apis/secrets.hera.dev/v1{scope}/{plural}"
    body = {
        "apiVersion": "secrets.hera.dev/v1",
        "kind": kind,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {}), **metadata},
        "spec": spec,
    }
    try:
        api.create(path, body)
    except AlreadyExists:
        api.patch(f"{path}/{name}", {"spec": spec, "metadata": metadata})


def spoken(api: Api, canary: str, **texts: str) -> list[str]:
    """Return where a value stands that belongs into Secrets only: in texts, our objects, events, the metadata of Secrets."""
    for plural in ("externalsecrets", "secretstores", "pushsecrets", "clustersecretstores"):
        texts[plural] = json.dumps(api.get(f"/apis/secrets.hera.dev/v1/{plural}"))
    texts["events"] = json.dumps(api.get("/api/v1/events"))
    texts["metadata of secrets"] = json.dumps([item["metadata"] for item in api.items("/api/v1/secrets")])
    encoded = base64.b64encode(canary.encode()).decode()[:12]
    return [name for name, text in texts.items() if canary in text or encoded in text]


def gone(api: Api, path: str) -> bool:
    """Tell whether an object is no more."""
    try:
        api.get(path)
    except NotFound:
        return True
    return False


def ready(api: Api, namespace: str, name: str, kind: str = "externalsecret") -> tuple[str, str, str]:
    """Return status, reason and message of an object's condition; empty where there is none yet."""
    try:
        found = api.get(f"/apis/secrets.hera.dev/v1/namespaces/{namespace}/{kind}s/{name}")
    except HeraError:
        return "", "", ""
    first = next((item for item in found.get("status", {}).get("conditions", ()) if item["type"] == "Ready"), None)
    if first is None or first["observedGeneration"] != found["metadata"]["generation"]:
        return "", "", ""
    return first["status"], first["reason"], first["message"]
