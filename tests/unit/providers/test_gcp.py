"""Google Cloud's provider without Google Cloud: mapping, refusals, error texts, prices, and what is looked for and removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from infra.classify import classify
from infra.errors import AuthDenied, CloudUnavailable, DependencyViolation, TimedOut, UsageError
from infra.plans.cost import estimate
from infra.providers.base import CloudObject, StateLocation
from infra.providers.gcp import PROVIDER, auth, facts
from infra.providers.gcp.drain import drain
from infra.providers.gcp.inventory import inventory
from infra.providers.gcp.kubernetes_made import Found, related
from infra.providers.gcp.rest import Rest, relative
from infra.providers.gcp.storage import GcsStore
from infra.spec.model import Cluster

COMPUTE = "https://www.googleapis.com/compute/v1/projects/p/"


def cluster(**spec: Any) -> Cluster:
    zones = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
    base: dict[str, Any] = {
        "cloud": "gcp",
        "region": "europe-west1",
        "environment": "dev",
        "network": {"zones": zones},
        "kubernetes": {"version": "1.34"},
        "nodePools": [{"name": "general", "machineType": "e2-standard-4", "zones": zones}],
        "cloudOptions": {"projectId": "my-project"},
    }
    for name, value in spec.items():
        base[name] = {**base[name], **value} if isinstance(value, dict) and name in base else value
    return Cluster.model_validate({"metadata": {"name": "demo"}, "spec": base})


def pool(**values: Any) -> list[dict[str, Any]]:
    return [{"name": "a", "machineType": "e2-standard-4", "zones": ["europe-west1-b"], **values}]


# --- mapping ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "options", "name", "value"),
    [
        pytest.param("network", {}, "project_id", "my-project", id="project-network"),
        pytest.param("cluster", {}, "project_id", "my-project", id="project-cluster"),
        pytest.param("network", {}, "nat_max_ports_per_vm", 4096, id="default"),
        pytest.param("network", {"iapSsh": True}, "iap_ssh", True, id="iap"),
        pytest.param("network", {"egressAllowedCidrs": []}, "egress_allowed_cidrs", [], id="closed-egress"),
        pytest.param("network", {"privateServiceConnect": True}, "private_service_connect", True, id="psc"),
        pytest.param("cluster", {"releaseChannel": "STABLE"}, "release_channel", "STABLE", id="channel"),
        pytest.param("cluster", {"diskEncryption": True}, "disk_encryption", True, id="disk-key"),
        pytest.param("cluster", {"projectNumber": "12"}, "project_number", "12", id="number"),
        pytest.param(
            "cluster",
            {"maintenanceExclusions": {"x": {"start": "2026-12-20T00:00:00Z", "end": "2026-12-27T00:00:00Z"}}},
            "maintenance_exclusions",
            {"x": {"start": "2026-12-20T00:00:00Z", "end": "2026-12-27T00:00:00Z", "scope": "NO_UPGRADES"}},
            id="exclusion",
        ),
    ],
)
def test_options_reach_the_module(stage: str, options: dict[str, Any], name: str, value: Any) -> None:
    assert PROVIDER.cloud_variables(stage, cluster(cloudOptions=options))[name] == value


@pytest.mark.parametrize(("stage", "absent"), [("network", "release_channel"), ("cluster", "iap_ssh"), ("cluster", "kms_key_id")])
def test_a_module_gets_only_what_it_takes(stage: str, absent: str) -> None:
    assert absent not in PROVIDER.cloud_variables(stage, cluster())


def test_the_provider_block_names_project_and_region_and_no_credentials() -> None:
    assert PROVIDER.provider_blocks(cluster()) == {"google": {"project": "my-project", "region": "europe-west1"}}


@pytest.mark.parametrize(
    ("url", "more"),
    [
        pytest.param("gs://state/hera", {}, id="plain"),
        pytest.param("gs://state/hera?kms_key=k", {"kms_encryption_key": "k"}, id="key"),
        pytest.param(
            "gs://state/hera?endpoint=http://h:1", {"storage_custom_endpoint": "http://h:1/storage/v1/b"}, id="other-server"
        ),
    ],
)
def test_backend(url: str, more: dict[str, str]) -> None:
    location = StateLocation.parse(url)
    expected = {"bucket": "state", "prefix": "hera/demo/network", **more}
    assert PROVIDER.backend(location, location.key("demo", "network")) == ("gcs", expected)


@pytest.mark.parametrize(
    ("region", "zones"),
    [
        ("europe-west1", ("europe-west1-b", "europe-west1-c", "europe-west1-d")),
        ("us-central1", ("us-central1-a", "us-central1-b", "us-central1-c", "us-central1-f")),
    ],
)
def test_zones_have_the_letters_that_the_cloud_gave(region: str, zones: tuple[str, ...]) -> None:
    assert PROVIDER.regions()[region] == zones


OUTPUTS = {"endpoint": "https://10.0.255.242", "ca_certificate": "Q0E=", "cloud": {"dns_endpoint": "gke-1.europe-west1.gke.goog"}}


def test_kubeconfig_asks_googles_command_for_tokens() -> None:
    config = PROVIDER.kubeconfig(cluster(), OUTPUTS)
    assert config["clusters"][0]["cluster"] == {"server": "https://10.0.255.242", "certificate-authority-data": "Q0E="}
    assert config["users"][0]["user"]["exec"]["command"] == "gke-gcloud-auth-plugin"
    assert config["current-context"] == config["contexts"][0]["name"] == "hera-demo"


def test_kubeconfig_takes_the_dns_endpoint_when_the_spec_opens_it() -> None:
    config = PROVIDER.kubeconfig(cluster(cloudOptions={"dnsEndpoint": True}), OUTPUTS)
    assert config["clusters"][0]["cluster"] == {"server": "https://gke-1.europe-west1.gke.goog"}


# --- what is refused ----------------------------------------------------------------------------------------------------------


def test_a_plain_cluster_is_accepted() -> None:
    assert PROVIDER.check(cluster()) == []


@pytest.mark.parametrize(
    ("spec", "path", "accepted"),
    [
        pytest.param({"cloudOptions": {"projectId": ""}}, "spec.cloudOptions.projectId", "id of your", id="no-project"),
        pytest.param({"cloudOptions": {"projectId": "My"}}, "spec.cloudOptions.projectId", "6 to 30", id="bad-project"),
        pytest.param({"tags": {"Team": "x"}}, "spec.tags.Team", "lower-case", id="label-key"),
        pytest.param({"tags": {"team": "X Y"}}, "spec.tags.team", "lower-case", id="label-value"),
        pytest.param({"tags": {f"t{i}": "" for i in range(57)}}, "spec.tags", "at most 56", id="too-many-labels"),
        pytest.param({"network": {"cidr": "10.0.0.0/23"}}, "spec.network.cidr", "/8 to /22", id="small-network"),
        pytest.param({"network": {"serviceCidr": "172.16.0.0/12"}}, "spec.network.serviceCidr", "/16 to /27", id="services"),
        pytest.param({"network": {"podCidr": "10.128.0.0/21"}}, "spec.network.podCidr", "/20 or larger", id="few-pods"),
        pytest.param(
            {"network": {"cidr": "10.0.0.0/22"}, "nodePools": pool(max=600)}, "spec.network.cidr", "larger", id="few-nodes"
        ),
        pytest.param({"nodePools": pool(machineType="big")}, "spec.nodePools[0].machineType", "e2-standard-4", id="no-machine"),
        pytest.param({"nodePools": pool(machineType="e2-micro")}, "spec.nodePools[0].machineType", "e2-medium", id="tiny"),
        pytest.param({"nodePools": pool(machineType="c4-standard-4")}, "spec.nodePools[0].machineType", "hyperdisk", id="disk"),
        pytest.param(
            {"network": {"zones": ["europe-west1-b"], "flowLogs": {"retentionDays": 3653}}},
            "spec.network.flowLogs.retentionDays",
            "3650",
            id="retention",
        ),
        pytest.param({"kubernetes": {"adminGroups": ["admins"]}}, "spec.kubernetes.adminGroups[0]", "mail address", id="group"),
        pytest.param(
            {"cloudOptions": {"maxSurge": 0}}, "spec.cloudOptions.maxSurge", "from 1 to 20", id="upgrade-that-cannot-move"
        ),
    ],
)
def test_refusals_say_where_and_what_is_accepted(spec: dict[str, Any], path: str, accepted: str) -> None:
    found = PROVIDER.check(cluster(**spec))
    assert [problem.path for problem in found] == [path]
    assert accepted in found[0].accepted


def test_hyperdisk_machines_are_fine_with_hyperdisk() -> None:
    spec = cluster(nodePools=pool(machineType="c4-standard-4"), cloudOptions={"diskType": "hyperdisk-balanced"})
    assert PROVIDER.check(spec) == []


# --- error texts --------------------------------------------------------------------------------------------------------------

TEXTS = [
    (
        'Error: Error acquiring the state lock\n\nError message: writing "gs://b/hera/default.tflock" failed: googleapi: '
        "Error 412: At least one of the pre-conditions you specified did not hold., conditionNotMet\nLock Info:\n  ID: 1700",
        "STATE_LOCKED",
    ),
    (
        "Error acquiring the state lock: googleapi: Error 403: x@p.iam.gserviceaccount.com does not have storage.objects.create "
        "access to the Google Cloud Storage object., forbidden",
        "AUTH_DENIED",
    ),
    (
        "Error: Cannot destroy cluster because deletion_protection is set to true. Set it to false to proceed with "
        "cluster deletion.",
        "DELETION_PROTECTED",
    ),
    (
        "Error: Attempted to load application default credentials since neither `credentials` nor `access_token` was set in the "
        "provider block.  No credentials loaded. google: could not find default credentials.",
        "AUTH_DENIED",
    ),
    (
        'oauth2: "invalid_grant" "reauth related error (invalid_rapt)" "https://support.google.com/a/answer/9368756"',
        "AUTH_DENIED",
    ),
    (
        "googleapi: Error 401: Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential., authError",
        "AUTH_DENIED",
    ),
    (
        "Error creating Network: googleapi: Error 403: Required 'compute.networks.create' permission for "
        "'projects/p/global/networks/n', forbidden",
        "AUTH_DENIED",
    ),
    (
        "googleapi: Error 403: Permission 'iam.serviceAccounts.create' denied on resource (or it may not exist). Details: [ { "
        '"reason": "IAM_PERMISSION_DENIED" } ], forbidden',
        "AUTH_DENIED",
    ),
    (
        'googleapi: Error 403: Required "container.clusters.create" permission(s) for "projects/p".',
        "AUTH_DENIED",
    ),
    (
        "googleapi: Error 403: Kubernetes Engine API has not been used in project 123 before or it is disabled. Enable it by "
        'visiting https://console.developers.google.com/... Details: [{"reason": "SERVICE_DISABLED"}], accessNotConfigured',
        "CONFIG_REJECTED",
    ),
    (
        "Error 403: Cloud KMS key projects/p/locations/l/keyRings/r/cryptoKeys/k is not usable: permission "
        "cloudkms.cryptoKeyVersions.useToEncrypt",
        "AUTH_DENIED",
    ),
    (
        "googleapi: Error 400: This API method requires billing to be enabled. Please enable billing on project #p, "
        "failedPrecondition",
        "CONFIG_REJECTED",
    ),
    (
        "googleapi: Error 403: Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service "
        "'compute.googleapis.com' for consumer 'project_number:123'., rateLimitExceeded",
        "THROTTLED",
    ),
    (
        "Error waiting to create Address: Quota 'STATIC_ADDRESSES' exceeded.  Limit: 8.0 in region europe-west1. quotaExceeded",
        "QUOTA_EXCEEDED",
    ),
    (
        "googleapi: Error 403: Insufficient regional quota to satisfy request: resource \"CPUS\": request requires '12.0' and is "
        "short '4.0'. project has a quota of '24.0' with '8.0' available., forbidden",
        "QUOTA_EXCEEDED",
    ),
    (
        "Error waiting for creating GKE NodePool: ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS: The zone "
        "'projects/p/zones/europe-west1-b' does not have enough resources available to fulfill the request. "
        "'(resource type:compute)'.",
        "CAPACITY_UNAVAILABLE",
    ),
    ("Instance 'gke-x' creation failed: [GCE_STOCKOUT]: Instance creation failed", "CAPACITY_UNAVAILABLE"),
    (
        "Error waiting for Deleting Network: The network resource 'projects/p/global/networks/n' is already being used by "
        "'projects/p/global/firewalls/k8s-fw-l7--1', resourceInUseByAnotherResource",
        "DEPENDENCY_VIOLATION",
    ),
    (
        "googleapi: Error 400: Cluster is running incompatible operation operation-1700-abc., failedPrecondition",
        "DEPENDENCY_VIOLATION",
    ),
    (
        "googleapi: Error 400: The resource 'projects/p/regions/r/subnetworks/s' is not ready, resourceNotReady",
        "DEPENDENCY_VIOLATION",
    ),
    (
        "googleapi: Error 409: The resource 'projects/p/global/networks/n' already exists, alreadyExists",
        "ALREADY_EXISTS",
    ),
    ("Error creating KeyRing: googleapi: Error 409: KeyRing projects/p/locations/l/keyRings/r already exists.", "ALREADY_EXISTS"),
    ("Error: Failed to get existing workspaces: querying Cloud Storage failed: storage: bucket doesn't exist", "NOT_FOUND"),
    (
        "Error waiting for creating GKE cluster: timeout while waiting for state to become 'DONE' (last state: 'RUNNING')",
        "TIMEOUT",
    ),
    ("googleapi: Error 503: The service is currently unavailable., backendError", "CLOUD_UNAVAILABLE"),
    ("googleapi: Error 500: Internal error encountered., backendError", "CLOUD_UNAVAILABLE"),
    (
        'googleapi: Error 400: Master version "1.19" is unsupported., badRequest',
        "CONFIG_REJECTED",
    ),
    (
        "googleapi: Error 400: Machine type with name 'm9-huge' does not exist in zone 'europe-west1-b'., badRequest",
        "CONFIG_REJECTED",
    ),
    (
        "Error waiting to create Subnetwork: Invalid IPCidrRange: 10.0.0.0/17 conflicts with existing subnetwork 'x' in region "
        "'europe-west1'., badRequest",
        "CONFIG_REJECTED",
    ),
    (
        "googleapi: Error 412: Constraint constraints/compute.restrictVpcPeering violated for project p., conditionNotMet",
        "CONFIG_REJECTED",
    ),
    ("something that nobody has seen before: Error", "STEP_FAILED"),
    ("Error: an internal load balancer has no subnet", "STEP_FAILED"),
]


@pytest.mark.parametrize(("text", "code"), TEXTS, ids=[f"{code.lower()}-{i}" for i, (_, code) in enumerate(TEXTS)])
def test_error_texts(text: str, code: str) -> None:
    assert classify(text, PROVIDER.error_patterns).code == code


# --- prices -------------------------------------------------------------------------------------------------------------------


def test_default_machines_have_prices() -> None:
    nodes = next(item for item in PROVIDER.prices()["items"] if item["label"].startswith("nodes"))
    assert {PROVIDER.machine_type(environment) for environment in ("dev", "staging", "prod")} <= set(nodes["hourly"])


def test_price_factors_are_for_regions_that_exist() -> None:
    assert set(PROVIDER.prices()["regions"]) <= set(PROVIDER.regions())


def test_a_month_of_a_small_cluster() -> None:
    node = {"machine_type": "e2-standard-4", "disk_size_gb": 100, "spot": False}
    resources = [
        ("c", "google_container_cluster", {}),
        ("p", "google_container_node_pool", {"autoscaling": [{"total_min_node_count": 3}], "node_config": [node]}),
        ("k", "google_kms_crypto_key", {"version_template": [{"protection_level": "SOFTWARE"}]}),
    ]
    cost = estimate(resources, PROVIDER.prices(), "us-central1")
    assert cost.not_priced == ()
    assert cost.monthly == pytest.approx(73 + 3 * 730 * 0.134 + 3 * 10 + 3 * 730 * 0.0014 + 0.06, abs=0.5)


def test_spot_nodes_cost_less() -> None:
    def month(spot: bool) -> float:
        node = {"machine_type": "n2-standard-4", "disk_size_gb": 50, "spot": spot}
        values = {"autoscaling": [{"total_min_node_count": 1}], "node_config": [node]}
        cost = estimate([("p", "google_container_node_pool", values)], PROVIDER.prices(), "us-central1")
        return next(line.monthly for line in cost.lines if line.label.startswith("nodes"))

    assert month(spot=True) < month(spot=False) / 2


def test_the_table_says_what_it_leaves_out() -> None:
    assert any("load balancers" in text for text in PROVIDER.prices()["excludes"])


# --- identity -----------------------------------------------------------------------------------------------------------------


class Answer:
    def __init__(self, status_code: int, data: Any) -> None:
        self.status_code = status_code
        self.text = json.dumps(data)
        self.content = self.text.encode()

    def json(self) -> Any:
        return json.loads(self.text)


class Http:
    """Answers from a function of method and URL, and remembers what was asked."""

    def __init__(self, answer: Callable[[str, str], Answer]) -> None:
        self._answer = answer
        self.asked: list[tuple[str, str]] = []
        self.sent: list[dict[str, Any]] = []

    def request(self, method: str, url: str, params: dict[str, str], timeout: int) -> Answer:
        self.asked.append((method, url))
        self.sent.append(params)
        return self._answer(method, url)

    def post(self, url: str, timeout: int, **sent: Any) -> Answer:
        self.sent.append(sent)
        return self._answer("POST", url)


def test_identity_is_asked_with_the_token_in_the_body() -> None:
    http = Http(lambda method, url: Answer(200, {"email": "me@example.com"}))
    assert auth.identify(http, "secret-token", "p").principal == "me@example.com"
    assert http.sent == [{"data": {"access_token": "secret-token"}}]


@pytest.mark.parametrize(("status", "error"), [(400, AuthDenied), (503, CloudUnavailable)])
def test_identity_refused(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        auth.identify(Http(lambda method, url: Answer(status, {"error": "invalid_token"})), "t", "p")


def test_missing_permissions_are_named() -> None:
    every = facts.load("permissions.json")["includedPermissions"]
    held = [name for name in every if not name.startswith("dns.")]
    http = Http(lambda method, url: Answer(200, {"permissions": held}))
    assert auth.missing_permissions(http, "p") == [name for name in every if name.startswith("dns.")]
    assert all(len(sent["json"]["permissions"]) <= 100 for sent in http.sent)


def test_a_project_that_is_not_ours() -> None:
    with pytest.raises(AuthDenied, match="project p is not there"):
        auth.missing_permissions(Http(lambda method, url: Answer(403, {})), "p")


def test_permissions_are_sorted_and_each_once() -> None:
    permissions = json.loads(PROVIDER.permissions().read_text())["includedPermissions"]
    assert permissions == sorted(set(permissions))


# --- what Kubernetes made -----------------------------------------------------------------------------------------------------

NETWORK = COMPUTE + "global/networks/demo"


def item(collection: str, name: str, **data: Any) -> dict[str, Any]:
    place = data.pop("place", "regions/europe-west1")
    return {"name": name, "selfLink": f"{COMPUTE}{place}/{collection}/{name}", **data}


LB = "a" + "0" * 31
MADE: dict[str, list[dict[str, Any]]] = {
    "networkEndpointGroups": [
        item("networkEndpointGroups", "k8s1-neg", network=NETWORK, place="zones/europe-west1-b"),
        item("networkEndpointGroups", "k8s1-other", network=COMPUTE + "global/networks/other", place="zones/europe-west1-b"),
        item("networkEndpointGroups", "handmade", network=NETWORK, place="zones/europe-west1-b"),
    ],
    "instanceGroups": [],
    "backendServices": [
        item(
            "backendServices",
            "k8s1-be",
            backends=[{"group": COMPUTE + "zones/europe-west1-b/networkEndpointGroups/k8s1-neg"}],
            healthChecks=[COMPUTE + "global/healthChecks/k8s1-hc"],
        ),
        item(
            "backendServices",
            "k8s1-elsewhere",
            backends=[{"group": COMPUTE + "zones/europe-west1-b/networkEndpointGroups/k8s1-other"}],
        ),
    ],
    "targetPools": [
        item("targetPools", LB, healthChecks=[COMPUTE + "global/httpHealthChecks/k8s-node"]),
        item("targetPools", "b" * 32),
    ],
    "urlMaps": [item("urlMaps", "k8s2-um", defaultService=COMPUTE + "regions/europe-west1/backendServices/k8s1-be")],
    "targetHttpProxies": [item("targetHttpProxies", "k8s2-tp", urlMap=COMPUTE + "regions/europe-west1/urlMaps/k8s2-um")],
    "targetHttpsProxies": [],
    "forwardingRules": [
        item("forwardingRules", "k8s2-fr", target=COMPUTE + "regions/europe-west1/targetHttpProxies/k8s2-tp"),
        item("forwardingRules", LB, target=COMPUTE + f"regions/europe-west1/targetPools/{LB}"),
    ],
    "healthChecks": [item("healthChecks", "k8s1-hc", place="global"), item("healthChecks", "k8s1-unused", place="global")],
    "httpHealthChecks": [item("httpHealthChecks", "k8s-node", place="global")],
    "sslCertificates": [],
    "firewalls": [
        item("firewalls", f"k8s-fw-{LB}", network=NETWORK, place="global"),
        item("firewalls", "demo-in-deny", network=NETWORK, place="global", description="hera-cluster=demo managed-by=hera"),
        item("firewalls", "gke-demo-1-all", network=NETWORK, place="global"),
    ],
    "disks": [
        item("disks", "pvc-1", labels={"goog-k8s-cluster-name": "demo"}, place="zones/europe-west1-b"),
        item("disks", "pvc-2", labels={"goog-k8s-cluster-name": "other"}, place="zones/europe-west1-b"),
        item("disks", "gke-demo-node", labels={"goog-k8s-cluster-name": "demo"}, place="zones/europe-west1-b"),
        item(
            "disks",
            "pvc-used",
            labels={"hera-cluster": "demo"},
            place="zones/europe-west1-b",
            users=[COMPUTE + "zones/europe-west1-b/instances/node-1"],
        ),
    ],
}
EXPECTED = {
    "k8s1-neg", "k8s1-be", "k8s1-hc", "k8s-node", "k8s2-um", "k8s2-tp", "k8s2-fr", LB, f"k8s-fw-{LB}", "pvc-1", "pvc-used",
}  # fmt: skip


def found() -> dict[str, list[Found]]:
    return {
        collection: [Found(f"google_{collection}", relative(data["selfLink"]), data) for data in items]
        for collection, items in MADE.items()
    }


def test_only_this_clusters_objects_are_found() -> None:
    assert {thing.name for thing in related(found(), "demo")} == EXPECTED


def test_a_cluster_with_nothing_made_has_nothing() -> None:
    assert related(found(), "nobody") == []


def cloud(method: str, url: str) -> Answer:
    """Answer as Google Cloud would for the objects above."""
    if method != "GET":
        return Answer(200, {"status": "DONE"})
    collection = url.rsplit("/", 1)[-1]
    if collection == "node-1":
        link = COMPUTE + "zones/europe-west1-b/disks/pvc-used"
        return Answer(200, {"disks": [{"source": link, "deviceName": "data"}, {"source": "boot", "deviceName": "boot"}]})
    listed = MADE.get(collection, [])
    if "/aggregated/" in url:
        return Answer(
            200, {"items": {"somewhere": {collection: listed}, "elsewhere": {"warning": {"code": "NO_RESULTS_ON_PAGE"}}}}
        )
    return Answer(200, {"items": listed})


def test_drain_removes_users_before_what_they_use() -> None:
    http = Http(cloud)
    removed = drain(Rest(http, "p", pause=0), "demo")
    gone = [url.rsplit("/", 1)[-1] for method, url in http.asked if method == "DELETE"]
    assert {thing.name for thing in removed} == EXPECTED
    assert set(gone) == EXPECTED - {"pvc-used"}
    order = ["k8s2-fr", "k8s2-tp", "k8s2-um", "k8s1-be", "k8s1-neg"]
    assert [name for name in gone if name in order] == order


def test_a_volume_in_use_goes_with_its_machine() -> None:
    http = Http(cloud)
    drain(Rest(http, "p", pause=0), "demo")
    posted = [(url, sent) for (method, url), sent in zip(http.asked, http.sent, strict=True) if method == "POST"]
    assert len(posted) == 1
    assert posted[0][0].endswith("instances/node-1/setDiskAutoDelete")
    assert posted[0][1] == {"autoDelete": "true", "deviceName": "data"}


# --- inventory ----------------------------------------------------------------------------------------------------------------

RING = "projects/p/locations/europe-west1/keyRings/"
HELD: dict[str, Any] = {
    "/global/networks": {"items": [item("networks", "demo", place="global", description="hera-cluster=demo managed-by=hera")]},
    "/aggregated/addresses": {
        "items": {
            "r": {"addresses": [item("addresses", "ip", labels={"hera-cluster": "demo"}), item("addresses", "x", labels={})]}
        }
    },
    "/global/routes": {"items": [item("routes", "r", place="global", description="hera-cluster=demo2 managed-by=hera")]},
    "/clusters": {"clusters": [item("clusters", "demo", resourceLabels={"hera-cluster": "demo"})]},
    "/managedZones": {"managedZones": [{"name": "demo-storage", "labels": {"hera-cluster": "demo"}}]},
    "/buckets": {
        "buckets": [
            {"name": "projects/p/locations/l/buckets/kept", "description": "hera-cluster=demo"},
            {
                "name": "projects/p/locations/l/buckets/gone",
                "description": "hera-cluster=demo",
                "lifecycleState": "DELETE_REQUESTED",
            },
        ]
    },
    "/keyRings": {"keyRings": [{"name": RING + "demo-20260101000000"}, {"name": RING + "demo-two-20260101000000"}]},
    "demo-20260101000000/cryptoKeys": {
        "cryptoKeys": [
            {"name": "k/live", "labels": {"hera-cluster": "demo"}, "primary": {"state": "ENABLED"}},
            {"name": "k/dead", "labels": {"hera-cluster": "demo"}},
        ]
    },
}


def test_inventory_finds_by_label_and_by_description() -> None:
    rest = Rest(Http(lambda method, url: Answer(200, next((v for k, v in HELD.items() if url.endswith(k)), {}))), "p")
    assert inventory(rest, "demo", "europe-west1") == [
        CloudObject("google_compute_network", "projects/p/global/networks/demo", "demo"),
        CloudObject("google_compute_address", "projects/p/regions/europe-west1/addresses/ip", "ip"),
        CloudObject("google_container_cluster", "projects/p/regions/europe-west1/clusters/demo", "demo"),
        CloudObject("google_dns_managed_zone", "projects/p/managedZones/demo-storage", "demo-storage"),
        CloudObject("google_logging_project_bucket_config", "projects/p/locations/l/buckets/kept", "kept"),
        CloudObject("google_kms_crypto_key", "k/live", "live"),
    ]


def test_an_api_that_is_switched_off_holds_nothing() -> None:
    off = Http(lambda method, url: Answer(403, {"error": {"status": "PERMISSION_DENIED", "reason": "SERVICE_DISABLED"}}))
    assert inventory(Rest(off, "p"), "demo", "europe-west1") == []


def test_a_right_that_is_missing_is_no_empty_project() -> None:
    with pytest.raises(AuthDenied):
        inventory(Rest(Http(lambda method, url: Answer(403, {"error": "PERMISSION_DENIED"})), "p"), "demo", "europe-west1")


def test_pages_are_all_read() -> None:
    pages = iter([{"items": [{"name": "a"}], "nextPageToken": "2"}, {"items": [{"name": "b"}]}])
    http = Http(lambda method, url: Answer(200, next(pages)))
    assert [thing["name"] for thing in Rest(http, "p").compute("global/networks")] == ["a", "b"]
    assert http.sent == [{}, {"pageToken": "2"}]


def test_a_refused_removal_keeps_the_clouds_words() -> None:
    error = {"errors": [{"code": "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", "message": "x is already being used by y"}]}
    http = Http(lambda method, url: Answer(200, {"status": "DONE", "error": error, "httpErrorStatusCode": 400}))
    with pytest.raises(DependencyViolation) as caught:
        Rest(http, "p").delete("projects/p/global/firewalls/x")
    assert "already being used by y" in caught.value.detail


def test_waiting_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.providers.gcp.rest._PATIENCE", -1.0)
    http = Http(lambda method, url: Answer(200, {"status": "RUNNING", "selfLink": "projects/p/global/operations/o"}))
    with pytest.raises(TimedOut):
        Rest(http, "p", pause=0).delete("projects/p/global/firewalls/x")


def test_a_state_location_names_a_bucket() -> None:
    with pytest.raises(UsageError, match="names a bucket"):
        GcsStore(StateLocation.parse("gs:///hera"))
