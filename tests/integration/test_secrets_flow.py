"""The architecture's flow on a real node: from three clouds' stores to pods that read the values by volume and by environment.

The operator's image and manifests are those that are shipped; tokens of its service account are what the SDKs show to two of the
clouds. The network policy is there and nothing here enforces it.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.host import cluster
from infra.host.host import Host
from infra.host.images import ensure_images, reference
from infra.kube.api import Api, Object
from tests.doubles import keyvault, secretmanager, secretsmanager
from tests.support import certificates, overlays
from tests.support.operator_process import MANIFESTS, NAMESPACE, gone, make, ready, spoken
from tests.support.secret_clouds import Aws, Azure, Cloud, Gcp
from tests.support.surroundings import environment
from tests.support.waiting import until

pytestmark = pytest.mark.management
CANARY = "canary-27bd"
APPS = "apps"
OPERATOR = "hera-secrets-operator"
DEPLOYMENTS = "/apis/apps/v1/namespaces/{}/deployments"
TOKENS = "/var/run/secrets/clouds"
READER = """
import http.server, json, os, pathlib

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        volume = {path.parent.name: path.read_text() for path in pathlib.Path("/secrets").glob("*/value")}
        env = {name.lower(): os.environ[name] for name in ("AWS", "AZUREKV", "GCPSM")}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"volume": volume, "env": env}).encode())

