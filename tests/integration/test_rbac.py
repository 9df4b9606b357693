"""What each account may do, asked of a real API server, and what the guard of runs lets nobody do."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.kube.api import Api
from tests.support.managed import Managed

Object = dict[str, Any]
TABLE = yaml.safe_load((Path(__file__).parent / "rbac.yaml").read_text())
SUBJECTS = {**TABLE["accounts"], **TABLE["groups"]}
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "approve")
RESOURCES = (
    "workflows.argoproj.io", "workflowtemplates.argoproj.io", "cronworkflows.argoproj.io", "workflowtaskresults.argoproj.io",
    "pods", "pods/log", "pods/exec", "pods/portforward", "secrets", "configmaps", "serviceaccounts", "serviceaccounts/token",
    "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io", "deployments.apps", "leases.coordination.k8s.io",
)  # fmt: skip
SPACES = ("hera", "argo", "hera-simulation", "kube-system")
GROUP = "/apis/argoproj.io/v1alpha1/namespaces/hera"


def allowed(api: Api, subject: str, verb: str, resource: str, namespace: str) -> bool:
    """Ask the API server whether a subject may do that."""
    full, _, sub = resource.partition("/")
    name, _, group = full.partition(".")
    if subject in TABLE["accounts"]:
        own = subject.split(":")[2]
        who = {"user": subject, "groups": ["system:serviceaccounts", f"system:serviceaccounts:{own}", "system:authenticated"]}
    else:
        who = {"user": "ann", "groups": [subject, "system:authenticated"]}
    attributes = {"namespace": namespace, "verb": verb, "group": group, "resource": name, "subresource": sub}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {**who, "resourceAttributes": attributes},
    }
    return bool(api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]["allowed"])


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_may_do_what_the_table_says_and_nothing_else(management: Managed, subject: str) -> None:
    cells = [(verb, resource, "hera") for verb in VERBS for resource in RESOURCES]
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda cell: allowed(management.api, subject, *cell), cells)
    may = {(verb, resource) for (verb, resource, _), yes in zip(cells, answers, strict=True) if yes}
    assert may == {(verb, resource) for resource, verbs in SUBJECTS[subject]["only"].items() for verb in verbs}


@pytest.mark.parametrize("subject", [name for name in SUBJECTS if ":hera:" in name or name in TABLE["groups"]])
def test_a_subject_may_do_nothing_elsewhere(management: Managed, subject: str) -> None:
    cells = [
        (verb, resource, space)
        for space in SPACES[1:]
        for verb in ("get", "create", "delete")
        for resource in ("pods", "secrets", "configmaps", "workflows.argoproj.io")
    ]
    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(lambda cell: allowed(management.api, subject, *cell), cells))


@dataclass(frozen=True)
class Person:
    """Somebody whom the administrator's kubeconfig impersonates."""

    kubeconfig: Path
    name: str
    group: str = ""

    def kubectl(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        groups = [f"--as-group={self.group}", "--as-group=system:authenticated"] if self.group else []
        command = ["kubectl", f"--kubeconfig={self.kubeconfig}", f"--as={self.name}", *groups, "-n", "hera", *words]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60)

    def start(self, run: Object) -> subprocess.CompletedProcess[str]:
        return self.kubectl("create", "-f", "-", "-o", "name", "--dry-run=server", stdin=json.dumps(run))

    def change(self, name: str, patch: Any, kind: str = "merge") -> subprocess.CompletedProcess[str]:
        return self.kubectl("patch", "workflow", name, f"--type={kind}", "-p", json.dumps(patch), "--dry-run=server")


@pytest.fixture
def person(management: Managed) -> Callable[..., Person]:
    def made(name: str, group: str = "") -> Person:
        return Person(management.host.kubeconfig, name, group)

    return made


