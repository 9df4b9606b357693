"""Azure's provider without Azure: mapping, refusals, names, error texts, security rules, prices, rights, access."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.classify import classify
from infra.errors import AuthDenied, CloudUnavailable, DependencyMissing, HeraError, NotFound, StepFailed, Throttled, Unsupported
from infra.plans.cost import estimate
from infra.providers.azure import PROVIDER, facts, names, sdk, whoami
from infra.providers.azure.mapping import FEATURES
from infra.providers.azure.resources import API_VERSIONS, KEYS
from infra.providers.base import StateLocation
from infra.spec.load import parse_cluster
from infra.spec.model import Cluster

ROOT = Path(__file__).parents[3]
TERRAFORM = ROOT / "infra" / "terraform"
GROUP = "11111111-2222-4333-8444-555555555555"


def cluster(environment: str = "prod", **spec: Any) -> Cluster:
    """Return a cluster with parts of its spec as a file would have them."""
    data = {"cloud": "azure", "region": "westeurope", "environment": environment} | spec
    return parse_cluster(
        json.dumps({"apiVersion": "hera.dev/v1alpha1", "kind": "Cluster", "metadata": {"name": "demo"}, "spec": data})
    )


def unchecked(**spec: Any) -> Cluster:
    """Return a cluster that only Azure's own checks have to look at."""
    made = cluster()
    changes = {name: getattr(made.spec, name).model_copy(update=value) for name, value in spec.items() if isinstance(value, dict)}
    others = {name: value for name, value in spec.items() if not isinstance(value, dict)}
    return made.model_copy(update={"spec": made.spec.model_copy(update={**changes, **others})})


def modules() -> str:
    return "\n".join(
        path.read_text() for stage in ("network", "cluster", "platform") for path in sorted(PROVIDER.module(stage).glob("*.tf"))
    )


# --- mapping ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_an_environment_has_the_values_of_its_composition(environment: str) -> None:
    """The `cloud` objects in envs/ and in environments.json are the same words."""
    text = (TERRAFORM / "envs" / environment / "azure" / "main.tf").read_text()
    for stage in ("network", "cluster"):
        for name, value in PROVIDER.cloud_variables(stage, cluster(environment)).items():
            if not isinstance(value, dict):
                assert re.search(rf"{name}\s+= {re.escape(json.dumps(value))}", text), (stage, name, value)


def test_the_user_wins_over_the_environment() -> None:
    options = {"cluster": {"skuTier": "Premium", "systemPool": {"max": 9}}, "network": {"analyticsMinutes": 60}}
    made = cluster(cloudOptions=options)
    assert PROVIDER.cloud_variables("cluster", made)["sku_tier"] == "Premium"
    assert PROVIDER.cloud_variables("cluster", made)["system_pool"] == {
        "machine_type": "Standard_D4ds_v5",
        "min_size": 3,
        "max_size": 9,
        "disk_gb": 100,
    }
    assert PROVIDER.cloud_variables("network", made)["analytics_minutes"] == 60


def test_what_nobody_says_is_left_to_the_module() -> None:
    assert set(PROVIDER.cloud_variables("cluster", cluster("prod"))) == {"disk_encryption", "key_retention_days", "system_pool"}


def test_every_option_is_a_field_of_its_module() -> None:
    from infra.providers.azure.options import ClusterOptions, NetworkOptions

    for stage, model in (("network", NetworkOptions), ("cluster", ClusterOptions)):
        text = (PROVIDER.module(stage) / "variables.tf").read_text().partition('variable "cloud"')[2]
        fields = set(re.findall(r"^    (\w+)\s+= optional", text, re.MULTILINE))
        assert fields == set(model.model_fields), stage


def test_features_are_those_of_the_compositions() -> None:
    for path in TERRAFORM.glob("envs/*/azure/versions.tf"):
        found = {name: value for name, value in re.findall(r"^ {6}(\w+)\s+= (true|false)$", path.read_text(), re.MULTILINE)}
        assert found == {name: json.dumps(value) for part in FEATURES.values() for name, value in part.items()}, path


def test_a_named_subscription_goes_to_the_provider_block() -> None:
    assert "subscription_id" not in PROVIDER.provider_blocks(cluster())["azurerm"]
    block = PROVIDER.provider_blocks(cluster(cloudOptions={"subscriptionId": GROUP}))["azurerm"]
    assert block["subscription_id"] == GROUP


