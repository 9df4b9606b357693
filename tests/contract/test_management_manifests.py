"""The manifests of a management cluster: what holds for every profile, whatever is added later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from infra.kube.manifests.objects import reference
from infra.management.objects import LABEL, ORDER, Credentials, desired
from infra.management.settings import IMAGES, PROFILES, Settings

Object = dict[str, Any]
CREDENTIALS = Credentials("key", "secret", "token")
CASES = [(profile, simulation) for profile in PROFILES for simulation in (True, False)]
STATE = "s3://a-state/hera?region=eu-west-1"


@cache
def rendered(profile: str, simulation: bool) -> tuple[Object, ...]:
    return tuple(desired(Settings(profile=profile, simulation=simulation, state="" if simulation else STATE), CREDENTIALS))


def of(objects: tuple[Object, ...], *kinds: str) -> Iterator[Object]:
    yield from (obj for obj in objects if obj["kind"] in kinds)


def pods(objects: tuple[Object, ...]) -> Iterator[tuple[str, Object]]:
    yield from ((obj["metadata"]["name"], obj["spec"]["template"]["spec"]) for obj in of(objects, "Deployment"))


def containers(pod: Object) -> list[Object]:
    return [*pod.get("initContainers", ()), *pod["containers"]]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{'simulated' if case[1] else 'real'}")
def objects(request: pytest.FixtureRequest) -> tuple[Object, ...]:
    return rendered(*request.param)


def test_every_object_is_ours_named_once_and_in_order(objects: tuple[Object, ...]) -> None:
    assert all(obj["metadata"]["labels"][LABEL] == "management" for obj in objects)
    names = [reference(obj) for obj in objects]
    assert len(names) == len(set(names))
    ranks = [ORDER.index(obj["kind"]) for obj in objects]
    assert ranks == sorted(ranks)


def test_rendering_is_stable() -> None:
    settings = Settings(simulation=True)
    assert desired(settings, CREDENTIALS) == desired(settings, CREDENTIALS)


def test_images_are_pinned_and_known(objects: tuple[Object, ...]) -> None:
    for name, pod in pods(objects):
        for container in containers(pod):
            assert container["image"] in IMAGES.values(), name
            assert container["imagePullPolicy"] == "IfNotPresent", name
    assert all(not reference.endswith(":latest") and ":" in reference for reference in IMAGES.values())


def test_pods_run_as_nobody_on_a_read_only_disk_within_limits(objects: tuple[Object, ...]) -> None:
    for name, pod in pods(objects):
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"], name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in containers(pod):
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"], name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"], name


def test_namespaces_enforce_the_restricted_level_and_deny_by_default(objects: tuple[Object, ...]) -> None:
    policies = list(of(objects, "NetworkPolicy"))
    denying = {item["metadata"]["namespace"] for item in policies if item["metadata"]["name"] == "default-deny"}
    for space in of(objects, "Namespace"):
        assert space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        assert space["metadata"]["name"] in denying
    for policy in policies:
        assert policy["metadata"]["annotations"]["hera.dev/reason"], policy["metadata"]["name"]
        assert policy["metadata"]["name"] == "default-deny" or "egress" in policy["spec"] or "ingress" in policy["spec"]


def test_rights_are_named_one_by_one(objects: tuple[Object, ...]) -> None:
    assert not list(of(objects, "ClusterRole", "ClusterRoleBinding"))
    for role in of(objects, "Role"):
        for rule in role["rules"]:
            assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"], role["metadata"]["name"]
    for account in of(objects, "ServiceAccount"):
        assert account["metadata"]["namespace"] == "argo" or account["metadata"]["annotations"]["hera.dev/reason"]


def test_accounts_of_the_pipelines_exist(objects: tuple[Object, ...]) -> None:
    accounts = {item["metadata"]["name"] for item in of(objects, "ServiceAccount") if item["metadata"]["namespace"] == "hera"}
    for pipeline in of(objects, "WorkflowTemplate"):
        named = {
            template["serviceAccountName"] for template in pipeline["spec"]["templates"] if template.get("serviceAccountName")
        }
        assert named | {pipeline["spec"]["serviceAccountName"]} <= accounts


def test_secrets_are_only_those_of_a_simulation(objects: tuple[Object, ...]) -> None:
    places = {item["metadata"]["name"] for item in of(objects, "Namespace")}
    assert bool(list(of(objects, "Secret"))) == ("hera-simulation" in places)


def test_pipelines_know_the_state_store_and_whether_they_simulate() -> None:
    for simulation, simulate in ((True, "true"), (False, "false")):
        for pipeline in of(rendered("dev", simulation), "WorkflowTemplate"):
            values = {item["name"]: item.get("value") for item in pipeline["spec"]["arguments"]["parameters"]}
            assert values["simulate"] == simulate
            assert values["state"] == Settings(simulation=simulation, state="" if simulation else STATE).state_url


def test_profiles_differ_where_documented() -> None:
    def controller(profile: str) -> Object:
        return next(
            item for item in of(rendered(profile, False), "Deployment") if item["metadata"]["name"] == "workflow-controller"
        )

    replicas = {profile: controller(profile)["spec"]["replicas"] for profile in PROFILES}
    assert replicas == {"dev": 1, "prod": 2, "argo-default": 1}
    assert {profile for profile in PROFILES if list(of(rendered(profile, False), "PodDisruptionBudget"))} == {"prod"}
    arguments = controller("argo-default")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert not any("workers" in item or "qps" in item for item in arguments)


def test_only_the_controllers_configuration_tells_argos_default_from_ours() -> None:
    def others(profile: str) -> list[Object]:
        mine = ("workflow-controller", "workflow-controller-configmap")
        return [
            item for item in rendered(profile, False) if item["metadata"]["name"] not in mine or item["kind"] == "ServiceAccount"
        ]

    ours, default = json.loads(json.dumps([others("dev"), others("argo-default")]))
    for item in [*ours, *default]:
        item.get("spec", {}).get("template", {}).get("metadata", {}).pop("annotations", None) if item[
            "kind"
        ] == "Deployment" else None
    assert ours == default


def test_the_controllers_configuration_is_yaml_with_the_artifact_store(objects: tuple[Object, ...]) -> None:
    config = next(item for item in of(objects, "ConfigMap") if item["metadata"]["name"] == "workflow-controller-configmap")
    data = yaml.safe_load(config["data"]["config"])
    store = data["artifactRepository"]["s3"]
    assert store["bucket"] and "{{workflow.name}}" in store["keyFormat"]


def test_other_images_replace_all_of_that_name() -> None:
    settings = Settings(simulation=True, images={"argoexec": "r/x:1", "steps": "r/s:1"}, pull="Never")
    text = json.dumps([item for item in desired(settings, CREDENTIALS) if item["kind"] != "CustomResourceDefinition"])
    assert "--executor-image=r/x:1" in text and "--executor-image-pull-policy=Never" in text
    assert IMAGES["argoexec"] not in text and IMAGES["steps"] not in text and "IfNotPresent" not in text


def test_a_nightly_comparison_is_made_for_each_cluster_and_runs() -> None:
    made = {
        item["metadata"]["name"]: item["spec"]
        for item in of(tuple(desired(Settings(state=STATE, drift=("shop",)), CREDENTIALS)), "CronWorkflow")
    }
    assert {name: spec["suspend"] for name, spec in made.items()} == {"drift": True, "drift-shop": False}
    values = {item["name"]: item["value"] for item in made["drift-shop"]["workflowSpec"]["arguments"]["parameters"]}
    assert values == {"cluster": "shop", "actor": "cron:drift"}
