"""The kit's smaller parts."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

import pytest
from kubernetes import client

from infra.errors import ConfigRejected, Throttled
from infra.kube.api import Api
from infra.secrets.base import Slowed
from operator_kit import conditions, finalizers, logs, metrics, watching
from operator_kit.conditions import Condition
from operator_kit.crd import Kind, Model, definition
from operator_kit.queue import Outcome, WorkQueue

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_conditions_move_their_time_only_with_their_answer() -> None:
    first = conditions.merge([], [Condition("Ready", True, "Synced", "well")], 1, NOON)
    later = conditions.merge(first, [Condition("Ready", True, "Synced", "well")], 1)
    assert later == first
    turned = conditions.merge(first, [Condition("Ready", False, "Failed")], 2)
    assert turned[0]["lastTransitionTime"] != first[0]["lastTransitionTime"]
    assert (turned[0]["status"], turned[0]["observedGeneration"]) == ("False", 2)


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2-xyz",
        '{"client_secret": "hunter2-xyz"}',
        "Authorization: Bearer hunter2-xyzhunter2-xyz",
        "{'kind': 'Secret', 'data': {'a': 'hunter2-xyz'}}",
        "postgres://me:hunter2-xyz@host/db",
        f"-----BEGIN RSA {'PRIVATE'} KEY-----\nhunter2-xyz\n-----END RSA PRIVATE KEY-----",
        'SecretString: "hunter2-xyz"',
    ],
    ids=["assignment", "json", "bearer", "object", "url", "pem", "answer"],
)
def test_what_looks_like_a_secret_is_blanked(text: str) -> None:
    assert "hunter2" not in logs.redact(text)


@pytest.mark.parametrize("text", ["the Secret database is up to date", "'metadata': {'name': 'a'}", "secretStoreRef: store"])
def test_what_is_none_is_left_alone(text: str) -> None:
    assert logs.redact(text) == text


def test_logs_are_json_lines_without_secrets() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    logger = logging.Logger("operator")
    logger.addHandler(handler)
    try:
        raise RuntimeError("token=abcdefgh-canary")
    except RuntimeError:
        logger.exception("it failed, password: canary", extra={"fields": {"name": "a", "seconds": 0.5}})
    line = json.loads(stream.getvalue())
    assert line["seconds"] == 0.5 and line["name"] == "a" and "RuntimeError" in line["error"]
    assert "canary" not in stream.getvalue()


class Inner(Model):
    RULES: ClassVar[Sequence[tuple[str, str]]] = (("self.size > 0", "size must be positive"),)
    size: int = 1
    mode: Literal["A", "B"] = "A"
    note: str | None = None


class Outer(Model):
    inner: Inner = Inner()
    many: tuple[Inner, ...] = ()
    labels: dict[str, str] = {}


def test_a_definition_is_made_of_a_model() -> None:
    made = definition(Kind("example.dev", "v1", "Thing", "things", Outer, Outer, ("th",)))
    version = made["spec"]["versions"][0]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    inner = spec["properties"]["inner"]
    assert version["subresources"] == {"status": {}} and made["spec"]["names"]["shortNames"] == ["th"]
    assert inner["x-kubernetes-validations"] == [{"rule": "self.size > 0", "message": "size must be positive"}]
    assert inner["default"] == {"size": 1, "mode": "A"} and inner["properties"]["mode"]["enum"] == ["A", "B"]
    assert spec["x-kubernetes-preserve-unknown-fields"] is True and "$ref" not in json.dumps(made)


def test_a_key_is_handled_by_one_worker_and_once_more_when_added_meanwhile() -> None:
    running, most, rounds = 0, 0, 0
    lock, added = threading.Lock(), threading.Event()

    def handle(key: str) -> None:
        nonlocal running, most, rounds
        with lock:
            running += 1
            most, rounds = max(most, running), rounds + 1
        added.wait(2)
        with lock:
            running -= 1

    queue: WorkQueue[str] = WorkQueue(handle, workers=4)
    queue.start()
    queue.add("a")
    while not running:
        time.sleep(0.005)
    for _ in range(5):
        queue.add("a")
    added.set()
    deadline = time.monotonic() + 5
    while not (queue.idle() and rounds == 2) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (most, rounds) == (1, 2)
    assert queue.stop(2)


def test_errors_are_tried_again_and_told() -> None:
    outcomes: list[Outcome[str]] = []
    queue: WorkQueue[str] = WorkQueue(lambda key: 1 / 0, workers=1, done=outcomes.append, chance=lambda: 0.5)
    queue.start()
    queue.add("a")
    deadline = time.monotonic() + 5
    while len(outcomes) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    queue.stop(1)
    assert all(isinstance(item.error, ZeroDivisionError) for item in outcomes) and len(outcomes) >= 2


def test_what_failed_is_tried_at_once_when_its_cause_is_gone() -> None:
    handled: list[str] = []

    def handle(key: str) -> None:
        handled.append(key)
        if len(handled) < 2:
            raise Slowed("x", retry_after=100)

    queue: WorkQueue[str] = WorkQueue(handle, workers=1)
    queue.start()
    queue.add("a")
    deadline = time.monotonic() + 5
    while len(handled) < 2 and time.monotonic() < deadline:
        queue.retry(["a", "never failed"])
        time.sleep(0.01)
    queue.stop(1)
    assert handled == ["a", "a"]


@pytest.mark.parametrize(
    ("error", "failures", "expected"),
    [
        (Throttled("x"), 0, 1.0),
        (Throttled("x"), 3, 8.0),
        (Throttled("x"), 50, 300.0),
        (Slowed("x", retry_after=40), 0, 40.0),
        (ConfigRejected("x"), 1, 2.0),
    ],
    ids=["first", "doubles", "ends somewhere", "as long as the cloud asked", "others too"],
)
def test_pauses_after_errors(error: Exception, failures: int, expected: float) -> None:
    queue: WorkQueue[str] = WorkQueue(lambda key: None, chance=lambda: 0.5)
    assert queue.delay_after(error, failures) == expected


@pytest.mark.parametrize("word", ["Bearer", "bearer"], ids=["of a kubeconfig", "of a pod"])
def test_kopf_gets_the_same_token(word: str) -> None:
    configuration = client.Configuration(host="https://api.example")
    configuration.api_key["BearerToken"] = f"{word} abc"
    assert watching.connection(Api(client.ApiClient(configuration))).token == "abc"


def test_metrics_and_probes_are_served() -> None:
    told = metrics.Metrics("example")
    told.round("Thing", "ok", 0.1)
    alive = [True]
    server = metrics.serve("127.0.0.1", 0, told, lambda: alive[0], lambda: False)
    root = f"http://127.0.0.1:{server.server_port}"
    text = urllib.request.urlopen(f"{root}/metrics").read().decode()
    assert 'hera_operator_reconciles_total{kind="Thing",operator="example",outcome="ok"} 1.0' in text
    assert urllib.request.urlopen(f"{root}/healthz").status == 200
    for path in ("/readyz", "/other"):
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(root + path)
    server.shutdown()


@pytest.mark.parametrize(
    ("annotations", "released"), [({}, False), ({finalizers.RELEASE: "true"}, True)], ids=["held", "released"]
)
def test_a_finalizer_can_be_released(annotations: dict[str, str], released: bool) -> None:
    obj: dict[str, Any] = {"metadata": {"annotations": annotations, "finalizers": ["f"]}}
    assert finalizers.has(obj, "f") and finalizers.is_released(obj) is released
