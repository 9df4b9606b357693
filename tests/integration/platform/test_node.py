"""The platform on a cluster with a node: metrics-server answers, and network policies hold for connections of real pods.

The pods carry the labels of the table in tests/support/reachability.py and listen at every port of it. The engine is
kube-router's firewall (tests/support/enforcement.py).
"""

from __future__ import annotations

import copy
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from infra.host import cluster
from infra.host.host import Host
from infra.host.parts import ensure
from infra.kube.api import Api
from tests.support import enforcement, overlays, reachability
from tests.support import host as support
from tests.support.outside import Outside, outside
from tests.support.surroundings import environment
from tests.support.traffic import End
from tests.support.waiting import until

pytestmark = pytest.mark.management
METRICS_SERVER = "localhost/hera/metrics-server:dev"
PODS = (
    "plain", "caller", "controller", "redis-client", "measured", "argocd-server", "argocd-repo-server",
    "argocd-notifications-controller", "redis", "mongo", "backup", "redis-operator", "secrets-operator", "prometheus",
    "otel-collector", "grafana", "fluent-bit", "kube-dns", "stranger", "ingress",
)  # fmt: skip
Answers = dict[tuple[str, str, str], bool]


@dataclass(frozen=True)
class Place:
    """A cluster with the platform and the table's pods on it."""

    host: Host
    api: Api
    ends: Mapping[str, End]
    world: Outside

    def dial(self, source: str, lines: list[str]) -> list[str]:
        """Try connections from a pod, or from one of the addresses outside."""
        end = self.ends[source]
        if not end.namespace:
            return self.world.dial([f"{end.address} {line}" for line in lines])
        text = "\n".join(f"- {line}" for line in lines)
        done = kubectl(self.host, "exec", "-i", "-n", end.namespace, source, "--", "/probe", "dial", stdin=text)
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\n")[: len(lines)]


def kubectl(host: Host, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    argv = ["kubectl", "--kubeconfig", str(host.kubeconfig), *words]
    return subprocess.run(argv, input=stdin, capture_output=True, text=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, name = tmp_path_factory.mktemp("node"), f"node-{os.getpid()}"
    with environment(HERA_HOME=str(folder / "home")):
        try:
            host = cluster.up(name, progress=print)
            enforcement.settle(host)
            support.load_probe(host, folder)
            program = ensure("metrics-server", progress=print) / "metrics-server"
            support.load_program(host, folder, program, METRICS_SERVER)
            api = Api.connect(host.kubeconfig)
            install(api)
            addresses = start(api)
            with outside(host, folder / "probe", reachability.OUTSIDE, list(map(str, reachability.PORTS))) as world:
                yield Place(host, api, addresses, world)
        finally:
            cluster.down(name)


def install(api: Api) -> None:
    """Apply the platform with metrics-server; its image is the one built here, and nothing else differs."""
    for obj in copy.deepcopy(overlays.built("dev", ("metrics-server",))):
        if overlays.reference(obj)[::2] == ("Deployment", "metrics-server"):
            obj["spec"]["template"]["spec"]["containers"][0]["image"] = METRICS_SERVER
        api.apply(obj, manager="hera-platform")
    for namespace, labels in reachability.FOREIGN.items():
        if namespace != "kube-system":
            api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}})


def start(api: Api) -> dict[str, End]:
    """Run a pod for each name; return the table's ends with the addresses that they got."""
    ends = {name: end for name, end in reachability.ends().items() if name in PODS or not end.namespace}
    path = "/api/v1/namespaces/{}/pods"
    for name in PODS:
        until(lambda end=ends[name]: support.create(api, path.format(end.namespace), listener(end)), f"no pod {name}")  # type: ignore[misc]

    def address(name: str) -> str:
        status = api.get(f"{path.format(ends[name].namespace)}/{name}")["status"]
        return str(status["podIP"]) if status.get("phase") == "Running" else ""

    for name in PODS:
        until(lambda name=name: address(name), f"{name} does not run", 120, pause=0.3)  # type: ignore[misc]
    return {name: replace(end, address=address(name)) if end.namespace else end for name, end in ends.items()}