@pytest.mark.parametrize("stage", ["storage", ""])
def test_other_stages_have_no_module(stage: str) -> None:
    with pytest.raises(Unsupported):
        PROVIDER.cloud_variables(stage, cluster())


# --- names --------------------------------------------------------------------------------------------------------------------


def test_names_are_those_of_the_modules() -> None:
    assert f'"{names.resource_group("${var.name}")}"' in (PROVIDER.module("network") / "main.tf").read_text()
    assert f'"{names.node_resource_group("${var.name}")}"' in (PROVIDER.module("cluster") / "main.tf").read_text()
    keys = (PROVIDER.module("cluster") / "keys.tf").read_text()
    assert set(re.findall(r'azurerm_key_vault_key" "\w+" \{(?:.|\n)*?name\s+= "([^"]+)"', keys)) == set(KEYS)


def test_every_type_that_the_modules_make_can_be_adopted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARM_SUBSCRIPTION_ID", "sub")
    made = set(re.findall(r'^resource "(azurerm_\w+)"', modules(), re.MULTILINE))
    assert set(PROVIDER.imports()) == made
    assert PROVIDER.imports()["azurerm_subnet"].startswith("/subscriptions/sub/resourceGroups/{resource_group_name}/")


def test_without_a_subscription_no_id_is_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARM_SUBSCRIPTION_ID", raising=False)
    assert "azurerm_subnet" not in PROVIDER.imports()
    assert not [text for text in PROVIDER.imports().values() if "subscription" in text]


def test_adopted_by_ownership_is_what_the_inventory_can_find() -> None:
    owned = {kind for kind, text in facts.read("types")["imports"].items() if text == "{owned}"}
    assert owned == set(facts.read("types")["terraform"].values())


# --- refusals -----------------------------------------------------------------------------------------------------------------


def pool(**changes: Any) -> Any:
    return cluster().spec.node_pools[0].model_copy(update=changes)


@pytest.mark.parametrize(
    ("path", "spec"),
    [
        pytest.param("spec.network.cidr", {"network": {"cidr": "10.0.0.0/25"}}, id="a small network"),
        pytest.param("spec.network.serviceCidr", {"network": {"service_cidr": "172.0.0.0/11"}}, id="too many Services"),
        pytest.param("spec.network.serviceCidr", {"network": {"service_cidr": "172.20.0.0/29"}}, id="no tenth Service"),
        pytest.param("spec.network.podCidr", {"network": {"pod_cidr": "10.64.0.0/22"}}, id="four nodes' pods"),
        pytest.param("spec.network.cidr", {"network": {"cidr": "10.0.0.0/24"}, "node_pools": [pool(max=300)]}, id="many nodes"),
        pytest.param("spec.nodePools[0].name", {"node_pools": [pool(name="abcdefghijkl")]}, id="a long pool name"),
        pytest.param("spec.nodePools[0].name", {"node_pools": [pool(name="system")]}, id="AKS's pool name"),
        pytest.param("spec.nodePools[0].machineType", {"node_pools": [pool(machine_type="m7i.large")]}, id="AWS's machine"),
        pytest.param("spec.nodePools[0].diskGiB", {"node_pools": [pool(disk_gib=4096)]}, id="a large disk"),
        pytest.param("spec.nodePools[0].labels", {"node_pools": [pool(labels={"kubernetes.azure.com/a": "b"})]}, id="a label"),
        pytest.param("spec.kubernetes.adminGroups[0]", {"kubernetes": {"admin_groups": ["platform-team"]}}, id="a group by name"),
        pytest.param("spec.tags.a/b", {"tags": {"a/b": "c"}}, id="a slash in a tag"),
    ],
)
def test_what_azure_would_refuse(path: str, spec: dict[str, Any]) -> None:
    made = unchecked(**{name: value for name, value in spec.items() if name != "tags"})
    if "tags" in spec:
        made = made.model_copy(update={"spec": made.spec.model_copy(update={"tags": spec["tags"]})})
    assert path in [problem.path for problem in PROVIDER.check(made)]


