"""The client against a server in memory: errors by name, pages, watches that outlive their connection, tokens."""

from __future__ import annotations

import threading
import time

import pytest

from infra.errors import AlreadyExists, AuthDenied, ConfigRejected, HeraError, NotFound, Throttled
from infra.kube.api import Api
from infra.kube.errors import Conflict, Gone, Unavailable, refused
from tests.doubles.kubernetes_api import USER, FakeKubernetes

MAPS = "/api/v1/namespaces/hera/configmaps"


def config_map(name: str, **data: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "hera"}, "data": data}


def test_objects_live(api: Api) -> None:
    made = api.create(MAPS, config_map("a", x="1"))
    assert api.get(f"{MAPS}/a")["data"] == {"x": "1"} and made["metadata"]["resourceVersion"]
    assert api.patch(f"{MAPS}/a", {"data": {"y": "2"}})["data"] == {"x": "1", "y": "2"}
    api.delete(f"{MAPS}/a")
    api.delete(f"{MAPS}/a")
    with pytest.raises(NotFound):
        api.get(f"{MAPS}/a")


def test_two_of_one_name(api: Api) -> None:
    api.create(MAPS, config_map("a"))
    with pytest.raises(AlreadyExists):
        api.create(MAPS, config_map("a"))


def test_lists_come_in_pages(fake: FakeKubernetes, api: Api) -> None:
    for number in range(25):
        fake.put(f"{MAPS}/m{number:02d}", config_map(f"m{number:02d}"))
    assert [item["metadata"]["name"] for item in api.items(MAPS, limit=10)] == [f"m{number:02d}" for number in range(25)]
    assert len([line for line in fake.requests if line.startswith("GET")]) == 3


def test_whoami(api: Api) -> None:
    assert api.whoami() == USER


def test_a_path_comes_from_discovery(fake: FakeKubernetes, api: Api) -> None:
    kinds = [
        {"name": "configmaps", "kind": "ConfigMap", "namespaced": True},
        {"name": "configmaps/status", "kind": "ConfigMap", "namespaced": True},
        {"name": "namespaces", "kind": "Namespace", "namespaced": False},
    ]
    fake.put("/api/v1", {"resources": kinds})
    assert api.path_of(config_map("a")) == f"{MAPS}/a"
    assert api.path_of({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}) == "/api/v1/namespaces/n"
    with pytest.raises(NotFound):
        api.path_of({"apiVersion": "v1", "kind": "Unheard", "metadata": {"name": "n"}})


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (400, "BadRequest", ConfigRejected),
        (401, "Unauthorized", AuthDenied),
        (403, "Forbidden", AuthDenied),
        (404, "NotFound", NotFound),
        (409, "AlreadyExists", AlreadyExists),
        (409, "Conflict", Conflict),
        (410, "Expired", Gone),
        (422, "Invalid", ConfigRejected),
        (429, "TooManyRequests", Throttled),
        (500, "InternalError", Unavailable),
        (503, "ServiceUnavailable", Unavailable),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else None,
)
def test_refusals(status: int, reason: str, error: type[HeraError]) -> None:
    body = f'{{"kind": "Status", "reason": "{reason}", "message": "because"}}'.encode()
    found = refused(status, body, "GET /x")
    assert type(found) is error and "because" in found.message and "GET /x" in found.message


def test_nobody_answers(fake: FakeKubernetes, api: Api) -> None:
    fake.down = True
    with pytest.raises(Unavailable) as raised:
        api.get(MAPS)
    assert raised.value.retryable and "does not answer" in raised.value.message


def test_a_watch_outlives_its_connection(fake: FakeKubernetes, api: Api) -> None:
    fake.put(f"{MAPS}/a", config_map("a"))
    lost: list[str] = []
    events = api.watch(MAPS, lost=lost.append)
    assert next(events)[1]["metadata"]["name"] == "a"

    def disturb() -> None:
        fake.cut()
        time.sleep(0.3)
        fake.put(f"{MAPS}/b", config_map("b"))
        fake.busy, fake.down = 2, False

    threading.Thread(target=disturb).start()
    assert next(events)[1]["metadata"]["name"] == "b"
    fake.remove(f"{MAPS}/a")
    assert next(events)[0] == "DELETED"
    assert len(lost) == 1


def test_a_busy_server_is_asked_again(fake: FakeKubernetes, api: Api) -> None:
    fake.put(f"{MAPS}/a", config_map("a"))
    fake.busy = 2
    assert api.get(f"{MAPS}/a")["metadata"]["name"] == "a"
    fake.busy = 50
    with pytest.raises(Throttled):
        api.get(f"{MAPS}/a")


def test_logs_are_lines(fake: FakeKubernetes, api: Api) -> None:
    fake.say("p", "one", "two")
    assert list(api.logs("hera", "p", "main")) == ["one", "two"]
    with pytest.raises(NotFound):
        list(api.logs("hera", "nobody", "main"))