def a_run(actor: str | None = None, **spec: Any) -> Object:
    parameters = [{"name": "cluster", "value": "nobody"}] + ([] if actor is None else [{"name": "actor", "value": actor}])
    wanted = {"workflowTemplateRef": {"name": "plan-cluster"}, "arguments": {"parameters": parameters}} | spec
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "try-", "namespace": "hera"},
        "spec": {key: value for key, value in wanted.items() if value is not None},
    }


INLINE = [{"name": "main", "container": {"image": "busybox"}}]
STARTS: dict[str, tuple[Object, str]] = {
    "nobody named": (a_run(), ""),
    "empty name": (a_run(""), ""),
    "own name": (a_run("bob"), ""),
    "somebody else's name": (a_run("ann"), "must be empty or your own name, bob"),
    "a schedule's name": (a_run("cron:drift"), "must be empty or your own name"),
    "templates of one's own": (
        a_run(workflowTemplateRef=None, entrypoint="main", templates=INLINE),
        "names one of the installed",
    ),
    "templates beside the pipeline's": (a_run(templates=INLINE), "nothing else of a pipeline can be changed"),
    "a patch of its pods": (a_run(podSpecPatch='{"hostNetwork": true}'), "nothing else of a pipeline can be changed"),
    "somebody's account": (a_run(serviceAccountName="default"), "service account of a run is one of Hera's"),
    "a past": (a_run() | {"status": {"nodes": {"a": {"id": "a", "name": "a", "type": "Pod"}}}}, "starts at its beginning"),
}


@pytest.mark.parametrize("case", STARTS)
def test_who_starts_a_run_is_who_it_says(person: Callable[..., Person], case: str) -> None:
    run, refusal = STARTS[case]
    done = person("bob", "hera:submitters").start(run)
    assert (done.returncode == 0) == (not refusal), done.stderr
    assert refusal in done.stderr


def test_the_controller_may_start_a_schedules_run(person: Callable[..., Person]) -> None:
    controller = person("system:serviceaccount:argo:argo")
    assert controller.start(a_run("cron:drift")).returncode == 0
    assert controller.start(a_run("ann")).returncode != 0


@pytest.fixture(scope="module")
def waiting(management: Managed) -> Iterator[tuple[str, str]]:
    """A run that waits for an answer, and its node's id; it needs no pod."""
    supplied = [{"name": name, "valueFrom": {"supplied": {}}} for name in ("approved", "approved-by")]
    spec = {
        "entrypoint": "ask",
        "arguments": {"parameters": [{"name": "actor", "value": ""}]},
        "templates": [{"name": "ask", "suspend": {}, "outputs": {"parameters": supplied}}],
    }
    version = {"apiVersion": "argoproj.io/v1alpha1"}
    metadata = {"name": "test-guard", "namespace": "hera"}
    management.api.create(
        f"{GROUP}/workflowtemplates", version | {"kind": "WorkflowTemplate", "metadata": metadata, "spec": spec}
    )
    run = version | {"kind": "Workflow", "metadata": {"generateName": "test-guard-", "namespace": "hera"}}
    name = management.api.create(f"{GROUP}/workflows", run | {"spec": {"workflowTemplateRef": {"name": "test-guard"}}})[
        "metadata"
    ]["name"]
    try:
        yield name, _suspended(management.api, name)
    finally:
        management.api.delete(f"{GROUP}/workflows/{name}")
        management.api.delete(f"{GROUP}/workflowtemplates/test-guard")


def _suspended(api: Api, name: str, patience: float = 60) -> str:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        nodes = api.get(f"{GROUP}/workflows/{name}").get("status", {}).get("nodes") or {}
        for node in nodes.values():
            if node["type"] == "Suspend" and node["phase"] == "Running":
                return str(node["id"])
        time.sleep(0.3)
    raise AssertionError(f"{name} does not wait for an answer: {nodes}")


def answer(node: str, by: str | None, *, approved: str = "yes") -> Object:
    given = [{"name": "approved", "value": approved}] + ([] if by is None else [{"name": "approved-by", "value": by}])
    return {"status": {"nodes": {node: {"phase": "Succeeded", "outputs": {"parameters": given}}}}}