@pytest.mark.parametrize(
    ("path", "options", "more"),
    [
        pytest.param("cluster.longTermSupport", {"cluster": {"longTermSupport": True}}, {}, id="support without its tier"),
        pytest.param("cluster.systemPool.min", {"cluster": {"systemPool": {"min": 7}}}, {}, id="more least than most"),
        pytest.param(
            "cluster.apiServerVnetIntegration",
            {"cluster": {"apiServerVnetIntegration": False}},
            {"kubernetes": {"endpoint": {"public": True, "allowedCidrs": ["203.0.113.0/24"]}}},
            id="public and not private",
        ),
        pytest.param("cluster.apiServerVnetIntegration", {}, {"region": "qatarcentral"}, id="a region without it"),
        pytest.param(
            "network.privateLinks.images.service",
            {"network": {"privateLinks": {"images": {"service": "registry", "resourceId": "/subscriptions/s/r"}}}},
            {"network": {"privateEndpoints": ["logs"]}},
            id="a link without its service",
        ),
        pytest.param("cluster.maxSurge", {"cluster": {"maxSurge": "0"}}, {}, id="no surge"),
        pytest.param("cluster.operatorIds[0]", {"cluster": {"operatorIds": ["me"]}}, {}, id="an operator by name"),
    ],
)
def test_options_that_do_not_fit(path: str, options: dict[str, Any], more: dict[str, Any]) -> None:
    with pytest.raises(HeraError, match=re.escape(f"spec.cloudOptions.{path}")):
        cluster(cloudOptions=options, **more)


# --- error texts --------------------------------------------------------------------------------------------------------------

