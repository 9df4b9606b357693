"""States, plans and the ledger on Azure: the store and terraform's own backend on Azurite, their making on an ARM double.

Azurite is installed once into the user's cache folder with npm. It is an emulator: it knows ETags, leases and blobs as Azure
does, but neither Entra nor versions.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.errors import AlreadyExists, AuthDenied, CloudUnavailable, NotFound, Throttled, UsageError
from infra.objects import PreconditionFailed
from infra.providers.azure import PROVIDER
from infra.providers.azure.blobs import BlobStore
from infra.providers.azure.resources import drain, inventory
from infra.providers.azure.state import ACCOUNT, create
from infra.providers.base import OWNER_TAG, StateLocation
from tests.doubles.arm import SUBSCRIPTION, Arm, arm, certificate
from tests.support.ports import free_port

AZURITE = "3.37.0"
NAME = "hera"
KEY = "aGVyYS1pbnRlZ3JhdGlvbi10ZXN0cy1oYXZlLW5vLXNlY3JldHM="


def azurite_program() -> Path:
    """Return Azurite's blob server, installed into the cache on first use."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hera" / f"azurite-{AZURITE}"
    program = cache / "node_modules" / ".bin" / "azurite-blob"
    if not program.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.fail(f"Azurite needs Node.js: install it, then `npm install --prefix {cache} azurite@{AZURITE}`")
        cache.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--prefix", str(cache), f"azurite@{AZURITE}"],
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode:
            pytest.fail(f"`npm install --prefix {cache} azurite@{AZURITE}` failed:\n{done.stderr[-2000:]}")
    return program


