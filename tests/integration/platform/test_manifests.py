"""Manifests on a real API server: applied, compared, repaired, pruned, taken away; interrupted and disturbed on the way."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.errors import ConfigRejected, NotFound
from infra.kube.api import Api
from infra.kube.manifests.apply import apply, destroy
from infra.kube.manifests.applyset import ApplySet
from infra.kube.manifests.compare import Difference, compare, differences
from infra.kube.manifests.drain import drain
from infra.kube.manifests.objects import Object
from infra.kube.manifests.render import Overlay, Rendered, render
from tests.support import kubernetes_api
from tests.support.kubernetes_api import Server
from tests.support.overlays import K8S

SETS = iter(range(1000))
POLICY = "/apis/networking.k8s.io/v1/namespaces/data/networkpolicies/default-deny"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of its own: namespaces come and go here."""
    with kubernetes_api.running(tmp_path_factory.mktemp("api")) as found:
        yield found


@pytest.fixture
def api(server: Server) -> Api:
    return server.api


def quiet(_: str) -> None:
    """Nobody listens."""


def dev(applyset: ApplySet) -> Rendered:
    return render(Overlay(K8S / "overlays" / "dev", labels=applyset.labels))


@pytest.fixture(scope="module")
def platform(server: Server) -> Iterator[tuple[ApplySet, Rendered]]:
    """The whole of dev, applied."""
    applyset = ApplySet("platform")
    rendered = dev(applyset)
    report = apply(server.api, applyset, rendered, quiet)
    assert len(report.created) == len(rendered.objects) > 200 and not (report.changed or report.removed or report.unchanged)
    yield applyset, rendered
    destroy(server.api, applyset, quiet)


def found(api: Api, applyset: ApplySet, rendered: Rendered) -> list[Difference]:
    return differences(api, applyset, compare(api, applyset, rendered))


def test_a_second_run_changes_nothing_not_even_the_record(api: Api, platform: tuple[ApplySet, Rendered]) -> None:
    applyset, _ = platform
    before = api.get(applyset.path)["metadata"]["resourceVersion"]
    report = apply(api, applyset, dev(applyset), quiet)
    assert report.unchanged > 200 and not (report.created or report.changed or report.removed)
    assert api.get(applyset.path)["metadata"]["resourceVersion"] == before


def merge(change: Any) -> Callable[[Api], object]:
    return lambda api: api.patch(POLICY, change)


@pytest.mark.parametrize(
    ("by_hand", "action", "fields"),
    [
        (merge({"spec": {"policyTypes": ["Ingress"]}}), "update", ["spec.policyTypes"]),
        (merge({"metadata": {"annotations": {"hera.dev/reason": None}}}), "update", ["metadata.annotations"]),
        (merge({"metadata": {"labels": {"applyset.kubernetes.io/part-of": None}}}), "update", None),
        (lambda api: api.delete(POLICY), "create", []),
    ],
    ids=["a-field-changed", "a-field-removed", "taken-out-of-the-set", "deleted"],
)
def test_what_was_changed_by_hand_shows_and_is_put_right(
    api: Api, platform: tuple[ApplySet, Rendered], by_hand: Callable[[Api], object], action: str, fields: list[str] | None
) -> None:
    applyset, rendered = platform
    right = api.get(POLICY)["spec"]
    by_hand(api)
    (difference,) = found(api, applyset, rendered)
    assert (difference.reference.title, difference.action) == ("NetworkPolicy data/default-deny", action)
    if fields is not None:
        assert [item.path.rpartition(".hera.dev")[0] or item.path for item in difference.fields] == fields
    report = apply(api, applyset, rendered, quiet)
    assert len(report.created) + len(report.changed) == 1
    assert api.get(POLICY)["spec"] == right
    assert found(api, applyset, rendered) == []


def test_what_others_add_is_theirs(api: Api, platform: tuple[ApplySet, Rendered]) -> None:
    applyset, rendered = platform
    api.patch(POLICY, {"metadata": {"labels": {"team": "shop"}}})
    assert compare(api, applyset, rendered).same
    apply(api, applyset, rendered, quiet)
    assert api.get(POLICY)["metadata"]["labels"]["team"] == "shop"