TEXTS = [
    ("STATE_LOCKED", "Error acquiring the state lock: state blob is already locked Lock Info: ID: 5b2e"),
    ("STATE_LOCKED", "409 There is already a lease present. RequestId:1 ErrorCode=LeaseAlreadyPresent"),
    (
        "DELETION_PROTECTED",
        "deleting Kubernetes Cluster: unexpected status 409 (409 Conflict) with error: ScopeLocked: The scope '/subscriptions/s' "
        "cannot perform delete operation because following scope(s) are locked: '/subscriptions/s'. Please remove the lock.",
    ),
    (
        "QUOTA_EXCEEDED",
        "unexpected status 400 (400 Bad Request) with error: ErrCode_InsufficientVCPUQuota: Insufficient vcpu quota "
        "requested 12, remaining 10 for family standardDDSv5Family for region westeurope.",
    ),
    (
        "QUOTA_EXCEEDED",
        "OperationNotAllowed: Operation could not be completed as it results in exceeding approved Total Regional Cores quota.",
    ),
    ("QUOTA_EXCEEDED", "SubscriptionQuotaReached: Subscription quota reached for region"),
    (
        "CAPACITY_UNAVAILABLE",
        "SkuNotAvailable: The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: "
        "Standard_D4ds_v5' is currently not available in location 'westeurope'.",
    ),
    ("CAPACITY_UNAVAILABLE", "OverconstrainedZonalAllocationRequest: Allocation failed. VM(s) with the following constraints"),
    ("CAPACITY_UNAVAILABLE", "ErrorCode: AKSCapacityHeavyUsage. AKS is currently experiencing heavy usage in region westeurope"),
    ("THROTTLED", "unexpected status 429 (429 Too Many Requests) with error: TooManyRequests: The request is being throttled"),
    ("THROTTLED", "SubscriptionRequestsThrottled: Number of requests for subscription 's' and operation 'GET' exceeded"),
    ("AUTH_DENIED", "building account: could not acquire access token to parse claims: running Azure CLI: exit status 1"),
    ("AUTH_DENIED", "ERROR: Please run 'az login' to setup account."),
    ("AUTH_DENIED", "`subscription_id` is a required provider property when performing a plan/apply operation"),
    ("AUTH_DENIED", "ClientSecretCredential authentication failed: AADSTS7000222: The provided client secret keys are expired."),
    (
        "AUTH_DENIED",
        "unexpected status 403 (403 Forbidden) with error: AuthorizationFailed: The client 'x' with object id 'x' does not have "
        "authorization to perform action 'Microsoft.Network/virtualNetworks/write' over scope '/subscriptions/s'",
    ),
    (
        "AUTH_DENIED",
        "keyvault.BaseClient#GetKey: Failure responding to request: StatusCode=403 -- Original Error: autorest/azure: Service "
        'returned an error. Status=403 Code="Forbidden" Message="Client address is not authorized and caller is not a trusted '
        'service." InnerError={"code":"ForbiddenByFirewall"}',
    ),
    ("AUTH_DENIED", 'Code="Forbidden" Message="Caller is not authorized to perform action on resource." "ForbiddenByRbac"'),
    (
        "AUTH_DENIED",
        "CustomPrivateDNSZoneMissingPermissionError: Service principal or user-assigned identity must be given permission "
        "to read and write to custom private dns zone",
    ),
    ("CONFIG_REJECTED", "RequestDisallowedByPolicy: Resource 'demo' was disallowed by policy."),
    (
        "CONFIG_REJECTED",
        "SubscriptionNotEnabledEncryptionAtHost: Subscription does not enable EncryptionAtHost.",
    ),
    (
        "CONFIG_REJECTED",
        "MissingSubscriptionRegistration: The subscription is not registered to use namespace 'Microsoft.ContainerService'.",
    ),
    ("CONFIG_REJECTED", "NetcfgSubnetRangesOverlap: Subnet 'private-1' is not valid because its IP address range overlaps"),
    (
        "CONFIG_REJECTED",
        "K8sVersionNotSupported: Managed cluster demo is on version 1.27, which is not supported.",
    ),
    ("CONFIG_REJECTED", "The VM size of Standard_X is not allowed in your subscription in location 'westeurope'."),
    ("CONFIG_REJECTED", "InvalidParameter: The value of parameter agentPoolProfile.upgrade.maxSurge is invalid."),
    (
        "ALREADY_EXISTS",
        'A resource with the ID "/subscriptions/s/resourceGroups/hera-demo" already exists - to be managed via Terraform this '
        "resource needs to be imported into the State.",
    ),
    ("ALREADY_EXISTS", "StorageAccountAlreadyTaken: The storage account named demo is already taken."),
    ("ALREADY_EXISTS", "RoleAssignmentExists: The role assignment already exists."),
    ("ALREADY_EXISTS", 'Code="ConflictError" Message="A vault with the same name already exists in deleted state."'),
    ("DEPENDENCY_VIOLATION", "InUseSubnetCannotBeDeleted: Subnet private-1 is in use by /subscriptions/s and cannot be deleted."),
    ("DEPENDENCY_VIOLATION", "InUseNatGatewayCannotBeDeleted: NAT Gateway is in use by"),
    ("DEPENDENCY_VIOLATION", "AnotherOperationInProgress: Another operation on this or dependent resource is in progress."),
    ("DEPENDENCY_VIOLATION", "CannotDeleteResource: Can not delete resource before nested resources are deleted."),
    (
        "DEPENDENCY_VIOLATION",
        "OperationNotAllowed: Operation is not allowed because there's an in progress create node pool operation",
    ),
    ("DEPENDENCY_VIOLATION", "deleting Resource Group: the Resource Group still contains Resources."),
    ("DEPENDENCY_VIOLATION", "PrincipalNotFound: Principal 5b2e does not exist in the directory 7d3f."),
    ("TIMEOUT", "waiting for creation of Managed Kubernetes Cluster: polling failed: context deadline exceeded"),
    (
        "CLOUD_UNAVAILABLE",
        "unexpected status 500 (500 Internal Server Error) with error: InternalServerError: Encountered",
    ),
    ("CLOUD_UNAVAILABLE", "unexpected status 503 (503 Service Unavailable) with error: ServiceUnavailable: try again"),
    ("CLOUD_UNAVAILABLE", "dial tcp: lookup management.azure.com: no such host"),
]


@pytest.mark.parametrize(("code", "text"), TEXTS, ids=[f"{code}-{index}" for index, (code, _) in enumerate(TEXTS)])
def test_error_texts(code: str, text: str) -> None:
    error = classify(text, PROVIDER.error_patterns)
    assert error.code == code, (code, error.code, text)
    assert error.next_step


def test_a_text_that_nobody_knows_stays_whole() -> None:
    error = classify("the moon is full", PROVIDER.error_patterns)
    assert isinstance(error, StepFailed)
    assert "the moon is full" in error.detail


def test_every_pattern_is_seen_by_a_text() -> None:
    texts = "\n".join(text for _, text in TEXTS)
    shared = json.loads((ROOT / "tests" / "contract" / "error_texts.json").read_text())
    texts += "\n".join(item["text"] for item in shared.get("azure", []))
    unseen = [item.pattern for item in PROVIDER.error_patterns if not re.search(item.pattern, texts, re.IGNORECASE)]
    assert unseen == []