def listener(end: End) -> dict[str, Any]:
    """A pod that the platform has nothing against, and that may open ports below 1024."""
    body = support.pod(end.name, "listen", end.name, "", *map(str, reachability.PORTS), restart="Always")
    body["metadata"]["labels"] = dict(end.labels)
    body["spec"] |= {
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
            "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
        },
    }
    body["spec"]["containers"][0] |= {
        "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    return body


def connections(place: Place) -> Answers:
    """Try every question of the table about these ends; an answer must come from whom it was asked of."""
    asked = [
        (one.name, other.name, port)
        for one, other, port in reachability.questions()
        if one.name in place.ends and other.name in place.ends and one.name != other.name
    ]

    def ask(source: str) -> Answers:
        mine = [(target, port) for one, target, port in asked if one == source]
        answers = place.dial(source, [f"{place.ends[target].address} {port}" for target, port in mine])
        wrong = [(source, target, said) for (target, _), said in zip(mine, answers, strict=True) if said not in ("", target)]
        assert wrong == []
        return {(source, target, str(port)): bool(said) for (target, port), said in zip(mine, answers, strict=True)}

    with ThreadPoolExecutor(4) as pool:
        return {question: yes for found in pool.map(ask, place.ends) for question, yes in found.items()}


def wanted(answers: Answers) -> Answers:
    allowed = reachability.allowed()
    return {question: question in allowed for question in answers}


def different(found: Answers, right: Answers) -> dict[str, list[tuple[str, str, str]]]:
    return {
        "too much": sorted(question for question in found if found[question] and not right[question]),
        "too little": sorted(question for question in found if right[question] and not found[question]),
    }


@pytest.fixture(scope="module")
def enforced(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The place once policies are in force."""
    log = tmp_path_factory.mktemp("engine") / "kube-router.log"
    with enforcement.enforced(place.host, log):
        wait_for(place, "stranger", "redis", "6379", False)
        time.sleep(enforcement.MEMORY)
        yield place


def wait_for(place: Place, source: str, target: str, port: str, passes: bool) -> None:
    """Wait until a connection passes, or does not."""
    line = [f"{place.ends[target].address} {port}"]
    wanted = target if passes else ""
    until(lambda: place.dial(source, line) == [wanted], f"{source} to {target}:{port} is not {passes}", 60, pause=0.5)


def test_without_enforcement_everybody_reaches_everybody(place: Place) -> None:
    found = connections(place)
    assert len(found) > 10_000
    assert [question for question, yes in found.items() if not yes] == []


def test_connections_are_what_the_table_names(enforced: Place) -> None:
    found = connections(enforced)
    assert different(found, wanted(found)) == {"too much": [], "too little": []}


@pytest.mark.parametrize(
    ("left_out", "namespace", "source", "target", "port", "passes"),
    [
        pytest.param("allow-redis-clients", "data", "redis-client", "redis", "6379", False, id="an allow"),
        pytest.param("default-deny", "argocd", "stranger", "argocd-notifications-controller", "22", True, id="the deny"),
    ],
)
def test_a_policy_that_is_taken_away_is_missed(
    enforced: Place, left_out: str, namespace: str, source: str, target: str, port: str, passes: bool
) -> None:
    path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{left_out}"
    policy = next(obj for obj in overlays.built("dev") if overlays.reference(obj) == ("NetworkPolicy", namespace, left_out))
    enforced.api.delete(path)
    try:
        wait_for(enforced, source, target, port, passes)
    finally:
        enforced.api.apply(policy, manager="hera-platform")
    wait_for(enforced, source, target, port, not passes)


@pytest.mark.parametrize(
    ("source", "port", "answer"),
    [
        ("controller", 6443, "silent"),
        ("plain", 6443, ""),
        ("prometheus", 10250, "silent"),
        ("controller", 10250, ""),
        ("argocd-repo-server", 6443, ""),
    ],
)
def test_the_real_api_server_and_kubelet(enforced: Place, source: str, port: int, answer: str) -> None:
    """They wait for a greeting, so a connection to them is silent."""
    assert enforced.dial(source, [f"{enforced.host.node_ip} {port}"]) == [answer]


def test_by_way_of_a_service(enforced: Place) -> None:
    """Policies see the pod behind a Service's address."""
    spec = {"selector": {reachability.NAME: "redis"}, "ports": [{"port": 6379}]}
    made = enforced.api.create(
        "/api/v1/namespaces/data/services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "redis"}, "spec": spec}
    )
    line = [f"{made['spec']['clusterIP']} 6379"]
    until(lambda: enforced.dial("redis-client", line) == ["redis"], "the Service does not answer", 30, pause=0.5)
    assert enforced.dial("plain", line) == [""]


def test_top_gives_numbers(enforced: Place) -> None:
    """With the policies in force, which hold metrics-server too."""
    until(lambda: kubectl(enforced.host, "top", "pod", "redis", "-n", "data").returncode == 0, "no numbers", 90, pause=1)
    node = kubectl(enforced.host, "top", "nodes", "--no-headers").stdout.split()
    pod = kubectl(enforced.host, "top", "pods", "-n", "data", "--no-headers").stdout
    assert node[0] == enforced.host.node
    assert number(node[1], "m") > 0 and number(node[3], "Mi") > 50
    figures = {line.split()[0]: number(line.split()[2], "Mi") for line in pod.splitlines()}
    assert figures.keys() == {"redis", "mongo"}
    assert all(0 < memory < 64 for memory in figures.values())


def number(text: str, unit: str) -> int:
    assert text.endswith(unit), text
    return int(text.removesuffix(unit))