@contextmanager
def azurite(folder: Path, *arguments: str) -> Iterator[int]:
    """Run Azurite with an account of ours while the block lasts; give its port."""
    port, program = free_port(), azurite_program()
    command = [program, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", folder / "blobs", "--silent"]
    with (folder / "azurite.log").open("w") as log:
        process = subprocess.Popen(
            [*map(str, command), "--skipApiVersionCheck", "--disableTelemetry", *arguments],
            env={**os.environ, "AZURITE_ACCOUNTS": f"{NAME}:{KEY}"},
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(10)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "Azurite ended at once"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("Azurite did not open its port within 30 s")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with azurite(tmp_path_factory.mktemp("azurite")) as port:
        yield f"http://127.0.0.1:{port}/{NAME}"


@pytest.fixture
def location(endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> StateLocation:
    """Return a location in a container of its own."""
    monkeypatch.setenv("ARM_ACCESS_KEY", KEY)
    from azure.storage.blob import BlobServiceClient

    container = f"c{abs(hash(request.node.nodeid)):x}"
    service = BlobServiceClient(endpoint, credential={"account_name": NAME, "account_key": KEY})
    service.create_container(container)
    return StateLocation.parse(f"azurerm://{NAME}/{container}/team?endpoint={endpoint}")


@pytest.fixture
def store(location: StateLocation) -> Any:
    return PROVIDER.object_store(location)


# --- the store ----------------------------------------------------------------------------------------------------------------


def test_what_is_put_is_got_back(store: BlobStore) -> None:
    version = store.put("clusters/demo/ledger.json", b"{}")
    found = store.get("clusters/demo/ledger.json")
    assert found is not None
    assert (found.data, found.version) == (b"{}", version)
    assert store.get("clusters/other/ledger.json") is None


def test_every_write_has_a_version_of_its_own(store: BlobStore) -> None:
    assert store.put("a", b"same") != store.put("a", b"same")


@pytest.mark.parametrize("size", [0, 1, 5 << 20], ids=["empty", "one byte", "5 MiB"])
def test_any_size(store: BlobStore, size: int) -> None:
    data = os.urandom(size)
    store.put("plan", data)
    found = store.get("plan")
    assert found is not None
    assert found.data == data


def test_only_the_first_makes_it(store: BlobStore) -> None:
    store.put("lock.json", b"one", if_absent=True)
    with pytest.raises(PreconditionFailed):
        store.put("lock.json", b"two", if_absent=True)
    found = store.get("lock.json")
    assert found is not None
    assert found.data == b"one"


def test_only_who_knows_the_version_writes(store: BlobStore) -> None:
    old = store.put("ledger.json", b"1")
    new = store.put("ledger.json", b"2", if_version=old)
    with pytest.raises(PreconditionFailed):
        store.put("ledger.json", b"3", if_version=old)
    store.put("ledger.json", b"3", if_version=new)


def test_a_version_of_what_is_gone_is_refused(store: BlobStore) -> None:
    version = store.put("ledger.json", b"1")
    store.delete("ledger.json")
    with pytest.raises(PreconditionFailed):
        store.put("ledger.json", b"2", if_version=version)


def test_of_many_writers_one_wins(store: BlobStore) -> None:
    version = store.put("ledger.json", b"0")

    def write(number: int) -> bool:
        try:
            store.put("ledger.json", str(number).encode(), if_version=version)
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(8))) == 1


def test_keys_are_listed_sorted_and_without_the_prefix(store: BlobStore) -> None:
    for key in ("clusters/b/ledger.json", "clusters/a/ledger.json", "other"):
        store.put(key, b"")
    assert list(store.list("clusters/")) == ["clusters/a/ledger.json", "clusters/b/ledger.json"]
    assert list(store.list("nothing/")) == []


def test_deleting_twice_is_deleting_once(store: BlobStore) -> None:
    store.put("a", b"")
    store.delete("a")
    store.delete("a")
    assert store.get("a") is None


@pytest.mark.parametrize("ask", ["get", "put", "list", "delete"])
def test_a_missing_container_is_named(location: StateLocation, ask: str) -> None:
    missing = StateLocation(location.scheme, location.bucket, "missing", location.options)
    store = PROVIDER.object_store(missing)
    calls = {
        "get": lambda: store.get("a"),
        "put": lambda: store.put("a", b""),
        "list": lambda: list(store.list("")),
        "delete": lambda: store.delete("a"),
    }
    with pytest.raises(NotFound, match="no container missing"):
        calls[ask]()


def test_a_wrong_key_is_an_answer(location: StateLocation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARM_ACCESS_KEY", "d3Jvbmc=")
    with pytest.raises(AuthDenied):
        PROVIDER.object_store(location).get("a")


def test_nobody_there_is_worth_a_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARM_ACCESS_KEY", KEY)
    url = f"azurerm://{NAME}/state?endpoint=http://127.0.0.1:{free_port()}/{NAME}"
    with pytest.raises(CloudUnavailable):
        PROVIDER.object_store(StateLocation.parse(url)).get("a")


def test_a_location_names_a_container() -> None:
    with pytest.raises(UsageError, match="ACCOUNT/CONTAINER"):
        PROVIDER.object_store(StateLocation.parse("azurerm://account"))


# --- making it ----------------------------------------------------------------------------------------------------------------

WHERE = StateLocation.parse("azurerm://herastate/state/team?resource_group=rg-state")
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-state"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/herastate".lower()


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Arm]:
    with arm(tmp_path) as double:
        yield double


def test_a_state_store_is_made_whole(cloud: Arm) -> None:
    done = create(WHERE, "westeurope", cloud.clients())
    assert [line.split(" ")[0] for line in done] == ["made", "made", "turned", "made", "gave"]
    account = cloud.resources[STORAGE]
    assert account["sku"]["name"] == "Standard_ZRS"
    assert account["kind"] == "StorageV2"
    assert account["properties"] | dict(ACCOUNT) == account["properties"]
    assert account["properties"]["encryption"]["requireInfrastructureEncryption"] is True
    service = cloud.resources[f"{STORAGE}/blobservices/default"]["properties"]
    assert service["isVersioningEnabled"] is True
    assert service["deleteRetentionPolicy"] == {"enabled": True, "days": 30}
    assert cloud.resources[f"{STORAGE}/blobservices/default/containers/state"]["properties"]["publicAccess"] == "None"
    roles = [item for item in cloud.resources.values() if "roleAssignments" in item["id"]]
    assert [role["properties"]["principalId"] for role in roles] == ["11111111-0000-4000-8000-000000000001"]


def test_a_second_time_changes_nothing(cloud: Arm) -> None:
    create(WHERE, "westeurope", cloud.clients())
    before = len(cloud.writes())
    assert create(WHERE, "westeurope", cloud.clients()) == []
    assert len(cloud.writes()) == before


@pytest.mark.parametrize(
    ("where", "name", "value", "said"),
    [
        pytest.param(STORAGE, "allowBlobPublicAccess", True, "repaired allowBlobPublicAccess", id="public blobs"),
        pytest.param(STORAGE, "minimumTlsVersion", "TLS1_0", "repaired minimumTlsVersion", id="old TLS"),
        pytest.param(STORAGE, "allowSharedKeyAccess", True, "repaired allowSharedKeyAccess", id="account keys"),
        pytest.param(f"{STORAGE}/blobservices/default", "isVersioningEnabled", False, "turned on isVersioning", id="no versions"),
    ],
)
def test_what_was_loosened_is_repaired(cloud: Arm, where: str, name: str, value: Any, said: str) -> None:
    create(WHERE, "westeurope", cloud.clients())
    cloud.resources[where]["properties"][name] = value
    done = create(WHERE, "westeurope", cloud.clients())
    assert len(done) == 1
    assert done[0].startswith(said)
    assert cloud.resources[where]["properties"][name] != value


def test_a_half_made_store_is_finished(cloud: Arm) -> None:
    cloud.add("resourceGroups/rg-state", "Microsoft.Resources/resourceGroups")
    done = create(WHERE, "westeurope", cloud.clients())
    assert [line.split(" ")[:2] for line in done][0] == ["made", "storage"]


def test_where_a_region_has_no_zones_copies_are_local(cloud: Arm) -> None:
    cloud.skus = ("Standard_LRS",)
    assert "(LRS, " in create(WHERE, "westeurope", cloud.clients())[1]


def test_a_taken_name_is_refused(cloud: Arm) -> None:
    cloud.taken.add("herastate")
    with pytest.raises(AlreadyExists, match="not free"):
        create(WHERE, "westeurope", cloud.clients())


def test_throttling_is_waited_out(cloud: Arm) -> None:
    cloud.faults.append((429, "TooManyRequests", "The request is being throttled."))
    assert create(WHERE, "westeurope", cloud.clients())


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param((403, "AuthorizationFailed", "The client does not have authorization."), AuthDenied, id="no right"),
        pytest.param((401, "ExpiredAuthenticationToken", "The access token has expired."), AuthDenied, id="old token"),
        pytest.param((500, "InternalServerError", "Encountered internal server error."), CloudUnavailable, id="broken"),
        pytest.param((429, "TooManyRequests", "The request is being throttled."), Throttled, id="throttled for long"),
    ],
)
def test_azures_answers_in_our_words(cloud: Arm, fault: tuple[int, str, str], error: type[Exception]) -> None:
    cloud.faults.extend([fault] * 30)
    with pytest.raises(error) as caught:
        create(WHERE, "westeurope", cloud.clients())
    assert fault[2] in getattr(caught.value, "detail", "")