# --- security, prices, rights -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "attribute", "value"),
    [
        ("azurerm_kubernetes_cluster", "private_cluster_enabled", "false"),
        ("azurerm_kubernetes_cluster", "local_account_disabled", "false"),
        ("azurerm_key_vault", "network_acls.default_action", "Allow"),
        ("azurerm_key_vault", "purge_protection_enabled", "false"),
        ("azurerm_storage_account", "network_rules.default_action", "Allow"),
    ],
)
def test_what_gets_looser_is_shown_first(kind: str, attribute: str, value: str) -> None:
    assert any((rule.type, rule.attribute, rule.values) == (kind, attribute, (value,)) for rule in PROVIDER.security_rules)


def price(*resources: tuple[str, dict[str, Any]], region: str = "eastus") -> float:
    cost = estimate([(kind, kind, values) for kind, values in resources], PROVIDER.prices(), region)
    assert cost.not_priced == ()
    return round(cost.monthly, 2)


POOL = {"vm_size": "Standard_D4ds_v5", "os_disk_size_gb": 100, "min_count": 3, "priority": "Regular"}


@pytest.mark.parametrize(
    ("kind", "values", "monthly"),
    [
        pytest.param("azurerm_nat_gateway", {}, 0.045 * 730, id="NAT gateway"),
        pytest.param("azurerm_kubernetes_cluster_node_pool", POOL, 3 * (0.226 * 730 + 19.71), id="three nodes"),
        pytest.param(
            "azurerm_kubernetes_cluster_node_pool", POOL | {"priority": "Spot"}, 3 * (0.226 * 0.3 * 730 + 19.71), id="on spot"
        ),
        pytest.param("azurerm_kubernetes_cluster_node_pool", POOL | {"min_count": 0}, 0, id="no nodes"),
        pytest.param(
            "azurerm_kubernetes_cluster",
            {
                "sku_tier": "Standard",
                "default_node_pool": [{"vm_size": "Standard_D2ds_v5", "os_disk_size_gb": 50, "min_count": 1}],
            },
            0.10 * 730 + 0.113 * 730 + 10.21,
            id="control plane and a system node",
        ),
    ],
)
def test_prices(kind: str, values: dict[str, Any], monthly: float) -> None:
    assert price((kind, values)) == pytest.approx(monthly, abs=0.02)


def test_a_region_has_its_own_level() -> None:
    assert price(("azurerm_nat_gateway", {}), region="westeurope") == pytest.approx(0.045 * 730 * 1.2, abs=0.01)


def test_defaults_have_a_price() -> None:
    hourly = next(item["hourly"] for item in PROVIDER.prices()["items"] if item["label"] == "nodes")
    for values in facts.read("environments").values():
        assert {values["machine_type"], values["cluster"]["system_pool"]["machine_type"]} <= set(hourly)


NEEDED = {
    "azurerm_kubernetes_cluster": "Microsoft.ContainerService/managedClusters/write",
    "azurerm_kubernetes_cluster_node_pool": "Microsoft.ContainerService/managedClusters/agentPools/*",
    "azurerm_key_vault": "Microsoft.KeyVault/vaults/write",
    "azurerm_management_lock": "Microsoft.Authorization/locks/write",
    "azurerm_monitor_diagnostic_setting": "Microsoft.Insights/diagnosticSettings/*",
    "azurerm_monitor_private_link_scope": "Microsoft.Insights/privateLinkScopes/*",
    "azurerm_nat_gateway": "Microsoft.Network/natGateways/*",
    "azurerm_network_watcher_flow_log": "Microsoft.Network/networkWatchers/flowLogs/*",
    "azurerm_role_assignment": "Microsoft.Authorization/roleAssignments/write",
    "azurerm_storage_account": "Microsoft.Storage/storageAccounts/write",
    "azurerm_virtual_network": "Microsoft.Network/virtualNetworks/*",
}


@pytest.mark.parametrize("kind", NEEDED)
def test_rights_for_what_the_modules_make(kind: str) -> None:
    role = json.loads(PROVIDER.permissions().read_text())
    assert f'resource "{kind}"' in modules()
    assert NEEDED[kind] in role["Actions"]


def test_rights_to_remove_what_is_drained() -> None:
    actions = {action.lower() for action in json.loads(PROVIDER.permissions().read_text())["Actions"]}
    for kind in API_VERSIONS:
        assert actions & {f"{kind}/delete", f"{kind}/*"}, kind