http.server.HTTPServer(("", 8080), Handler).serve_forever()
"""


@dataclass
class Flow:
    host: Host
    api: Api
    clouds: Mapping[str, Cloud]
    aws: secretsmanager.Account
    vault: keyvault.Vault

    def put(self, word: str) -> dict[str, str]:
        """Give every cloud a new value; return what pods are to read."""
        values = {entry: f"{CANARY}-{entry}-{word}" for entry in self.clouds}
        for entry, cloud in self.clouds.items():
            cloud.put("password", values[entry].encode())
        return values

    def lease(self) -> tuple[str, int]:
        spec = self.api.get(f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{OPERATOR}")["spec"]
        return spec["holderIdentity"], spec["leaseTransitions"]

    def pods(self, namespace: str, app: str) -> list[Object]:
        found = self.api.items(f"/api/v1/namespaces/{namespace}/pods", labelSelector=f"app.kubernetes.io/name={app}")
        return [item for item in found if "deletionTimestamp" not in item["metadata"]]

    def read(self, app: str) -> list[dict[str, dict[str, str]]]:
        """Return what each pod of an app reads now; an app that is not there yet reads nothing."""
        return [_asked(item) for item in self.pods(APPS, app)]

    def wait_for(self, namespace: str, name: str) -> None:
        path = f"{DEPLOYMENTS.format(namespace)}/{name}"

        def settled() -> bool:
            found = self.api.get(path)
            status, wanted = found.get("status", {}), found["spec"]["replicas"]
            current = status.get("observedGeneration") == found["metadata"]["generation"]
            return current and status.get("updatedReplicas") == status.get("availableReplicas") == wanted

        until(settled, f"{name} does not become ready", 60, pause=0.2)


def _asked(pod: Object) -> dict[str, dict[str, str]]:
    try:
        with urllib.request.urlopen(f"http://{pod['status'].get('podIP')}:8080", timeout=2) as answer:
            found: dict[str, dict[str, str]] = json.load(answer)
            return found
    except OSError:
        return {}


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    folder = tmp_path_factory.mktemp("flow")
    archive = ensure_images(["secrets-operator"], print)["secrets-operator"]
    with ExitStack() as stack:
        stack.enter_context(environment(HERA_HOME=str(folder / "home")))
        name = f"flow-{os.getpid()}"
        stack.callback(cluster.down, name)
        host = cluster.up(name, progress=print)
        host.load_image(archive)
        certificates.make(folder, host.machine_ip)
        account = stack.enter_context(secretsmanager.running(host.machine_ip))
        vault = stack.enter_context(keyvault.running(folder, host.machine_ip))
        project = stack.enter_context(secretmanager.running("some-project", host.machine_ip))
        api = Api.connect(host.kubeconfig)
        flow = Flow(host, api, {"aws": Aws(account), "azurekv": Azure(vault), "gcpsm": Gcp(project)}, account, vault)
        flow.put("first")
        install(flow, folder, project.address)
        stack.callback(tell, flow)
        flow.wait_for(NAMESPACE, OPERATOR)
        yield flow


def tell(flow: Flow) -> None:
    """Print what the operator said, for whoever looks for the cause of a failure."""
    for item in flow.pods(NAMESPACE, OPERATOR):
        print(item["metadata"]["name"], *flow.api.logs(NAMESPACE, item["metadata"]["name"], "operator", tail=20), sep="\n")


def install(flow: Flow, folder: Path, project: str) -> None:
    """Apply the shipped manifests with what a cluster on these clouds adds: the image's place, and the pods' identities."""
    overlay = folder / "overlay"
    overlay.mkdir()
    up = "/".join([".."] * (len(overlay.resolve().parts) - 1))
    image, tag = reference("secrets-operator").rsplit(":", 1)
    wanted = {
        "resources": [f"{up}{MANIFESTS}"],
        "images": [{"name": "ghcr.io/hera-platform/secrets-operator", "newName": image, "newTag": tag}],
        "patches": [{"patch": yaml.safe_dump(identities(flow, project))}],
        "configMapGenerator": [{"name": "clouds", "namespace": NAMESPACE, "files": ["ca.crt"]}],
        "generatorOptions": {"disableNameSuffixHash": True},
    }
    (overlay / "ca.crt").write_bytes((folder / "ca.crt").read_bytes())
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(wanted))
    for item in overlays.load(overlays.text(overlay)):
        flow.api.apply(item)
    until(lambda: flow.api.get("/apis/secrets.hera.dev/v1")["resources"], "the kinds are not served")


def identities(flow: Flow, project: str) -> dict[str, Any]:
    """Return the patch that the clouds' webhooks would make: a token for each, and where it is to be shown."""
    variables = {
        "AWS_ENDPOINT_URL": flow.aws.url,
        "AWS_REGION": "eu-west-1",
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/secrets-reader",
        "AWS_WEB_IDENTITY_TOKEN_FILE": f"{TOKENS}/aws",
        "AZURE_AUTHORITY_HOST": flow.vault.url,
        "AZURE_CLIENT_ID": "client",
        "AZURE_TENANT_ID": "tenant",
        "AZURE_FEDERATED_TOKEN_FILE": f"{TOKENS}/azure",
        "REQUESTS_CA_BUNDLE": f"{TOKENS}/ca.crt",
        "SECRET_MANAGER_EMULATOR_HOST": project,
    }
    audiences = {"aws": "sts.amazonaws.com", "azure": "api://AzureADTokenExchange"}
    sources: list[dict[str, Any]] = [
        {"serviceAccountToken": {"path": path, "audience": audience}} for path, audience in audiences.items()
    ]
    container = {
        "name": "operator",
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "volumeMounts": [{"name": "clouds", "mountPath": TOKENS, "readOnly": True}],
    }
    volume = {"name": "clouds", "projected": {"sources": [*sources, {"configMap": {"name": "clouds"}}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": OPERATOR, "namespace": NAMESPACE},
        "spec": {"template": {"spec": {"containers": [container], "volumes": [volume]}}},
    }


def store_options(flow: Flow) -> dict[str, dict[str, Any]]:
    """Return each cloud's options: no key in any of them."""
    vault = {"vaultUrl": flow.vault.url, "environmentType": "AzureStackCloud"}
    return {"aws": {"region": "eu-west-1"}, "azurekv": vault, "gcpsm": flow.clouds["gcpsm"].options}


def reader(name: str, **annotations: str) -> dict[str, Any]:
    """Return a Deployment of one pod that tells what it reads."""
    entries = ("aws", "azurekv", "gcpsm")
    container = {
        "name": "main",
        "image": reference("secrets-operator"),
        "command": ["python", "-c", READER],
        "env": [{"name": entry.upper(), "valueFrom": {"secretKeyRef": {"name": entry, "key": "value"}}} for entry in entries],
        "volumeMounts": [{"name": entry, "mountPath": f"/secrets/{entry}", "readOnly": True} for entry in entries],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
    }
    pod = {
        "containers": [container],
        "volumes": [{"name": entry, "secret": {"secretName": entry}} for entry in entries],
        "terminationGracePeriodSeconds": 1,
    }
    labels = {"app.kubernetes.io/name": name}
    return {
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }


def test_pods_read_by_volume_and_by_environment_what_three_clouds_hold(flow: Flow) -> None:
    flow.api.create("/api/v1/namespaces", {"metadata": {"name": APPS}})
    values = flow.put("second")
    for entry, options in store_options(flow).items():
        make(flow.api, "SecretStore", APPS, entry, {"provider": {entry: options}})
        data = [{"secretKey": "value", "remoteRef": {"key": "password"}}]
        spec = {"secretStoreRef": {"name": entry}, "refreshInterval": "1s", "data": data}
        make(flow.api, "ExternalSecret", APPS, entry, spec)
    for entry in flow.clouds:
        until(lambda entry=entry: ready(flow.api, APPS, entry)[0], f"nothing is said about {entry}", 30)  # type: ignore[misc]
        assert ready(flow.api, APPS, entry)[0] == "True", ready(flow.api, APPS, entry)[2]
        store = f"/apis/secrets.hera.dev/v1/namespaces/{APPS}/secretstores/{entry}"
        until(
            lambda store=store: flow.api.get(store).get("status", {}).get("conditions"), f"nothing is said of store {entry}", 30
        )  # type: ignore[misc]
        assert [item["type"] for item in flow.api.get(store)["status"]["conditions"]] == ["Ready"]
    flow.api.create(DEPLOYMENTS.format(APPS), reader("plain"))
    flow.api.create(DEPLOYMENTS.format(APPS), reader("restarted", **{"secrets.hera.dev/restart": "true"}))
    for name in ("plain", "restarted"):
        flow.wait_for(APPS, name)
        assert flow.read(name) == [{"volume": values, "env": values}]


@pytest.mark.parametrize("cloud", ["aws", "vault"])
def test_the_operator_shows_its_service_account_s_token_and_no_key(flow: Flow, cloud: str) -> None:
    shown = getattr(flow, cloud).assertions
    payload = shown[-1].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["sub"] == f"system:serviceaccount:{NAMESPACE}:{OPERATOR}"


def test_a_rotation_reaches_pods_although_the_leader_is_killed_in_between(flow: Flow) -> None:
    before, (holder, term) = _volume(flow, "plain"), flow.lease()
    kill(next(item for item in flow.pods(NAMESPACE, OPERATOR) if holder.startswith(item["metadata"]["name"])))
    values = flow.put("third")
    until(lambda: flow.lease()[1] > term and flow.lease()[0] != holder, "nobody took over", 20)
    until(lambda: {"volume": values, "env": values} in flow.read("restarted"), "not restarted with the new values", 40, pause=0.2)
    until(lambda: _volume(flow, "plain") == values, "the volume does not follow", 40, pause=0.2)
    assert flow.read("plain") == [{"volume": values, "env": before}]


def _volume(flow: Flow, app: str) -> dict[str, str]:
    return next(iter(flow.read(app)), {}).get("volume", {})


def kill(pod: Object) -> None:
    """End the operator's process in a pod as a crash would."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words, group = (path / "cmdline").read_bytes(), (path / "cgroup").read_text()
        except OSError:
            continue
        if b"secrets_operator" in words and pod["metadata"]["uid"] in group:
            os.kill(int(path.name), signal.SIGKILL)
            return
    raise AssertionError(f"{pod['metadata']['name']} has no process")


def test_only_one_of_the_two_replicas_may_be_evicted(flow: Flow) -> None:
    flow.wait_for(NAMESPACE, OPERATOR)
    budget = f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets/{OPERATOR}"
    until(lambda: flow.api.get(budget)["status"]["disruptionsAllowed"] == 1, "the budget is not counted", 20)
    first, second = (item["metadata"]["name"] for item in flow.pods(NAMESPACE, OPERATOR))
    assert evict(flow, first) == ""
    assert "disruption budget" in evict(flow, second)
    flow.wait_for(NAMESPACE, OPERATOR)


def evict(flow: Flow, pod: str) -> str:
    """Ask once for an eviction and return the refusal, or nothing; our own client would ask until the budget allows it."""
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": NAMESPACE}}
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction"
    argv = ["kubectl", "--kubeconfig", str(flow.host.kubeconfig), "create", "--raw", path, "-f", "-"]
    done = subprocess.run(argv, input=json.dumps(body), capture_output=True, text=True, timeout=30)
    return done.stderr if done.returncode else ""


def test_what_the_operator_may_not_do_is_refused(flow: Flow) -> None:
    account = f"system:serviceaccount:{NAMESPACE}:{OPERATOR}"
    for verb, resource in (("create", "pods"), ("update", "secrets"), ("get", "configmaps"), ("create", "clusterrolebindings")):
        group = "rbac.authorization.k8s.io" if "role" in resource else ""
        attributes = {"verb": verb, "resource": resource, "group": group, "namespace": APPS}
        body = {"spec": {"user": account, "resourceAttributes": attributes}}
        assert flow.api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", body)["status"]["allowed"] is False


def test_no_value_is_said_by_any_replica(flow: Flow) -> None:
    texts = {}
    flow.wait_for(NAMESPACE, OPERATOR)
    for item in flow.pods(NAMESPACE, OPERATOR):
        name = item["metadata"]["name"]
        texts[name] = "\n".join(flow.api.logs(NAMESPACE, name, "operator"))
        assert "waiting to lead" in texts[name]
    logs = flow.host.home.rglob("*.log")
    texts |= {str(path): path.read_text(errors="replace") for path in logs if OPERATOR in str(path)}
    assert spoken(flow.api, CANARY, **texts) == []


def test_a_deleted_external_secret_takes_its_secret_along(flow: Flow) -> None:
    flow.api.delete(f"/apis/secrets.hera.dev/v1/namespaces/{APPS}/externalsecrets/aws")
    until(lambda: gone(flow.api, f"/api/v1/namespaces/{APPS}/secrets/aws"), "the Secret stays", 30)
