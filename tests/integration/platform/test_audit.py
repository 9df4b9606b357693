"""The audit policy, on the API server that runs with it: who did what is written down, and no secret is."""

from __future__ import annotations

import json
from typing import Any

from tests.support.kubernetes_api import Server
from tests.support.waiting import until

CANARY = "c2VjcmV0LWNhbmFyeS03NzE"


def events(server: Server, **wanted: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in server.audit_log.read_text().splitlines() if line.endswith("}")]
    return [event for event in found if all(event.get("objectRef", {}).get(key) == value for key, value in wanted.items())]


def test_a_secret_is_named_and_not_told(platform: Server) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "audited", "namespace": "apps"},
        "data": {"key": CANARY + "="},
    }
    platform.api.apply(secret)
    platform.api.get(platform.api.path_of(secret))
    until(
        lambda: {"patch", "get"} <= {event["verb"] for event in events(platform, resource="secrets", name="audited")}, "not told"
    )
    assert CANARY not in platform.audit_log.read_text()


def test_a_change_of_rights_is_told_whole(platform: Server) -> None:
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "audited", "namespace": "apps"},
        "rules": [],
    }
    platform.api.apply(role)
    until(lambda: bool(events(platform, resource="roles", name="audited")), "not told")
    event = events(platform, resource="roles", name="audited")[0]
    assert event["level"] == "RequestResponse" and event["user"]["username"] == "hera-admin" and "responseObject" in event


def test_noise_is_left_out(platform: Server) -> None:
    platform.api.get("/version")
    said = [json.loads(line) for line in platform.audit_log.read_text().splitlines() if line.endswith("}")]
    assert said
    assert [event["requestURI"] for event in said if event["requestURI"].startswith(("/version", "/readyz", "/livez"))] == []
    assert [event for event in said if event.get("objectRef", {}).get("resource") == "events"] == []