def test_no_right_is_everything() -> None:
    role = json.loads(PROVIDER.permissions().read_text())
    assert [action for action in role["Actions"] if action.count("/") < 2 and action.endswith("*")] == []
    assert len(set(role["Actions"])) == len(role["Actions"])


# --- access -------------------------------------------------------------------------------------------------------------------

OUTPUTS = {"endpoint": "https://demo:443", "ca_certificate": "Q0E=", "cluster_name": "demo"}


@pytest.mark.parametrize(
    ("token_file", "login"), [("", "azurecli"), ("/var/run/token", "workloadidentity")], ids=["person", "pod"]
)
def test_a_kubeconfig_asks_kubelogin(token_file: str, login: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", token_file)
    command = PROVIDER.kubeconfig(cluster(), OUTPUTS)["users"][0]["user"]["exec"]
    assert command["command"] == "kubelogin"
    assert command["args"][:3] == ["get-token", "--login", login]


@pytest.mark.parametrize(
    ("url", "key"),
    [("azurerm://acct/state", "demo.tfstate"), ("azurerm://acct/state/team/a", "team/a/demo.tfstate")],
    ids=["container", "prefix"],
)
def test_the_container_is_no_part_of_the_key(url: str, key: str) -> None:
    location = StateLocation.parse(url)
    kind, arguments = PROVIDER.backend(location, location.key("demo.tfstate"))
    assert kind == "azurerm"
    assert arguments == {"storage_account_name": "acct", "container_name": "state", "key": key, "use_azuread_auth": True}


def token(**claims: str) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.c2ln"


@pytest.mark.parametrize(
    ("claims", "principal"),
    [
        pytest.param({"upn": "ada@example.com", "oid": "1"}, "ada@example.com", id="person"),
        pytest.param({"appid": "app", "oid": "1"}, "app", id="identity"),
    ],
)
def test_credentials_are_named_by_their_token(claims: dict[str, str], principal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARM_SUBSCRIPTION_ID", "sub")
    monkeypatch.setattr(whoami, "credential", lambda: SimpleNamespace(get_token=lambda _: SimpleNamespace(token=token(**claims))))
    found = PROVIDER.credentials()
    assert (found.account, found.principal) == ("sub", principal)


def test_without_a_subscription_it_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARM_SUBSCRIPTION_ID", "AZURE_SUBSCRIPTION_ID"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AuthDenied) as caught:
        PROVIDER.credentials()
    assert "ARM_SUBSCRIPTION_ID" in caught.value.next_step


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        pytest.param({"ARM_OIDC_TOKEN_FILE_PATH": "/token"}, "WorkloadIdentityCredential", id="workload identity"),
        pytest.param({"ARM_CLIENT_SECRET": "x"}, "ClientSecretCredential", id="a secret of the user's"),
        pytest.param({"ARM_TENANT_ID": ""}, "DefaultAzureCredential", id="Azure's tools"),
    ],
)
def test_credentials_are_those_of_terraform(given: dict[str, str], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("ARM_", "AZURE_"))]:
        monkeypatch.delenv(name)
    for name, value in {"ARM_TENANT_ID": GROUP, "ARM_CLIENT_ID": GROUP, **given}.items():
        monkeypatch.setenv(name, value)
    assert type(sdk.credential()).__name__ == kind


def test_a_missing_sdk_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.storage.blob", None)
    with pytest.raises(DependencyMissing) as caught:
        PROVIDER.object_store(StateLocation.parse("azurerm://acct/state"))
    assert "hera-platform[azure]" in caught.value.next_step


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, AuthDenied), (404, NotFound), (429, Throttled), (500, CloudUnavailable), (503, CloudUnavailable), (418, StepFailed)],
)
def test_sdk_errors_in_our_words(status: int, kind: type[HeraError]) -> None:
    from azure.core.exceptions import HttpResponseError

    error = HttpResponseError("said")
    error.status_code = status
    found = sdk.meaning(error, "do it")
    assert isinstance(found, kind)
    assert found.message.startswith("could not do it")
    assert found.detail == "said"


@pytest.mark.parametrize("raised", ["ClientAuthenticationError", "ServiceRequestError"])
def test_sdk_errors_without_an_answer(raised: str) -> None:
    from azure.core import exceptions

    wanted = {"ClientAuthenticationError": AuthDenied, "ServiceRequestError": CloudUnavailable}[raised]
    with pytest.raises(wanted), sdk.asking("do it"):
        raise getattr(exceptions, raised)("said")