# --- what a cluster has -------------------------------------------------------------------------------------------------------


@pytest.fixture
def cluster(cloud: Arm) -> Arm:
    """Return a cloud with a cluster's things, another cluster's, and what Kubernetes made."""
    own, net = {OWNER_TAG: "demo"}, "resourceGroups/hera-demo/providers/Microsoft.Network"
    nodes = "resourceGroups/hera-demo-nodes/providers"
    cloud.add("resourceGroups/hera-demo", "Microsoft.Resources/resourceGroups", own)
    cloud.add("resourceGroups/hera-demo-nodes", "Microsoft.Resources/resourceGroups", own)
    cloud.add(f"{net}/virtualNetworks/demo-vnet", "Microsoft.Network/virtualNetworks", own)
    link = f"{net}/privateDnsZones/a.b/virtualNetworkLinks/demo-a-b"
    cloud.add(link, "Microsoft.Network/privateDnsZones/virtualNetworkLinks", own)
    vault = "resourceGroups/hera-demo/providers/Microsoft.KeyVault/vaults/demo-1"
    cloud.add(vault, "Microsoft.KeyVault/vaults", own)
    cloud.add(
        f"{vault}/keys/disks", "Microsoft.KeyVault/vaults/keys", keyUriWithVersion="https://demo-1.vault.azure.net/keys/disks/7"
    )
    cloud.add(f"{net}/virtualNetworks/other-vnet", "Microsoft.Network/virtualNetworks", {OWNER_TAG: "other"})
    cloud.add(f"{nodes}/Microsoft.Network/loadBalancers/kubernetes", "Microsoft.Network/loadBalancers")
    cloud.add(
        f"{nodes}/Microsoft.Network/publicIPAddresses/kubernetes-a",
        "Microsoft.Network/publicIPAddresses",
        {"k8s-azure-service": "shop/web"},
    )
    cloud.add(
        f"{nodes}/Microsoft.Compute/disks/pvc-1", "Microsoft.Compute/disks", {"k8s-azure-created-by": "kubernetes-azure-dd"}
    )
    return cloud


def test_the_inventory_is_all_that_a_cluster_has(cluster: Arm) -> None:
    found = inventory("demo", cluster.clients().resources)
    assert [(item.type, item.name) for item in found] == [
        ("Microsoft.Compute/disks", "pvc-1"),
        ("Microsoft.Network/loadBalancers", "kubernetes"),
        ("azurerm_key_vault", "demo-1"),
        ("azurerm_key_vault_key", "disks"),
        ("azurerm_private_dns_zone_virtual_network_link", "demo-a-b"),
        ("azurerm_public_ip", "kubernetes-a"),
        ("azurerm_resource_group", "hera-demo"),
        ("azurerm_resource_group", "hera-demo-nodes"),
        ("azurerm_virtual_network", "demo-vnet"),
    ]
    assert next(item.id for item in found if item.name == "disks") == "https://demo-1.vault.azure.net/keys/disks/7"


