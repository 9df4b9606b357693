"""What Argo CD is told: projects allow what is there and no more, all name the one repository, first things come first."""

from __future__ import annotations

from functools import cache

import pytest
import yaml

from tests.support import overlays
from tests.support.cli import PROJECT
from tests.support.overlays import COMPONENTS, ENVIRONMENTS, K8S, Object

WAVE = "argocd.argoproj.io/sync-wave"
HEALTH = "resource.customizations.health."
WORKLOADS = {("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("", "Service"), ("", "ConfigMap")}
"""What components are made of, whether or not one of each is there."""
REPOSITORY = yaml.safe_load((K8S / "gitops" / "repository" / "repository.yaml").read_text())["data"]


@cache
def built(folder: str) -> tuple[Object, ...]:
    return tuple(overlays.load(overlays.text(K8S / folder)))


def of(kind: str) -> dict[str, Object]:
    return {obj["metadata"]["name"]: obj for obj in (*built("gitops"), *built("gitops/root")) if obj["kind"] == kind}


def applications() -> list[Object]:
    """Every Application's specification, and every one that an ApplicationSet makes."""
    made = [obj["spec"]["template"]["spec"] for obj in of("ApplicationSet").values()]
    return [obj["spec"] for obj in of("Application").values()] + made


def kinds(project: str, scope: str) -> set[tuple[str, str]]:
    return {(item["group"], item["kind"]) for item in of("AppProject")[project]["spec"].get(scope, ())}


def group_and_kind(obj: Object) -> tuple[str, str]:
    return obj["apiVersion"].rpartition("/")[0], obj["kind"]


def platform() -> list[Object]:
    return [obj for environment in ENVIRONMENTS for obj in overlays.built(environment, COMPONENTS)]


def test_the_platform_may_bring_the_kinds_that_it_has_and_no_other() -> None:
    inside = {group_and_kind(obj) for obj in platform() if obj["metadata"].get("namespace")}
    outside = {group_and_kind(obj) for obj in platform() if not obj["metadata"].get("namespace")}
    assert kinds("hera-platform", "namespaceResourceWhitelist") == inside | WORKLOADS
    assert kinds("hera-platform", "clusterResourceWhitelist") == outside


def test_the_platform_goes_to_the_namespaces_that_it_uses_and_no_other() -> None:
    wanted = {obj["metadata"]["namespace"] for obj in platform() if obj["metadata"].get("namespace")}
    assert {item["namespace"] for item in of("AppProject")["hera-platform"]["spec"]["destinations"]} == wanted


def test_pipelines_bring_pipelines_only() -> None:
    assert kinds("hera-pipelines", "namespaceResourceWhitelist") == {group_and_kind(obj) for obj in built("base/workflows")}
    assert kinds("hera-pipelines", "clusterResourceWhitelist") == set()


def test_pipelines_by_git_are_the_rendered_ones() -> None:
    assert built("gitops/workflows") == built("base/workflows")


def test_the_root_brings_what_it_has() -> None:
    assert kinds("hera-gitops", "namespaceResourceWhitelist") == {group_and_kind(obj) for obj in built("gitops")}
    assert kinds("hera-gitops", "clusterResourceWhitelist") == set()


def test_the_project_of_those_who_name_none_is_closed() -> None:
    spec = of("AppProject")["default"]["spec"]
    assert (spec["sourceRepos"], spec["destinations"], spec["clusterResourceWhitelist"]) == ([], [], [])
    assert "default" not in {application["project"] for application in applications()}


def test_everything_names_the_one_repository() -> None:
    assert {application["source"]["repoURL"] for application in applications()} == {REPOSITORY["url"]}
    repositories = {name: obj["spec"]["sourceRepos"] for name, obj in of("AppProject").items()}
    assert repositories == {name: [] if name == "default" else [REPOSITORY["url"]] for name in repositories}
    text = overlays.text(K8S / "gitops") + overlays.text(K8S / "gitops" / "root")
    assert [word for word in ("REPOSITORY", "REVISION", "ENVIRONMENT") if word in text] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_environment_follows_its_own_revision_and_overlay(environment: str) -> None:
    spec = of("ApplicationSet")[f"hera-platform-{environment}"]["spec"]
    assert spec["generators"] == [{"clusters": {"selector": {"matchLabels": {"hera.dev/environment": environment}}}}]
    source = spec["template"]["spec"]["source"]
    assert (source["targetRevision"], source["path"]) == (REPOSITORY[environment], f"k8s/gitops/platform/{environment}")
    assert built(f"gitops/platform/{environment}") == overlays.built(environment)


def test_every_folder_that_is_followed_builds() -> None:
    for application in applications():
        assert overlays.text(PROJECT / application["source"]["path"])


def test_the_server_applies_and_nothing_is_left_behind() -> None:
    for application in applications():
        policy = application["syncPolicy"]
        assert policy["automated"] == {"prune": True, "selfHeal": True}
        assert {"ServerSideApply=true", "PruneLast=true", "FailOnSharedResource=true"} <= {*policy["syncOptions"]}


def test_a_cluster_that_is_no_longer_followed_keeps_what_it_has() -> None:
    policies = [obj["spec"]["syncPolicy"] for obj in of("ApplicationSet").values()]
    assert policies == [{"preserveResourcesOnDeletion": True}] * 4


@pytest.mark.parametrize(
    "first_kinds",
    [
        ("Namespace", "Role", "NetworkPolicy", "PodDisruptionBudget"),
        ("PriorityClass", "ServiceAccount", "ValidatingAdmissionPolicy"),
    ],
)
def test_what_others_need_comes_first(first_kinds: tuple[str, ...]) -> None:
    waves = [
        {int(obj["metadata"].get("annotations", {}).get(WAVE, "0")) for obj in overlays.built("prod") if obj["kind"] == kind}
        for kind in first_kinds
    ]
    assert all(len(found) == 1 for found in waves)
    assert sorted(set.union(*waves)) == [number for found in waves for number in found]


def test_in_argo_cd_projects_come_before_what_uses_them() -> None:
    def waves(kind: str) -> list[int]:
        return [int(obj["metadata"]["annotations"][WAVE]) for obj in built("gitops") if obj["kind"] == kind]

    assert max(waves("AppProject")) < min(waves("ApplicationSet"))


def test_every_resource_of_an_operator_of_ours_has_a_health() -> None:
    files = sorted((PROJECT / "operators").glob("*/manifests/crds.yaml"))
    found = [crd["spec"] for path in files for crd in yaml.safe_load_all(path.read_text())]
    wanted = {f"{HEALTH}{spec['group']}_{spec['names']['kind']}" for spec in found}
    assert wanted == {key for key in of("ConfigMap")["argocd-cm"]["data"] if key.startswith(HEALTH)}


def test_argo_cd_reads_its_settings() -> None:
    for name in ("argocd-cm", "argocd-rbac-cm"):
        metadata = of("ConfigMap")[name]["metadata"]
        assert metadata["labels"]["app.kubernetes.io/part-of"] == "argocd"
        assert metadata["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"