ANSWERS = {
    "an approver, by name": ("ann", "hera:approvers", "ann", ""),
    "an approver, without a name": ("ann", "hera:approvers", None, ""),
    "an approver, by another's name": ("ann", "hera:approvers", "bob", "must be your own name, ann"),
    "an administrator": ("root", "system:masters", "root", ""),
    "an administrator, by another's name": ("root", "system:masters", "ann", "must be your own name, root"),
    "a submitter": ("bob", "hera:submitters", "bob", "cannot patch"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_who_answers_an_approval_is_who_it_says(person: Callable[..., Person], waiting: tuple[str, str], case: str) -> None:
    who, group, by, refusal = ANSWERS[case]
    name, node = waiting
    done = person(who, group).change(name, answer(node, by))
    assert (done.returncode == 0) == (not refusal), done.stderr
    assert refusal in done.stderr


def test_who_may_write_runs_may_not_approve_for_that(
    management: Managed, person: Callable[..., Person], waiting: tuple[str, str]
) -> None:
    rules = [{"apiGroups": ["argoproj.io"], "resources": ["workflows"], "verbs": ["get", "update", "patch"]}]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "test-writer", "namespace": "hera"},
    }
    binding = role | {
        "kind": "RoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "test-writer"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "eve"}],
    }
    management.api.apply(role | {"rules": rules})
    management.api.apply(binding)
    try:
        done = person("eve").change(waiting[0], answer(waiting[1], "eve"))
        assert done.returncode and "eve may not approve or reject" in done.stderr, done.stderr
        assert person("eve").change(waiting[0], {"spec": {"shutdown": "Stop"}}).returncode == 0
    finally:
        management.api.delete(management.api.path_of(binding))
        management.api.delete(management.api.path_of(role))


FORGERIES: dict[str, tuple[Any, str]] = {
    "another pipeline": ({"spec": {"workflowTemplateRef": {"name": "delete-cluster"}}}, "spec can't be changed"),
    "other arguments": ({"spec": {"arguments": {"parameters": [{"name": "actor", "value": "bob"}]}}}, "spec can't be changed"),
    "a patch of its pods": ({"spec": {"podSpecPatch": "{}"}}, "spec can't be changed"),
    "other steps": ({"status": {"storedWorkflowTemplateSpec": {"entrypoint": "other"}}}, "what a run does can't be changed"),
    "a step's result": (
        {"status": {"nodes": {"x": {"id": "x", "name": "x", "displayName": "x", "type": "Pod", "phase": "Succeeded"}}}},
        "what a step gave can't be changed",
    ),
}


@pytest.mark.parametrize("case", FORGERIES)
def test_not_even_an_administrator_rewrites_a_run(person: Callable[..., Person], waiting: tuple[str, str], case: str) -> None:
    patch, refusal = FORGERIES[case]
    done = person("root", "system:masters").change(waiting[0], patch)
    assert done.returncode and refusal in done.stderr, done.stderr


def test_a_submitters_token_gets_what_the_table_says(management: Managed, tmp_path: Path) -> None:
    token = management.api.create(
        "/api/v1/namespaces/hera/serviceaccounts/hera-submitter/token",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}},
    )["status"]["token"]
    config = yaml.safe_load(management.host.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))

    def kubectl(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["kubectl", f"--kubeconfig={tmp_path}/kubeconfig", "-n", "hera", *words], capture_output=True, text=True
        )

    assert kubectl("get", "workflowtemplates").returncode == 0
    for words in (
        ("get", "secrets"),
        ("delete", "workflows", "--all"),
        ("get", "pods", "-n", "argo"),
        ("create", "token", "default"),
    ):
        done = kubectl(*words)
        assert done.returncode and "forbidden" in done.stderr.lower(), (words, done.stderr)
