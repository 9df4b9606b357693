"""The secrets operator as a process, a real API server, and the clouds' doubles: what users and their clouds do to it."""

from __future__ import annotations

import base64
import json
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.errors import ConfigRejected, NotFound
from infra.kube.api import Api, Object
from tests.support import apiserver, operator_process, secret_clouds
from tests.support.apiserver import ApiServer
from tests.support.operator_process import Operator, gone, make, ready, until
from tests.support.secret_clouds import Cloud

CANARY = "canary-5d1c"
CREATED = {"kind": "SecretStore", "name": "store"}


@dataclass
class World:
    server: ApiServer
    api: Api
    cloud: Cloud
    operator: Operator
    folder: Path
    namespace: str = "default"

    def sync(self, name: str, *keys: str, status: str = "True", **spec: Any) -> tuple[str, str, str]:
        """Make an ExternalSecret of some keys and wait until its status says what is expected."""
        data = [{"secretKey": key, "remoteRef": {"key": key}} for key in keys]
        make(self.api, "ExternalSecret", self.namespace, name, {"secretStoreRef": CREATED, "data": data, **spec})
        self.wait(name, status)
        return ready(self.api, self.namespace, name)

    def wait(self, name: str, status: str, reason: str = "") -> None:
        def told() -> bool:
            now = ready(self.api, self.namespace, name)
            return now[0] == status and reason in now[1]

        until(told, f"{name} does not become {status}: {ready(self.api, self.namespace, name)}")

    def secret(self, name: str) -> Object | None:
        try:
            return self.api.get(self.path(name))
        except NotFound:
            return None

    def path(self, name: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/secrets/{name}"

    def values(self, name: str) -> dict[str, str]:
        found = self.secret(name)
        return {key: base64.b64decode(value).decode() for key, value in (found or {}).get("data", {}).items()}

    def put(self, key: str, value: str = "", **tags: str) -> None:
        self.cloud.put(key, (value or f"{CANARY}-{key}").encode(), tags)

    def writes(self) -> float:
        return self.operator.metric("hera_operator_api_writes_total")


def use_store(world: World) -> None:
    """Make a store with static credentials in a namespace, as far as the cloud's double needs any."""
    options = dict(world.cloud.options)
    if world.cloud.static:
        data = {key: base64.b64encode(value).decode() for key, value in world.cloud.static.items()}
        world.api.create(f"/api/v1/namespaces/{world.namespace}/secrets", {"metadata": {"name": "principal"}, "data": data})
    if world.cloud.entry == "aws":
        ref = {"name": "principal", "key": "id"}
        options["auth"] = {"secretRef": {"accessKeyIDSecretRef": ref, "secretAccessKeySecretRef": ref | {"key": "key"}}}
    make(world.api, "SecretStore", world.namespace, "store", {"provider": {world.cloud.entry: options}})
    until(lambda: ready(world.api, world.namespace, "store", "secretstore")[0] == "True", "the store is not ready")


def built(entry: str, folder: Path) -> Iterator[World]:
    with (
        pytest.MonkeyPatch.context() as patch,
        apiserver.running(folder / "api", [operator_process.USER]) as server,
        secret_clouds.running(entry, folder / "cloud", patch) as cloud,
    ):
        api = operator_process.install(server)
        with operator_process.running(server.user(operator_process.USER), folder / "operator.log") as operator:
            world = World(server, api, cloud, operator, folder)
            use_store(world)
            yield world


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    yield from built("gcpsm", tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    """A namespace of its own for each test, in one cluster."""
    shared.namespace = f"test-{random.randrange(16**8):08x}"
    shared.api.create("/api/v1/namespaces", {"metadata": {"name": shared.namespace, "labels": {"team": "red"}}})
    use_store(shared)
    yield shared
    shared.cloud.mend()


@pytest.mark.parametrize("entry", ["aws", "azurekv"])
def test_a_clouds_secrets_become_a_secret(entry: str, tmp_path: Path) -> None:
    for world in built(entry, tmp_path):
        for key in ("user", "password"):
            world.put(key)
        world.sync("database", "user", "password")
        assert world.values("database") == {"user": f"{CANARY}-user", "password": f"{CANARY}-password"}
        store = world.api.get(f"/apis/secrets.hera.dev/v1/namespaces/{world.namespace}/secretstores/store")
        assert [item["type"] for item in store["status"]["conditions"]] == ["Ready", "StaticCredentials"]
        assert_silent(world)


def test_a_secret_that_is_edited_or_deleted_is_repaired_within_five_seconds(world: World) -> None:
    world.put("a")
    world.sync("drift", "a")
    before = world.values("drift")
    for disturb in (
        lambda: world.api.patch(world.path("drift"), {"data": {"a": "eHh4"}}),
        lambda: world.api.patch(world.path("drift"), {"data": {"more": "eHh4"}}),
        lambda: world.api.delete(world.path("drift")),
        lambda: world.api.patch(world.path("drift"), {"metadata": {"labels": None}, "data": {"a": "eHh4"}}),
    ):
        disturb()
        assert until(lambda: world.values("drift") == before, "not repaired") < 5


def test_nothing_is_written_when_nothing_changed_and_a_rotation_arrives(world: World) -> None:
    world.put("rotating")
    world.sync("rotation", "rotating", refreshInterval="1s")
    time.sleep(1.5)
    writes = world.writes()
    rounds = world.operator.metric("hera_operator_reconciles_total", kind="ExternalSecret")
    time.sleep(4)
    assert world.operator.metric("hera_operator_reconciles_total", kind="ExternalSecret") >= rounds + 3
    assert world.writes() == writes
    world.put("rotating", f"{CANARY}-new")
    until(lambda: world.values("rotation")["rotating"] == f"{CANARY}-new", "the new value does not arrive")


def test_all_keys_or_none(world: World) -> None:
    world.put("half-there")
    status = world.sync("half", "half-there", "half-absent", status="False")
    assert status[1] == "SecretSyncedError" and "NOT_FOUND" in status[2]
    assert world.secret("half") is None


@pytest.mark.parametrize("fault", ["forbidden", "throttled", "down", "half", "spoiled"])
def test_whatever_the_cloud_does_only_a_definite_not_found_removes_anything(world: World, fault: str) -> None:
    keys = (f"a-{fault}", f"b-{fault}")
    for key in keys:
        world.put(key)
    world.sync("kept", *keys, target={"deletionPolicy": "Delete"}, refreshInterval="1s")
    before = world.values("kept")
    world.cloud.break_down(fault)
    for key in keys:
        world.put(key, f"{CANARY}-new")
    world.wait("kept", "False", "SecretSyncedError")
    assert world.values("kept") == before
    world.cloud.mend()
    force(world, "kept")
    until(lambda: set(world.values("kept").values()) == {f"{CANARY}-new"}, "the new values do not arrive")
    for key in keys:
        world.cloud.project.secrets.pop(key)  # type: ignore[attr-defined]
    force(world, "kept")
    world.wait("kept", "False", "SecretDeleted")
    assert world.secret("kept") is None


def force(world: World, name: str) -> None:
    path = f"/apis/secrets.hera.dev/v1/namespaces/{world.namespace}/externalsecrets/{name}"
    world.api.patch(path, {"metadata": {"annotations": {"secrets.hera.dev/force-sync": str(time.time())}}})


def test_deletion_policies_retain_and_merge(world: World) -> None:
    for key in ("stays", "goes"):
        world.put(key)
    world.sync("retained", "stays", "goes")
    world.sync("merged", "stays", "goes", target={"deletionPolicy": "Merge"})
    world.cloud.project.secrets.pop("goes")  # type: ignore[attr-defined]
    for name in ("retained", "merged"):
        force(world, name)
    world.wait("retained", "False")
    until(lambda: set(world.values("merged")) == {"stays"}, "the key is not removed")
    assert set(world.values("retained")) == {"stays", "goes"}


def test_one_read_however_many_share_a_key(world: World) -> None:
    world.put("popular")
    before = world.cloud.reads.count("popular")
    for number in range(20):
        data = [{"secretKey": "a", "remoteRef": {"key": "popular"}}]
        make(world.api, "ExternalSecret", world.namespace, f"fan-{number}", {"secretStoreRef": CREATED, "data": data})
    for number in range(20):
        world.wait(f"fan-{number}", "True")
    assert world.cloud.reads.count("popular") == before + 1


def test_a_forced_sync_reads_at_once(world: World) -> None:
    world.put("forced")
    world.sync("forced", "forced")
    world.put("forced", f"{CANARY}-later")
    force(world, "forced")
    until(lambda: world.values("forced")["forced"] == f"{CANARY}-later", "not read again")


def test_what_is_not_supported_is_refused_in_the_status(world: World) -> None:
    world.put("known")
    status = world.sync("odd", "known", status="False", target={"template": {"templateFrom": []}})
    assert status[1:] == ("InvalidSpec", "spec.target.template.templateFrom: this field is not supported")
    assert world.secret("odd") is None


@pytest.mark.parametrize(
    "spec",
    [
        {"secretStoreRef": CREATED},
        {"secretStoreRef": CREATED, "dataFrom": [{}]},
        {"secretStoreRef": CREATED, "dataFrom": [{"find": {}}]},
        {"secretStoreRef": CREATED, "dataFrom": [{"extract": {"key": "a"}}], "refreshInterval": "soon"},
        {
            "secretStoreRef": CREATED,
            "dataFrom": [{"extract": {"key": "a"}}],
            "target": {"creationPolicy": "Orphan", "deletionPolicy": "Delete"},
        },
    ],
    ids=["no data", "neither extract nor find", "find without anything", "interval", "delete what is not owned"],
)
def test_the_api_server_refuses_by_itself(world: World, spec: dict[str, Any]) -> None:
    with pytest.raises(ConfigRejected):
        make(world.api, "ExternalSecret", world.namespace, "bad", spec)


IMPOSSIBLE = {("Orphan", "Delete"), ("Merge", "Delete"), ("CreateOrMerge", "Delete"), ("None", "Delete"), ("None", "Merge")}


def test_policies_that_exclude_each_other_are_refused_and_no_others(world: World) -> None:
    refused = set()
    for creation in ("Owner", "Orphan", "Merge", "CreateOrMerge", "None"):
        for deletion in ("Retain", "Delete", "Merge"):
            target = {"creationPolicy": creation, "deletionPolicy": deletion}
            spec = {"secretStoreRef": CREATED, "dataFrom": [{"extract": {"key": "absent"}}], "target": target}
            try:
                make(world.api, "ExternalSecret", world.namespace, f"pair-{creation.lower()}-{deletion.lower()}", spec)
            except ConfigRejected:
                refused.add((creation, deletion))
    assert refused == IMPOSSIBLE


def test_creation_policies(world: World) -> None:
    world.put("mine")
    collection = f"/api/v1/namespaces/{world.namespace}/secrets"
    for name in ("taken", "merge", "either"):
        world.api.create(collection, {"metadata": {"name": name}, "data": {"theirs": "eHh4"}})
    assert "ALREADY_EXISTS" in world.sync("taken", "mine", status="False")[2]
    assert world.values("taken") == {"theirs": "xxx"}
    world.sync("merge", "mine", target={"creationPolicy": "Merge"})
    world.sync("either", "mine", target={"creationPolicy": "CreateOrMerge"})
    assert set(world.values("merge")) == set(world.values("either")) == {"mine", "theirs"}
    world.put("more")
    for name in ("one", "two"):
        key = {"one": "mine", "two": "more"}[name]
        world.sync(f"both-{name}", key, target={"creationPolicy": "CreateOrMerge", "name": "both"}, refreshInterval="1s")
    assert set(world.values("both")) == {"mine", "more"}
    time.sleep(1)
    writes = world.writes()
    time.sleep(2.5)
    assert world.writes() == writes
    world.sync("orphan", "mine", target={"creationPolicy": "Orphan"})
    world.sync("owned", "mine", target={"immutable": True})
    world.sync("nothing", "mine", target={"creationPolicy": "None"})
    orphan, owned = world.secret("orphan"), world.secret("owned")
    assert orphan and owned and world.secret("nothing") is None
    assert "ownerReferences" not in orphan["metadata"] and owned["metadata"]["ownerReferences"][0]["name"] == "owned"
    assert owned["immutable"] is True
    world.sync("absent", "mine", status="False", target={"creationPolicy": "Merge"})


def test_refresh_policies(world: World) -> None:
    world.put("aging", "old")
    world.sync("once", "aging", refreshPolicy="CreatedOnce", refreshInterval="1s")
    world.sync("change", "aging", refreshPolicy="OnChange", refreshInterval="1s")
    world.put("aging", "new")
    time.sleep(2.5)
    assert world.values("once") == world.values("change") == {"aging": "old"}
    world.sync("change", "aging", refreshPolicy="OnChange", refreshInterval="2s")
    until(lambda: world.values("change") == {"aging": "new"}, "a change of the ExternalSecret is not followed")
    world.api.patch(world.path("change"), {"data": {"aging": "eHh4"}})
    until(lambda: world.values("change") == {"aging": "new"}, "an edit is not repaired")
    assert world.values("once") == {"aging": "old"}
    world.api.delete(world.path("once"))
    until(lambda: world.values("once") == {"aging": "new"}, "a deleted Secret is not made again")


def test_templates_types_find_and_rewrite(world: World) -> None:
    world.put("app-one", "1", team="red")
    world.put("app-two", "2", team="red")
    world.put("app-three", "3", team="blue")
    world.put("json", json.dumps({"user": "me", "deep": {"port": 5432}}))
    make(
        world.api,
        "ExternalSecret",
        world.namespace,
        "rich",
        {
            "secretStoreRef": CREATED,
            "dataFrom": [
                {
                    "find": {"name": {"regexp": "^app-"}, "tags": {"team": "red"}},
                    "rewrite": [{"regexp": {"source": "^app-(.*)$", "target": "APP_$1"}}],
                },
                {"extract": {"key": "json"}},
            ],
            "data": [{"secretKey": "port", "remoteRef": {"key": "json", "property": "deep.port"}}],
            "target": {
                "template": {
                    "mergePolicy": "Merge",
                    "metadata": {"labels": {"app": "web"}},
                    "data": {"url": "postgres://{{ .user | upper }}:{{ .port }}"},
                }
            },
        },
    )
    world.wait("rich", "True")
    values = world.values("rich")
    assert {key: values[key] for key in ("APP_one", "APP_two", "user", "port", "url")} == {
        "APP_one": "1",
        "APP_two": "2",
        "user": "me",
        "port": "5432",
        "url": "postgres://ME:5432",
    }
    assert "APP_three" not in values


def test_a_store_reaches_no_other_namespaces_credentials(world: World) -> None:
    key = {"secretAccessKeySecretRef": {"name": "x", "key": "x", "namespace": "default"}}
    provider = {"gcpsm": {"projectID": "some-project", "auth": {"secretRef": key}}}
    make(world.api, "SecretStore", world.namespace, "thief", {"provider": provider})
    until(lambda: ready(world.api, world.namespace, "thief", "secretstore")[0] == "False", "not refused")
    assert "only from its own namespace" in ready(world.api, world.namespace, "thief", "secretstore")[2]


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"namespaces": ["elsewhere"]}, "False"),
        ({"namespaceRegexes": ["test-.*"]}, "True"),
        ({"namespaceSelector": {"matchLabels": {"team": "red"}}}, "True"),
        ({"namespaceSelector": {"matchLabels": {"team": "blue"}}}, "False"),
    ],
    ids=["not named", "by pattern", "by label", "by another label"],
)
def test_a_clusters_store_serves_the_namespaces_of_its_conditions(world: World, condition: Any, status: str) -> None:
    world.put("common")
    name = f"cluster-{world.namespace}"
    make(world.api, "ClusterSecretStore", "", name, {"provider": {"gcpsm": world.cloud.options}, "conditions": [condition]})
    world.sync("common", "common", status=status, secretStoreRef={"kind": "ClusterSecretStore", "name": name})


