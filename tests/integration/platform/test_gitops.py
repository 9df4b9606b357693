"""Argo CD with our applications: what git says comes about, what somebody changed is put back, what left git leaves the cluster.

A real Argo CD (its controllers, each with the rights of k8s/base/rbac), a real API server and a git repository on this machine.
The platform is applied directly first, so that handing over to Argo CD is part of it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.errors import NotFound
from infra.kube.api import Api
from tests.support import argocd, kubernetes_api, overlays
from tests.support.argocd import APPLICATIONS, ArgoCd
from tests.support.documents import shell_lines, type_line
from tests.support.overlays import K8S, Object
from tests.support.waiting import until

DIRECT = "hera-platform"
POLICY = "/apis/networking.k8s.io/v1/namespaces/data/networkpolicies/{}"
TEMPLATES = "/apis/argoproj.io/v1alpha1/namespaces/hera/workflowtemplates"
ROLE = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/backup"}
SERVERS = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")
TRACKING = "argocd.argoproj.io/tracking-id"


@dataclass(frozen=True)
class Git:
    """A repository with our k8s/ in it."""

    folder: Path

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def run(self, *words: str) -> str:
        who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.test"]
        return subprocess.run(["git", *who, *words], cwd=self.folder, capture_output=True, text=True, check=True).stdout.strip()

    def commit(self, message: str) -> str:
        """Commit what is there; return the revision."""
        self.run("add", "-A")
        self.run("commit", "-q", "-m", message)
        return self.run("rev-parse", "HEAD")

    def edit(self, path: str, before: str, after: str) -> None:
        file = self.folder / path
        text = file.read_text()
        assert text.count(before) == 1, f"{before!r} is {text.count(before)} times in {path}"
        file.write_text(text.replace(before, after))


@dataclass(frozen=True)
class World:
    """A cluster that was handed over to Argo CD."""

    git: Git
    argo: ArgoCd
    kubeconfig: Path
    before: dict[tuple[str, str, str], Object]

    @property
    def api(self) -> Api:
        return self.argo.api


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """A fork: the repository named in the one file that names it, and the branch that prod follows."""
    found = Git(tmp_path_factory.mktemp("fork"))
    shutil.copytree(K8S, found.folder / "k8s", ignore=shutil.ignore_patterns("management", "__pycache__"))
    found.edit("k8s/gitops/repository/repository.yaml", "https://github.com/hera-platform/hera.git", found.url)
    found.run("init", "-q", "-b", "main")
    found.commit("the platform")
    found.run("branch", "production")
    return found


@pytest.fixture(scope="module")
def world(git: Git, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("argocd")
    (folder / "api").mkdir()
    with kubernetes_api.running(folder / "api") as server:
        for obj in [*overlays.built("dev", ("node-metadata",)), *pipelines()]:
            server.api.apply(obj, manager=DIRECT)
        server.api.patch(*account("backup", ROLE))
        before = {overlays.reference(obj): server.api.get(server.api.path_of(obj)) for obj in handed_over()}
        with argocd.running(server, folder) as argo:
            for secret in clusters():
                server.api.apply(secret)
            for line in shell_lines("gitops.md", "Begin"):
                type_line(line, server.kubeconfig, git.folder)
            yield World(git, argo, server.kubeconfig, before)


def pipelines() -> list[Object]:
    """What a management cluster has before its pipelines: their namespace and Argo Workflows' definitions."""
    names = ("workflowtemplates", "cronworkflows")
    crds = [json.loads((K8S / "management" / "argo" / "crds" / f"argoproj.io_{name}.json").read_text()) for name in names]
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "hera"}}, *crds]


def handed_over() -> list[Object]:
    return list(overlays.built("dev", ("node-metadata",)))


def account(name: str, annotations: dict[str, str]) -> tuple[str, Object]:
    """What the platform stage does with an account's identity."""
    return f"/api/v1/namespaces/hera-backup/serviceaccounts/{name}", {"metadata": {"annotations": annotations}}


def clusters() -> list[Object]:
    """This cluster, which the document makes dev and management at once, and two more, of which only the names are needed."""
    return [
        argocd.cluster_secret("in-cluster", "https://kubernetes.default.svc", {}),
        argocd.cluster_secret("staging-1", "https://127.0.0.1:1", {"hera.dev/environment": "staging"}),
        argocd.cluster_secret("prod-1", "https://127.0.0.1:2", {"hera.dev/environment": "prod"}),
    ]