def test_a_drain_removes_what_kubernetes_made_and_nothing_else(cluster: Arm) -> None:
    before = set(cluster.resources)
    removed = drain("demo", cluster.clients().resources)
    assert [item.name for item in removed] == ["kubernetes-a", "pvc-1"]
    assert {key.rsplit("/", 1)[-1] for key in before - set(cluster.resources)} == {"kubernetes-a", "pvc-1"}
    assert drain("demo", cluster.clients().resources) == []


def test_a_cluster_that_is_not_there_has_nothing(cluster: Arm) -> None:
    assert inventory("never", cluster.clients().resources) == []
    assert drain("never", cluster.clients().resources) == []


# --- terraform's own backend --------------------------------------------------------------------------------------------------


class Tunnel(socketserver.ThreadingTCPServer):
    """A proxy that leads every CONNECT to Azurite, so that terraform believes it talks to Azure's address."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.target = port
        self.asked: set[str] = set()


class _Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Tunnel)
        self.server.asked.add(self.rfile.readline().decode().split(" ")[1])
        while self.rfile.readline().strip():
            pass
        with socket.create_connection(("127.0.0.1", self.server.target)) as target:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pour, args=(target, self.connection), daemon=True)
            back.start()
            _pour(self.connection, target)
            back.join()


def _pour(source: socket.socket, sink: socket.socket) -> None:
    """Copy bytes until either side ends."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str], Tunnel]]:
    """Return a root with provider.backend's backend, and the environment in which Azure's address is Azurite's."""
    from azure.storage.blob import BlobServiceClient

    host = f"{NAME}.blob.core.windows.net"
    pem = certificate(tmp_path, host)
    with azurite(tmp_path, "--cert", str(pem), "--key", str(pem)) as port, Tunnel(port) as tunnel:
        threading.Thread(target=tunnel.serve_forever, daemon=True).start()
        service = BlobServiceClient(
            f"https://localhost:{port}/{NAME}", credential={"account_name": NAME, "account_key": KEY}, connection_verify=str(pem)
        )
        service.create_container("state")
        kind, arguments = PROVIDER.backend(StateLocation.parse(f"azurerm://{NAME}/state/team"), "state/team/demo.tfstate")
        root = tmp_path / "root"
        root.mkdir()
        what = {"terraform": {"backend": {kind: arguments}}, "resource": {"terraform_data": {"x": {"input": "1"}}}}
        (root / "main.tf.json").write_text(json.dumps(what))
        proxy = f"http://127.0.0.1:{tunnel.server_address[1]}"
        extra = {"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(pem), "ARM_ACCESS_KEY": KEY, "CHECKPOINT_DISABLE": "1"}
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("ARM_", "AZURE_", "TF_"))}
        yield root, {**clean, "TF_CLI_CONFIG_FILE": os.devnull, **extra}, tunnel
        tunnel.shutdown()


def terraform(root: Path, env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["terraform", f"-chdir={root}", *arguments, "-no-color"], env=env, capture_output=True, text=True)


def test_terraform_keeps_its_state_where_the_backend_says(backend: tuple[Path, dict[str, str], Tunnel]) -> None:
    root, env, tunnel = backend
    for arguments in (["init", "-input=false"], ["apply", "-auto-approve"], ["plan", "-detailed-exitcode"]):
        done = terraform(root, env, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    assert tunnel.asked == {f"{NAME}.blob.core.windows.net:443"}
    assert not (root / "terraform.tfstate").exists()


def test_a_held_lock_is_an_error_of_the_table(backend: tuple[Path, dict[str, str], Tunnel]) -> None:
    from azure.storage.blob import BlobClient

    from infra.classify import classify
    from infra.errors import StateLocked

    root, env, tunnel = backend
    for arguments in (["init", "-input=false"], ["apply", "-auto-approve"]):
        done = terraform(root, env, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    blob = BlobClient(
        f"https://localhost:{tunnel.target}/{NAME}",
        "state",
        "team/demo.tfstate",
        credential={"account_name": NAME, "account_key": KEY},
        connection_verify=env["SSL_CERT_FILE"],
    )
    lease = blob.acquire_lease()
    held = terraform(root, env, "plan", "-lock-timeout=0s")
    assert held.returncode == 1
    assert isinstance(classify(held.stderr, PROVIDER.error_patterns), StateLocked), held.stderr
    lease.release()
    assert terraform(root, env, "plan").returncode == 0
