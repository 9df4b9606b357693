"""Addresses inside the cluster become local ones; all others stay."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from infra.errors import NotFound
from infra.kube.api import Api
from infra.kube.inside import Inside
from tests.doubles.kubernetes_api import FakeKubernetes

ROOT = "/api/v1/namespaces"


@pytest.fixture
def fake() -> FakeKubernetes:
    fake = FakeKubernetes()
    fake.put(f"{ROOT}/sim/services/minio", {"metadata": {"name": "minio"}, "spec": SERVICE})
    fake.put(f"{ROOT}/sim/pods/minio-0", POD)
    fake.put(f"{ROOT}/hera/configmaps/hera-environment", {"data": {"HERA_SIMULATOR_URL": "http://minio.sim.svc:9000"}})
    secret = base64.b64encode(b"token").decode()
    fake.put(f"{ROOT}/hera/secrets/hera-credentials", {"data": {"HERA_SIMULATOR_TOKEN": secret}})
    return fake


SERVICE = {"ports": [{"port": 9000, "targetPort": "s3"}], "selector": {"app": "minio"}}
POD = {
    "metadata": {"name": "minio-0", "labels": {"app": "minio"}},
    "spec": {"containers": [{"name": "minio", "ports": [{"name": "s3", "containerPort": 9000}]}]},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}


@pytest.mark.parametrize("host", ["minio.sim.svc", "minio.sim.svc.cluster.local"])
def test_a_service_becomes_a_local_port(api: Api, host: str) -> None:
    with Inside(api, "hera") as inside:
        first = inside.address(f"http://{host}:9000/x")
        assert first.startswith("http://127.0.0.1:") and first.endswith("/x")
        assert inside.address(f"http://{host}:9000/x") == first


@pytest.mark.parametrize("url", ["https://s3.eu-west-1.amazonaws.com", "http://127.0.0.1:9000"])
def test_others_stay(api: Api, url: str) -> None:
    with Inside(api, "hera") as inside:
        assert inside.address(url) == url


def test_the_simulator(fake: FakeKubernetes, api: Api) -> None:
    with Inside(api, "hera") as inside:
        url, token = inside.simulator()
        assert url.startswith("http://127.0.0.1:") and token == "token"
    fake.remove(f"{ROOT}/hera/configmaps/hera-environment")
    with pytest.raises(NotFound):
        Inside(api, "hera").simulator()


def test_credentials_that_may_not_be_read_are_no_error(fake: FakeKubernetes, api: Api) -> None:
    fake.forbidden.add(f"GET {ROOT}/hera/secrets/hera-credentials")
    assert Inside(api, "hera").environment == {"HERA_SIMULATOR_URL": "http://minio.sim.svc:9000"}


def test_a_folder_is_a_folder(api: Api, tmp_path: Path) -> None:
    store = Inside(api, "hera").open_store(tmp_path.as_uri())
    store.put("a", b"1")
    found = store.get("a")
    assert found is not None and found.data == b"1"