def test_what_the_manifests_have_no_more_is_removed_and_nothing_else(
    api: Api, platform: tuple[ApplySet, Rendered], tmp_path: Path
) -> None:
    applyset, rendered = platform
    api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "data"}}, manager="somebody")
    patch = (
        "{$patch: delete, apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: default-deny, namespace: data}}"
    )
    base = os.path.relpath(K8S / "overlays" / "dev", tmp_path.resolve())
    (tmp_path / "kustomization.yaml").write_text(f'resources: ["{base}"]\npatches: [{{patch: "{patch}"}}]\n')
    less = render(Overlay(tmp_path, labels=applyset.labels))
    assert [(item.reference.title, item.action) for item in found(api, applyset, less)] == [
        ("NetworkPolicy data/default-deny", "delete")
    ]
    report = apply(api, applyset, less, quiet)
    assert len(report.removed) == 1 and not report.created and not report.changed
    with pytest.raises(NotFound):
        api.get(POLICY)
    assert api.get("/api/v1/namespaces/data/configmaps/mine")
    assert len(apply(api, applyset, rendered, quiet).created) == 1


@pytest.mark.parametrize(("tooling", "works"), [("", False), ("kubectl/v1.34", True)], ids=["ours", "told-it-is-its-own"])
def test_kubectl_knows_the_set_and_leaves_it_to_us(server: Server, space: str, tmp_path: Path, tooling: str, works: bool) -> None:
    """It computes the set's name itself, reads label and annotations, and takes only a set that is said to be its own."""
    applyset = ApplySet(space, "default")
    rendered = small(tmp_path / "ours", applyset, config("kept", "default"), config("pruned", "default"))
    apply(server.api, applyset, rendered, quiet)
    if tooling:
        server.api.patch(applyset.path, {"metadata": {"annotations": {"applyset.kubernetes.io/tooling": tooling}}})
    small(tmp_path / "theirs", applyset, config("kept", "default"))
    argv = ["kubectl", "--kubeconfig", str(server.kubeconfig), "apply", "--server-side", "--force-conflicts", "--prune"]
    done = subprocess.run(
        [*argv, "-n", applyset.namespace, f"--applyset=configmap/{applyset.name}", "-f", str(tmp_path / "theirs" / "0.json")],
        capture_output=True,
        text=True,
        env=os.environ | {"KUBECTL_APPLYSET": "true"},
    )
    assert (done.returncode == 0) is works, done.stderr
    assert works or "hera" in done.stderr
    there = {item["metadata"]["name"] for item in server.api.items("/api/v1/namespaces/default/configmaps")}
    assert ("pruned" in there, "kept" in there) == (not works, True)


def config(name: str, space: str, **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": space}, "data": data}


def definition(group: str) -> Object:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Thing", "plural": "things", "singular": "thing"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": [version]},
    }


def thing(group: str, space: str, **metadata: Any) -> Object:
    return {
        "apiVersion": f"{group}/v1",
        "kind": "Thing",
        "metadata": {"name": "one", "namespace": space} | metadata,
        "spec": {"size": 1},
    }


@pytest.fixture
def space() -> str:
    return f"space-{next(SETS)}"


def small(folder: Path, applyset: ApplySet, *objects: Object) -> Rendered:
    import json

    folder.mkdir(parents=True, exist_ok=True)
    for number, obj in enumerate(objects):
        (folder / f"{number}.json").write_text(json.dumps(obj))
    (folder / "kustomization.yaml").write_text(json.dumps({"resources": [f"{number}.json" for number in range(len(objects))]}))
    return render(Overlay(folder, labels=applyset.labels))


def namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def test_a_definition_its_object_and_their_namespace_in_one_go_and_away_again(api: Api, space: str, tmp_path: Path) -> None:
    group, applyset = f"{space}.example.com", ApplySet(space)
    rendered = small(tmp_path, applyset, thing(group, space), config("a", space), namespace(space), definition(group))
    assert [(item.reference.kind, item.action, item.problem) for item in found(api, applyset, rendered)] == [
        (obj["kind"], "create", "") for obj in rendered.objects
    ]
    assert len(apply(api, applyset, rendered, quiet).created) == 4
    assert api.get(f"/apis/{group}/v1/namespaces/{space}/things/one")["spec"] == {"size": 1}
    assert compare(api, applyset, rendered).same
    assert destroy(api, applyset, quiet) == 4
    for path in (f"/apis/{group}/v1/things", f"/api/v1/namespaces/{space}", applyset.path):
        with pytest.raises(NotFound):
            api.get(path)
    assert destroy(api, applyset, quiet) == 0


class Dying(Api):
    """Is stopped after some applies."""

    left = 3

    def apply(self, obj: Any, *, manager: str = "hera", force: bool = True, dry_run: bool = False) -> Object:
        self.left -= 1
        if self.left < 0:
            raise ConfigRejected("stopped here")
        return super().apply(obj, manager=manager, force=force, dry_run=dry_run)


def test_an_apply_that_was_cut_short_is_finished_and_still_prunes(api: Api, space: str, tmp_path: Path) -> None:
    applyset = ApplySet(space)
    first = small(tmp_path / "1", applyset, namespace(space), config("old", space))
    apply(api, applyset, first, quiet)
    second = small(tmp_path / "2", applyset, namespace(space), *(config(f"new-{n}", space) for n in range(6)))
    with pytest.raises(ConfigRejected, match="stopped here"):
        apply(Dying(api.client), applyset, second, quiet)
    there = {item["metadata"]["name"] for item in api.items(f"/api/v1/namespaces/{space}/configmaps")}
    assert "old" in there and not there >= {f"new-{n}" for n in range(6)}
    apply(api, applyset, second, quiet)
    there = {item["metadata"]["name"] for item in api.items(f"/api/v1/namespaces/{space}/configmaps")}
    assert there - {"kube-root-ca.crt"} == {f"new-{n}" for n in range(6)}
    assert compare(api, applyset, second).same
    destroy(api, applyset, quiet)


def test_what_the_server_refuses_shows_in_the_plan_and_stops_the_apply(api: Api, space: str, tmp_path: Path) -> None:
    applyset = ApplySet(space)
    bad = config("bad", "default") | {"data": {"not a key": "x"}}
    rendered = small(tmp_path, applyset, bad)
    (difference,) = found(api, applyset, rendered)
    assert "not a key" in difference.problem
    with pytest.raises(ConfigRejected, match="not a key"):
        apply(api, applyset, rendered, quiet)


def test_an_object_without_a_namespace_is_refused(api: Api, space: str, tmp_path: Path) -> None:
    homeless = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "homeless"}}
    with pytest.raises(ConfigRejected, match="names no namespace"):
        apply(api, ApplySet(space), small(tmp_path, ApplySet(space), homeless), quiet)


def test_drain_removes_what_the_cloud_has_to_and_names_what_does_not_go(api: Api, space: str) -> None:
    api.apply(namespace(space))
    api.apply(definition(f"{space}.hera.dev"))
    public = {"hera.dev/public": "true"}  # the platform's own policy refuses others
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": space, "labels": public}}
    api.apply(service | {"spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})
    api.apply(service | {"metadata": {"name": "inside", "namespace": space}, "spec": {"ports": [{"port": 80}]}})
    size = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": space}, "spec": size}
    api.apply(claim)
    held = thing(f"{space}.hera.dev", space, finalizers=["hera.dev/nobody"])
    while True:  # the definition is served a moment later
        try:
            api.apply(held)
            break
        except NotFound:
            continue
    (left,) = drain(api, quiet, patience=1.0)
    assert left.startswith("objects of our own kinds") and f"Thing {space}/one" in left
    assert [item["metadata"]["name"] for item in api.items(f"/api/v1/namespaces/{space}/services")] == ["inside"]
    assert list(api.items(f"/api/v1/namespaces/{space}/persistentvolumeclaims")) == []
    api.patch(api.path_of(held), {"metadata": {"finalizers": None}})
    assert drain(api, quiet, patience=10.0) == []
