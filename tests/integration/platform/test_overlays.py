"""Every overlay, on a real API server: accepted as it is, applied, and then nothing is left to be done."""

from __future__ import annotations

import subprocess

import pytest

from infra.kube.manifests.compare import changes, paths
from infra.kube.manifests.objects import plain
from tests.support import overlays
from tests.support.kubernetes_api import Server
from tests.support.overlays import COMPONENTS, ENVIRONMENTS

MANAGER = "hera-platform"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_is_accepted_by_the_schema(server: Server, environment: str) -> None:
    """Strictly: a field that the API server does not know is an error, as is one written twice."""
    for obj in overlays.built(environment):
        if obj["kind"] == "Namespace":
            server.api.apply(obj, manager=MANAGER)
    for obj in overlays.built(environment, COMPONENTS):
        query = {"fieldManager": MANAGER, "force": "true", "dryRun": "All", "fieldValidation": "Strict"}
        server.api.patch(server.api.path_of(obj), obj, kind="apply", **query)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_applies_and_then_nothing_is_left_to_do(server: Server, environment: str) -> None:
    made = {overlays.reference(obj): server.api.apply(obj, manager=MANAGER) for obj in overlays.built(environment)}
    for obj in overlays.built(environment):
        again = server.api.apply(obj, manager=MANAGER)
        before = made[overlays.reference(obj)]
        assert again["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"] or not list(
            changes(plain(before), plain(again))
        ), overlays.reference(obj)


def test_what_was_changed_by_hand_shows_and_is_put_right(platform: Server) -> None:
    policy = next(obj for obj in overlays.built("dev") if overlays.reference(obj) == ("NetworkPolicy", "data", "default-deny"))
    path = platform.api.path_of(policy)
    platform.api.apply(policy, manager=MANAGER)
    platform.api.patch(path, {"spec": {"policyTypes": ["Ingress"]}})
    found = list(paths(changes(plain(platform.api.get(path)), plain(platform.api.apply(policy, manager=MANAGER, dry_run=True)))))
    assert found == ["spec.policyTypes"]
    platform.api.apply(policy, manager=MANAGER)
    assert platform.api.get(path)["spec"]["policyTypes"] == ["Ingress", "Egress"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_kubectl_takes_it_too(server: Server, environment: str) -> None:
    """As somebody would by hand, without our code."""
    argv = ["kubectl", "--kubeconfig", str(server.kubeconfig), "apply", "--server-side", "--force-conflicts", "-k"]
    done = subprocess.run([*argv, str(overlays.K8S / "overlays" / environment)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(overlays.built(environment))


def test_the_policies_are_there(platform: Server) -> None:
    """The API server compiles every expression when it takes a policy, so what is there compiles."""
    policies = list(platform.api.items("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"))
    assert {policy["metadata"]["name"] for policy in policies} == {
        "hera-host", "hera-host-paths", "hera-images", "hera-load-balancers", "hera-non-root", "hera-resources"
    }  # fmt: skip