def test_a_secret_is_pushed_and_taken_back(world: World) -> None:
    collection = f"/api/v1/namespaces/{world.namespace}/secrets"
    world.api.create(collection, {"metadata": {"name": "source"}, "data": {"a": base64.b64encode(CANARY.encode()).decode()}})
    spec = {
        "secretStoreRefs": [CREATED],
        "selector": {"secret": {"name": "source"}},
        "deletionPolicy": "Delete",
        "data": [{"match": {"secretKey": "a", "remoteRef": {"remoteKey": "pushed"}}}],
        "refreshInterval": "1s",
    }
    make(world.api, "PushSecret", world.namespace, "push", spec)
    until(lambda: ready(world.api, world.namespace, "push", "pushsecret")[0] == "True", "not pushed")
    assert world.cloud.get("pushed") == CANARY.encode()
    writes = world.writes()
    time.sleep(2.5)
    assert world.writes() == writes
    path = f"/apis/secrets.hera.dev/v1/namespaces/{world.namespace}/pushsecrets/push"
    world.cloud.break_down("forbidden")
    world.api.delete(path)
    until(lambda: "CleanupFailed" in ready(world.api, world.namespace, "push", "pushsecret")[1], "not told")
    world.cloud.mend()
    world.api.patch(path, {"metadata": {"annotations": {"operators.hera.dev/release": "true"}}})
    until(lambda: gone(world.api, path), "the finalizer blocks")
    assert world.cloud.get("pushed") == CANARY.encode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"updatePolicy": "Replace"}, "updatePolicy: this field is not supported"),
        ({"selector": {"secret": {"name": "absent"}}}, "NOT_FOUND"),
        ({"data": [{"match": {"secretKey": "other", "remoteRef": {"remoteKey": "x"}}}]}, "no key other"),
        ({"data": [{"match": {"secretKey": "a", "remoteRef": {"remoteKey": "of-others"}}}]}, "ALREADY_EXISTS"),
    ],
    ids=["unknown field", "no Secret", "no key", "a secret of others"],
)
def test_a_push_that_cannot_be_made_says_why_and_writes_nothing(world: World, changes: dict[str, Any], said: str) -> None:
    world.put("of-others")
    world.api.create(f"/api/v1/namespaces/{world.namespace}/secrets", {"metadata": {"name": "s"}, "data": {"a": "eHh4"}})
    data = [{"match": {"secretKey": "a", "remoteRef": {"remoteKey": "x"}}}]
    spec = {"secretStoreRefs": [CREATED], "selector": {"secret": {"name": "s"}}, "data": data} | changes
    make(world.api, "PushSecret", world.namespace, "push", spec)
    until(lambda: ready(world.api, world.namespace, "push", "pushsecret")[0] == "False", "not refused")
    assert said in ready(world.api, world.namespace, "push", "pushsecret")[2]
    assert world.cloud.get("of-others") == f"{CANARY}-of-others".encode()
    assert "x" not in world.cloud.project.secrets  # type: ignore[attr-defined]


