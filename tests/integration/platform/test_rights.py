"""Every cell of the table of rights, asked of the API server's own authorizer."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.kube.api import Api
from tests.support import overlays, rights
from tests.support.kubernetes_api import Server
from tests.support.rights import Cell


def granted(api: Api, name: str) -> set[Cell]:
    """Return the cells that the API server allows somebody."""

    def may(cell: Cell) -> bool:
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": rights.subject(name) | {"resourceAttributes": cell.attributes()},
        }
        return bool(api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]["allowed"])

    asked = list(rights.cells())
    with ThreadPoolExecutor(4) as pool:
        return {cell for cell, yes in zip(asked, pool.map(may, asked), strict=True) if yes}


def texts(cells: set[Cell]) -> list[str]:
    return sorted(map(str, cells))


@pytest.mark.parametrize("name", rights.MAY)
def test_may_do_what_the_table_says_and_nothing_else(platform: Server, name: str) -> None:
    found, wanted = granted(platform.api, name), rights.allowed(rights.MAY[name])
    assert {"too much": texts(found - wanted), "too little": texts(wanted - found)} == {"too much": [], "too little": []}


def test_every_account_of_ours_is_in_the_table(platform: Server) -> None:
    accounts = {
        f"{namespace}/{name}"
        for kind, namespace, name in map(overlays.reference, overlays.built("dev"))
        if kind == "ServiceAccount"
    }
    assert accounts == {name for name in rights.MAY if not name.startswith("group ")}


def test_accounts_without_rights_get_no_token(platform: Server) -> None:
    without = {name for name, rows in rights.MAY.items() if not rows and "/" in name}
    silent = {
        f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"
        for obj in overlays.built("dev")
        if obj["kind"] == "ServiceAccount" and obj.get("automountServiceAccountToken") is False
    }
    assert silent == without


@pytest.fixture
def restoring(platform: Server) -> Iterator[Server]:
    before = {overlays.reference(obj) for obj in overlays.built("dev")}
    added = [obj for obj in overlays.built("dev", ("restoring",)) if overlays.reference(obj) not in before]
    for obj in added:
        platform.api.apply(obj)
    yield platform
    for obj in added:
        platform.api.delete(platform.api.path_of(obj))


def test_a_restore_has_its_rights_only_while_one_runs(restoring: Server) -> None:
    name = "hera-backup/restore"
    found = granted(restoring.api, name)
    wanted = rights.allowed(rights.MAY[name] + rights.RESTORING)
    assert (texts(found - wanted), texts(wanted - found)) == ([], [])


@pytest.mark.parametrize(
    ("group", "question", "answer"),
    [
        ("hera:developers", "get pods -n apps", "yes"),
        ("hera:developers", "get secrets -n apps", "no"),
        ("hera:viewers", "list nodes", "yes"),
        ("hera:operators", "create pods/exec -n apps", "no"),
        ("hera:platform-admins", "impersonate users", "no"),
    ],
)
def test_kubectl_says_the_same(platform: Server, group: str, question: str, answer: str) -> None:
    argv = ["kubectl", "--kubeconfig", str(platform.kubeconfig), "--as", "somebody", "--as-group", group, "auth", "can-i"]
    done = subprocess.run([*argv, *question.split()], capture_output=True, text=True)
    assert done.stdout.split()[0] == answer, done.stderr