def plain(obj: Object) -> Object:
    """An object without what the API server adds, and without Argo CD's own mark."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in SERVERS}
    annotations = {key: value for key, value in metadata.pop("annotations", {}).items() if key != TRACKING}
    return {key: value for key, value in obj.items() if key != "status"} | {"metadata": metadata, "annotations": annotations}


def test_each_environment_gets_an_application_for_each_of_its_clusters(world: World) -> None:
    expected = {"hera", "platform-in-cluster", "platform-staging-1", "platform-prod-1", "pipelines-in-cluster"}
    until(lambda: world.argo.applications() == expected, "the applications are not those", 60, pause=0.5)
    specs = {name: world.argo.application(name)["spec"] for name in expected}
    assert {
        name: (spec["source"]["path"], spec["source"]["targetRevision"], spec["project"]) for name, spec in specs.items()
    } == {
        "hera": ("k8s/gitops", "main", "hera-gitops"),
        "platform-in-cluster": ("k8s/gitops/platform/dev", "main", "hera-platform"),
        "platform-staging-1": ("k8s/gitops/platform/staging", "main", "hera-platform"),
        "platform-prod-1": ("k8s/gitops/platform/prod", "production", "hera-platform"),
        "pipelines-in-cluster": ("k8s/gitops/workflows", "main", "hera-pipelines"),
    }
    assert {spec["source"]["repoURL"] for spec in specs.values()} == {world.git.url}
    assert specs["platform-in-cluster"]["source"]["kustomize"]["components"] == ["../../../components/node-metadata"]
    assert "components" not in specs["platform-prod-1"]["source"].get("kustomize", {})


def test_handing_over_changes_nothing(world: World) -> None:
    world.argo.wait_synced("platform-in-cluster")
    after = {overlays.reference(obj): world.api.get(world.api.path_of(obj)) for obj in handed_over()}
    assert {name: obj["metadata"].get("generation") for name, obj in after.items()} == {
        name: obj["metadata"].get("generation") for name, obj in world.before.items()
    }
    assert [name for name, obj in after.items() if plain(obj) != plain(world.before[name])] == []
    assert all(obj["metadata"]["annotations"][TRACKING].startswith("platform-in-cluster:") for obj in after.values())
    uids = {name: obj["metadata"]["uid"] for name, obj in after.items()}
    assert uids == {name: obj["metadata"]["uid"] for name, obj in world.before.items()}


def test_the_direct_apply_is_let_go(world: World) -> None:
    """By the line of the document; what was co-owned has one owner, and is as it was."""
    world.argo.wait_synced("platform-in-cluster")
    objects = overlays.built("dev")
    assert DIRECT in managers(world.api, objects)
    (line,) = shell_lines("gitops.md", "Handing over from the direct apply")
    type_line(line, world.kubeconfig, world.git.folder)
    assert DIRECT not in managers(world.api, objects)
    after = {overlays.reference(obj): world.api.get(world.api.path_of(obj)) for obj in objects}
    assert [name for name, obj in after.items() if plain(obj) != plain(world.before[name])] == []


def managers(api: Api, objects: Iterable[Object]) -> set[str]:
    found = (api.get(api.path_of(obj))["metadata"]["managedFields"] for obj in objects)
    return {entry["manager"] for entries in found for entry in entries}


def test_pipelines_come_with_it(world: World) -> None:
    world.argo.wait_synced("pipelines-in-cluster")
    there = {item["metadata"]["name"] for item in world.api.items(TEMPLATES)}
    rendered = [yaml.safe_load(path.read_text()) for path in (K8S / "base" / "workflows").glob("*.yaml")]
    assert there == {obj["metadata"]["name"] for obj in rendered if obj["kind"] == "WorkflowTemplate"}


def test_pipelines_have_what_the_installation_chose(world: World) -> None:
    """Where states are is the installation's; the rest of a pipeline is git's, and so is put back."""
    world.argo.wait_synced("pipelines-in-cluster")
    path = f"{TEMPLATES}/plan-cluster"
    spec = world.api.get(path)["spec"]
    values = {item["name"]: item.get("value") for item in spec["arguments"]["parameters"]}
    assert (values["state"], values["simulate"]) == ("s3://my-state/hera?region=eu-west-1", "false")
    world.api.patch(path, {"spec": {"activeDeadlineSeconds": 1}})
    until(lambda: world.api.get(path)["spec"] == spec, "a changed pipeline is not put back", 60, pause=0.3)


@pytest.mark.parametrize(
    ("path", "change", "healed"),
    [
        pytest.param(
            POLICY.format("default-deny"), {"spec": {"policyTypes": ["Ingress"]}}, ["Ingress", "Egress"], id="a changed policy"
        ),
        pytest.param(POLICY.format("allow-dns"), None, ["Egress"], id="a deleted policy"),
    ],
)
def test_drift_is_told_and_healed(world: World, path: str, change: Object | None, healed: list[str]) -> None:
    world.argo.wait_synced("platform-in-cluster")
    told = len(events(world, "Synced -> OutOfSync"))
    if change:
        world.api.patch(path, change)
    else:
        world.api.delete(path)
    until(lambda: policy_types(world.api, path) == healed, "the drift is not healed", 60, pause=0.3)
    assert len(events(world, "Synced -> OutOfSync")) > told


def test_drift_can_be_looked_at_before_it_is_healed(world: World) -> None:
    """By the lines of the document."""
    world.argo.wait_synced("platform-in-cluster")
    hold, let_go = [line for line in shell_lines("gitops.md", "Drift") if " patch " in line]
    shows = next(line for line in shell_lines("gitops.md", "Drift") if "OutOfSync" in line)
    path = POLICY.format("default-deny")
    type_line(hold, world.kubeconfig)
    world.api.patch(path, {"spec": {"policyTypes": ["Ingress"]}})
    until(
        lambda: type_line(shows, world.kubeconfig) == "NetworkPolicy data/default-deny\n", "the drift is not shown", 30, pause=0.3
    )
    assert policy_types(world.api, path) == ["Ingress"]
    type_line(let_go, world.kubeconfig)
    until(lambda: policy_types(world.api, path) == ["Ingress", "Egress"], "the drift is not healed", 60, pause=0.3)


@pytest.mark.parametrize("line", [line for line in shell_lines("gitops.md", "Drift") if " get " in line])
def test_the_document_shows_how_to_look(world: World, line: str) -> None:
    world.argo.wait_synced("platform-in-cluster")
    assert ("platform-in-cluster" in type_line(line, world.kubeconfig)) == ("OutOfSync" not in line)


def policy_types(api: Api, path: str) -> list[str]:
    try:
        return list(api.get(path)["spec"]["policyTypes"])
    except NotFound:
        return []


def events(world: World, words: str) -> list[Any]:
    """What Argo CD told of an application, each as often as it was told."""
    found = world.api.items("/api/v1/namespaces/argocd/events")
    told = [event for event in found if words in event["message"] and event["involvedObject"]["name"] == "platform-in-cluster"]
    return [event["message"] for event in told for _ in range(event.get("count") or 1)]


def test_a_commit_comes_and_what_left_git_goes(world: World) -> None:
    world.argo.wait_synced("platform-in-cluster")
    folder = "k8s/base/network-policies/data"
    policies = list(yaml.safe_load_all((world.git.folder / folder / "policies.yaml").read_text()))
    gone = policies.pop()
    policies[0]["metadata"]["annotations"] = {"example.test/other": "reason"}
    policies[0]["spec"]["ingress"][0]["ports"].pop()
    (world.git.folder / folder / "policies.yaml").write_text(yaml.safe_dump_all(policies))
    revision = world.git.commit("one policy less, one changed")
    world.argo.refresh("platform-in-cluster")
    world.argo.wait_synced("platform-in-cluster", revision)
    until(lambda: not policy_types(world.api, POLICY.format(gone["metadata"]["name"])), "it is not pruned", 30, pause=0.3)
    changed = world.api.get(POLICY.format(policies[0]["metadata"]["name"]))
    assert changed["metadata"]["annotations"].keys() - {TRACKING, "argocd.argoproj.io/sync-wave"} == {"example.test/other"}
    assert changed["spec"]["ingress"] == policies[0]["spec"]["ingress"]


@pytest.mark.parametrize(
    ("project", "source", "words"),
    [
        pytest.param("default", "k8s/base/rbac", "is not permitted in project 'default'", id="the project of nobody"),
        pytest.param("hera-pipelines", "k8s/base/rbac", "is not permitted in project hera-pipelines", id="rights as a pipeline"),
        pytest.param("hera-platform", "secrets", "is not permitted in project hera-platform", id="a Secret as platform"),
        pytest.param("hera-platform", "elsewhere", "is not permitted in project", id="another namespace"),
    ],
)
def test_a_project_refuses_what_is_not_its_own(world: World, project: str, source: str, words: str) -> None:
    application = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "try", "namespace": "argocd"},
        "spec": {
            "project": project,
            "source": {"repoURL": world.git.url, "path": source, "targetRevision": "tries"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "hera" if "pipe" in project else "apps"},
            "syncPolicy": {"automated": {}, "retry": {"limit": 0}},
        },
    }
    until(lambda: f"{project}" == "default" or bool(project_there(world, project)), "the project is not there", 60)
    world.api.apply(application)
    try:
        until(lambda: words in said(world.argo.application("try")), "nothing refused", 60, pause=0.3)
    finally:
        world.api.delete(f"{APPLICATIONS}/try")
    assert not [item for item in world.api.items("/api/v1/namespaces/apps/secrets") if item["metadata"]["name"] == "try"]


def project_there(world: World, name: str) -> bool:
    found = world.api.items("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects")
    return name in {item["metadata"]["name"] for item in found}


def said(application: Object) -> str:
    """Everything that Argo CD says about an application."""
    return json.dumps(application.get("status", {}))


@pytest.fixture(scope="module", autouse=True)
def tries(git: Git) -> None:
    """A branch with what projects have to refuse."""
    git.run("checkout", "-q", "-b", "tries")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "try", "namespace": "apps"}}
    elsewhere = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "try", "namespace": "default"}}
    for name, obj in {"secrets": secret, "elsewhere": elsewhere}.items():
        (git.folder / name).mkdir()
        (git.folder / name / "try.yaml").write_text(yaml.safe_dump(obj))
    git.commit("tries")
    git.run("checkout", "-q", "main")