def test_what_was_pushed_goes_with_the_object(world: World) -> None:
    world.api.create(f"/api/v1/namespaces/{world.namespace}/secrets", {"metadata": {"name": "s"}, "data": {"a": "eHh4"}})
    data = [{"match": {"remoteRef": {"remoteKey": "whole"}}}]
    spec = {"secretStoreRefs": [CREATED], "selector": {"secret": {"name": "s"}}, "deletionPolicy": "Delete", "data": data}
    make(world.api, "PushSecret", world.namespace, "push", spec)
    until(lambda: ready(world.api, world.namespace, "push", "pushsecret")[0] == "True", "not pushed")
    assert world.cloud.get("whole") == b'{"a":"xxx"}'
    path = f"/apis/secrets.hera.dev/v1/namespaces/{world.namespace}/pushsecrets/push"
    world.api.delete(path)
    until(lambda: gone(world.api, path), "the finalizer blocks")
    assert "whole" not in world.cloud.project.secrets  # type: ignore[attr-defined]


def test_who_asks_for_it_is_restarted_by_a_new_value(world: World) -> None:
    world.put("restarting")
    world.sync("restarting", "restarting", refreshInterval="1s")
    source = {"secretKeyRef": {"name": "restarting", "key": "restarting"}}
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "web", "env": [{"name": "A", "valueFrom": source}]}]},
    }
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    path = f"/apis/apps/v1/namespaces/{world.namespace}/deployments"
    world.api.create(path, {"metadata": {"name": "asks", "annotations": {"secrets.hera.dev/restart": "true"}}, "spec": spec})
    world.api.create(path, {"metadata": {"name": "does-not"}, "spec": spec})
    world.put("restarting", f"{CANARY}-2")

    def annotated(name: str) -> bool:
        return "annotations" in world.api.get(f"{path}/{name}")["spec"]["template"]["metadata"]

    until(lambda: annotated("asks"), "not restarted")
    until(lambda: "secrets.hera.dev/restart-due" not in annotations_of(world, "restarting"), "a restart stays due")
    assert not annotated("does-not")


