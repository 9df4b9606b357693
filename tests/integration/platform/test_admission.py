"""Each admission policy refuses what it is there for, in words that say what to do, and lets the rest pass."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from infra.errors import AuthDenied, ConfigRejected
from tests.support import overlays
from tests.support.kubernetes_api import Server
from tests.support.waiting import until

DIGEST = "example.test/app@sha256:" + "0" * 64
Object = dict[str, Any]
Change = Callable[[Object], object]


def pod() -> Object:
    """A pod that nobody has anything against."""
    quiet = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    resources = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}}
    return {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "main", "image": "example.test/app:1.2.3", "resources": resources, "securityContext": quiet}],
    }


def wrapped(kind: str, spec: Object, namespace: str) -> Object:
    template = {"metadata": {"labels": {"app": "try"}}, "spec": spec}
    selector = {"selector": {"matchLabels": {"app": "try"}}}
    job = {"template": template | {"spec": spec | {"restartPolicy": "Never"}}}
    bodies: dict[str, Object] = {
        "Pod": {"apiVersion": "v1", "spec": spec},
        "Deployment": {"apiVersion": "apps/v1", "spec": selector | {"template": template}},
        "StatefulSet": {"apiVersion": "apps/v1", "spec": selector | {"serviceName": "try", "template": template}},
        "DaemonSet": {"apiVersion": "apps/v1", "spec": selector | {"template": template}},
        "ReplicaSet": {"apiVersion": "apps/v1", "spec": selector | {"template": template}},
        "Job": {"apiVersion": "batch/v1", "spec": job},
        "CronJob": {"apiVersion": "batch/v1", "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": job}}},
    }
    return bodies[kind] | {"kind": kind, "metadata": {"name": "try", "namespace": namespace}}


KINDS = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob")


@pytest.fixture(scope="module")
def place(platform: Server) -> Server:
    """The server with a namespace that is not ours: without Pod Security and defaults, so that our policies alone speak."""
    for name, labels in {"theirs": {}, "exempt": {"hera.dev/policies": "exempt"}}.items():
        platform.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    for name in ("theirs", "exempt", "apps", "node-agents", "kube-system"):
        path = f"/api/v1/namespaces/{name}/serviceaccounts"
        until(lambda path=path: any(item["metadata"]["name"] == "default" for item in platform.api.items(path)), path)  # type: ignore[misc]
    until(lambda: all(refuses(platform, case) for case in BAD), "the policies are not in force", pause=0.5)
    return platform


def refuses(server: Server, case: str) -> bool:
    """Tell whether a case is refused by now: each policy comes into force when the API server gets to it."""
    return bool(refusal(server, wrapped("Deployment", changed(BAD[case][0]), "theirs")))


def refusal(server: Server, obj: Object) -> str:
    """Return why an object is refused; empty when it is not."""
    try:
        server.api.apply(obj, manager="somebody", dry_run=True)
    except (ConfigRejected, AuthDenied) as error:
        return error.message
    return ""


def first(change: Change) -> Change:
    return lambda spec: change(spec["containers"][0])


def no_root(spec: Object) -> None:
    spec["securityContext"] = {"seccompProfile": {"type": "RuntimeDefault"}}


def non_root_taken_back(spec: Object) -> None:
    del spec["securityContext"]["runAsUser"]
    spec["containers"][0]["securityContext"]["runAsNonRoot"] = False


def host_path(spec: Object, path: str = "/var/log", *, read_only: bool = True) -> None:
    spec["volumes"] = [{"name": "node", "hostPath": {"path": path}}]
    spec["containers"][0]["volumeMounts"] = [{"name": "node", "mountPath": "/node", "readOnly": read_only}]


def image(name: str) -> Change:
    return first(lambda container: container.update(image=name))


def initial(spec: Object, **changes: object) -> None:
    spec["initContainers"] = [copy.deepcopy(spec["containers"][0]) | {"name": "before"} | changes]


BAD: dict[str, tuple[Change, str]] = {
    "says nothing of root": (no_root, "runAsNonRoot: true"),
    "root by number": (lambda spec: spec["securityContext"].update(runAsUser=0), "runAsNonRoot: true"),
    "root in one container": (first(lambda c: c["securityContext"].update(runAsUser=0)), "runAsNonRoot: true"),
    "a container takes non-root back": (non_root_taken_back, "runAsNonRoot: true"),
    "root in an init container": (lambda spec: initial(spec, securityContext={"runAsUser": 0}), "each of its containers: before"),
    "no resources": (first(lambda c: c.pop("resources")), "requests.cpu, requests.memory and limits.memory"),
    "no limit of memory": (first(lambda c: c["resources"].pop("limits")), "requests.cpu, requests.memory and limits.memory"),
    "no request of cpu": (first(lambda c: c["resources"]["requests"].pop("cpu")), "requests.cpu"),
    "init container without resources": (lambda spec: initial(spec, resources={}), "of each container: before"),
    "image without version": (image("example.test/app"), "name a version or a digest"),
    "image with a port and no version": (image("example.test:5000/app"), "name a version or a digest"),
    "latest": (image("example.test/app:latest"), "name a version or a digest, and not latest: example.test/app:latest"),
    "half a digest": (image("example.test/app@sha256:0000"), "name a version or a digest"),
    "host path": (host_path, "nothing of the node can be used here"),
    "host network": (lambda spec: spec.update(hostNetwork=True), "hostNetwork"),
    "host pid": (lambda spec: spec.update(hostPID=True), "hostPID"),
    "host ipc": (lambda spec: spec.update(hostIPC=True), "hostIPC"),
    "host port": (first(lambda c: c.update(ports=[{"containerPort": 80, "hostPort": 80}])), "hostPort of main"),
    "privileged": (first(lambda c: c.update(securityContext={"privileged": True})), "privileged main"),
}  # fmt: skip
GOOD: dict[str, Change] = {
    "plain": lambda spec: None,
    "by digest": image(DIGEST),
    "registry with a port": image("example.test:5000/team/app:1.0"),
    "non-root by container": lambda spec: (
        spec["securityContext"].pop("runAsNonRoot"),
        spec["securityContext"].pop("runAsUser"),
        first(lambda c: c["securityContext"].update(runAsNonRoot=True))(spec),
    ),
    "an init container": initial,
    "empty dir": lambda spec: spec.update(volumes=[{"name": "tmp", "emptyDir": {}}]),
}


def changed(change: Change) -> Object:
    spec = pod()
    change(spec)
    return spec


@pytest.mark.parametrize("case", BAD)
def test_a_bad_pod_is_refused(place: Server, case: str) -> None:
    change, words = BAD[case]
    message = refusal(place, wrapped("Deployment", changed(change), "theirs"))
    assert message and words in message


@pytest.mark.parametrize("case", GOOD)
@pytest.mark.parametrize("namespace", ["theirs", "apps"])
def test_a_good_pod_passes(place: Server, case: str, namespace: str) -> None:
    assert refusal(place, wrapped("Pod", changed(GOOD[case]), namespace)) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_makes_pods_is_read(place: Server, kind: str) -> None:
    assert refusal(place, wrapped(kind, pod(), "theirs")) == ""
    assert "nothing of the node" in refusal(place, wrapped(kind, changed(host_path), "theirs"))


@pytest.mark.parametrize(
    ("security", "image", "words"),
    [
        pytest.param({"privileged": True}, "example.test/tools:1", "privileged look", id="privileged"),
        pytest.param({"runAsUser": 0}, "example.test/tools:1", "each of its containers: look", id="root"),
        pytest.param({}, "example.test/tools", "name a version or a digest", id="image without version"),
        pytest.param({}, "example.test/tools:1", "", id="harmless"),
    ],
)
def test_a_container_for_debugging_is_a_container(place: Server, security: Object, image: str, words: str) -> None:
    """`kubectl debug` adds one to a pod that is there."""
    made = wrapped("Pod", pod(), "theirs")
    made["metadata"]["name"] = "debugged"
    place.api.apply(made, manager="somebody")
    path = place.api.path_of(made)
    more = {"spec": {"ephemeralContainers": [{"name": "look", "image": image, "securityContext": security}]}}
    message = ""
    try:
        place.api.patch(f"{path}/ephemeralcontainers", more, dryRun="All")
    except (ConfigRejected, AuthDenied) as error:
        message = error.message
    finally:
        place.api.delete(path, grace=0)
    assert words in message if words else message == ""


@pytest.mark.parametrize("namespace", ["kube-system", "exempt"])
def test_system_and_exempt_namespaces_are_left_alone(place: Server, namespace: str) -> None:
    assert refusal(place, wrapped("Pod", changed(host_path), namespace)) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(host_path, "", id="logs, read only"),
        pytest.param(lambda spec: host_path(spec, "/proc"), "", id="proc"),
        pytest.param(lambda spec: host_path(spec, read_only=False), "writable mount in main", id="writable"),
        pytest.param(lambda spec: host_path(spec, "/etc"), "path /etc", id="another path"),
        pytest.param(lambda spec: host_path(spec, "/var/log/../lib"), "must not contain '..'", id="a way around"),
        pytest.param(lambda spec: spec.update(hostNetwork=True), "hostNetwork", id="host network"),
    ],
)
def test_agents_read_the_node_and_no_more(place: Server, change: Change, words: str) -> None:
    message = refusal(place, wrapped("Pod", changed(change), "node-agents"))
    assert (words in message) if words else message == ""


def service(kind: str, labels: Object | None = None, annotations: Object | None = None) -> Object:
    metadata = {"name": "try", "namespace": "theirs", "labels": labels or {}, "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"type": kind, "ports": [{"port": 80}]}}


@pytest.mark.parametrize(
    ("obj", "passes"),
    [
        pytest.param(service("ClusterIP"), True, id="no load balancer"),
        pytest.param(service("LoadBalancer"), False, id="public by forgetting"),
        pytest.param(service("LoadBalancer", {"hera.dev/public": "false"}), False, id="label says no"),
        pytest.param(service("LoadBalancer", {"hera.dev/public": "true"}), True, id="public on purpose"),
        pytest.param(service("LoadBalancer", annotations={"cloud.test/x-load-balancer-internal": "true"}), True, id="internal"),
        pytest.param(
            service("LoadBalancer", annotations={"cloud.test/x-load-balancer-scheme": "internal"}), True, id="internal scheme"
        ),
        pytest.param(
            service("LoadBalancer", annotations={"cloud.test/load-balancer-type": "Internal"}), True, id="internal type"
        ),
        pytest.param(
            service("LoadBalancer", annotations={"cloud.test/x-load-balancer-type": "external"}), False, id="external type"
        ),
    ],
)
def test_a_load_balancer_says_that_it_is_public(place: Server, obj: Object, passes: bool) -> None:
    message = refusal(place, obj)
    assert message == "" if passes else 'label it hera.dev/public: "true"' in message


@pytest.mark.parametrize(("namespace", "passes"), [("apps", True), ("data", False)])
def test_load_balancers_are_for_applications(place: Server, namespace: str, passes: bool) -> None:
    obj = service("LoadBalancer", {"hera.dev/public": "true"})
    obj["metadata"]["namespace"] = namespace
    message = refusal(place, obj)
    assert message == "" if passes else "exceeded quota" in message


def test_by_digest_where_the_environment_asks_for_it(place: Server) -> None:
    policies = {
        environment: next(obj for obj in overlays.built(environment) if overlays.reference(obj)[2] == "hera-images")
        for environment in ("dev", "prod")
    }
    place.api.apply(policies["prod"], manager="hera-platform")
    try:
        until(lambda: "by digest" in refusal(place, wrapped("Pod", pod(), "theirs")), "a version still passes")
        assert refusal(place, wrapped("Pod", changed(image(DIGEST)), "theirs")) == ""
    finally:
        place.api.apply(policies["dev"], manager="hera-platform")
        until(lambda: refusal(place, wrapped("Pod", pod(), "theirs")) == "", "the old policy does not come back")


def test_what_was_there_before_can_still_be_labelled(place: Server) -> None:
    policy = next(
        obj
        for obj in overlays.built("dev")
        if overlays.reference(obj)[:3] == ("ValidatingAdmissionPolicyBinding", "", "hera-host")
    )
    place.api.delete(place.api.path_of(policy))
    old = wrapped("Deployment", changed(host_path), "theirs")
    try:
        until(lambda: refusal(place, old) == "", "the policy still holds")
        place.api.apply(old, manager="somebody")
    finally:
        place.api.apply(policy, manager="hera-platform")
    until(lambda: refusal(place, wrapped("Pod", changed(host_path), "theirs")) != "", "the policy does not come back")
    path = place.api.path_of(old)
    place.api.patch(path, {"metadata": {"labels": {"still": "possible"}}})
    with pytest.raises((ConfigRejected, AuthDenied), match="nothing of the node"):
        place.api.patch(path, {"spec": {"template": {"metadata": {"labels": {"more": "pods"}}}}})
    place.api.delete(path)


def test_pod_security_says_the_same_where_it_is_on(place: Server) -> None:
    message = refusal(place, wrapped("Pod", changed(first(lambda c: c.pop("securityContext"))), "apps"))
    assert "violates PodSecurity" in message


def test_a_quota_holds(place: Server) -> None:
    greedy = changed(
        first(lambda c: c.update(resources={"requests": {"cpu": "100", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}))
    )
    assert "exceeded quota" in refusal(place, wrapped("Pod", greedy, "apps"))


def test_a_container_that_says_nothing_gets_defaults(place: Server) -> None:
    made = place.api.apply(wrapped("Pod", changed(first(lambda c: c.pop("resources"))), "apps"), dry_run=True)
    assert made["spec"]["containers"][0]["resources"]["limits"] == {"memory": "256Mi"}