def annotations_of(world: World, name: str) -> dict[str, str]:
    found: dict[str, str] = (world.secret(name) or {"metadata": {}})["metadata"].get("annotations", {})
    return found


def test_the_api_server_may_restart(world: World) -> None:
    world.put("before")
    world.sync("before", "before")
    world.server.restart(seconds_down=1)
    world.put("after")
    world.sync("after", "after")
    world.api.delete(world.path("before"))
    assert until(lambda: world.secret("before") is not None, "not repaired", 20) < 20


def test_no_value_leaves_the_process_but_into_secrets(world: World) -> None:
    world.put("spoken", "{" + CANARY)
    world.sync("spoken", "spoken", status="False", dataFrom=[{"extract": {"key": "spoken"}}])
    template = {"data": {"x": "{{ .spoken | b64dec }}"}}
    world.sync("template", "spoken", status="False", target={"template": template})
    assert_silent(world)


def assert_silent(world: World) -> None:
    """Look for the canary in everything that left the process and is no Secret."""
    log = world.operator.log.read_text()
    assert operator_process.spoken(world.api, CANARY, log=log, metrics=world.operator.page("/metrics")[1]) == []
    assert len(log) > 100


@pytest.fixture
def replicas(shared: World, tmp_path: Path) -> Iterator[Operator]:
    """A second replica beside the one that leads."""
    kubeconfig = shared.server.user(operator_process.USER)
    with operator_process.running(kubeconfig, tmp_path / "second.log", wait=False) as second:
        until(lambda: answers(second), "the second replica does not start", 20)
        yield second


def answers(operator: Operator) -> bool:
    with suppress(OSError):
        return operator.page("/healthz")[0] == 200
    return False


def test_a_killed_replica_is_replaced(world: World, replicas: Operator) -> None:
    world.put("handed-over")
    world.sync("handed-over", "handed-over")
    assert replicas.metric("hera_operator_leader") == 0
    world.operator.stop(signal.SIGKILL)
    taken = until(lambda: replicas.metric("hera_operator_leader") == 1, "nobody leads", 25)
    assert taken < 18
    world.api.delete(world.path("handed-over"))
    until(lambda: world.secret("handed-over") is not None, "not repaired")
    kubeconfig = world.server.user(operator_process.USER)
    with operator_process.running(kubeconfig, world.folder / "third.log", wait=False) as third:
        until(lambda: answers(third), "the third replica does not start", 20)
        world.cloud.break_down("slow")
        force(world, "handed-over")
        time.sleep(0.3)
        assert replicas.stop() == 0
        assert until(lambda: third.metric("hera_operator_leader") == 1, "nobody leads", 10) < 4
