"""The contract of `infra/providers/base.py`, over every provider folder there is: what holds for one cloud holds for all."""

from __future__ import annotations

import gzip
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from infra import providers
from infra.errors import SpecInvalid, Unsupported, by_code
from infra.providers.base import CONTRACT, Provider, StateLocation, state_key
from infra.providers.variables import NETWORK_OUTPUTS, PLATFORM_NEEDS, module_variables, ownership_tags
from infra.spec.load import load_cluster, parse_cluster
from infra.spec.model import PLATFORM, STAGES, Cluster
from tests.contract.hcl import named, object_fields, resources

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "infra" / "simulator" / "schemas"
NAMES = [path.parent.name for path in sorted((ROOT / "infra" / "providers").glob("*/__init__.py"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
SDKS = ("boto3", "botocore", "azure", "google", "msal", "requests", "urllib3", "kubernetes", "grpc")
SECRET = re.compile(r"secret|password|token|credential|access_?key|private_?key|sas|client-key", re.IGNORECASE)
MILLISECONDS = 10
OUTPUTS = {
    "cluster_id": "id",
    "cluster_name": "demo",
    "endpoint": "https://api.example.test",
    "kubernetes_version": "1.34",
    "ca_certificate": "Q0E=",
    "oidc_issuer_url": "https://oidc.example.test",
    "workload_identity": {},
    "node_pool_ids": {},
    "secrets_key_id": "",
    "log_destination": "",
    "cloud": {},
}
LOCATIONS = {"s3": "s3://my-state/hera?region=eu-west-1", "gs": "gs://my-state/hera"}
"""How a location of a scheme looks; `azurerm`'s is the form for the others."""


@pytest.fixture(params=NAMES)
def provider(request: pytest.FixtureRequest) -> Provider:
    return providers.get(request.param)


def location(scheme: str) -> StateLocation:
    return StateLocation.parse(LOCATIONS.get(scheme, f"{scheme}://mystate/container?resource_group=rg"))


def example(provider: Provider, environment: str = "dev") -> Cluster:
    return load_cluster(ROOT / "examples" / f"{provider.name}-{environment}.yaml")


def variant(cluster: Cluster, **spec: Any) -> Cluster:
    """Return the cluster with parts of its spec replaced, checked as a file would be."""
    data = cluster.dump()
    for name, value in spec.items():
        data["spec"][name] = data["spec"][name] | value if isinstance(value, dict) else value
    return parse_cluster(json.dumps(data))


# --- the folder ---------------------------------------------------------------------------------------------------------------


def test_there_are_providers() -> None:
    assert len(NAMES) >= 3
    assert set(NAMES) == set(providers.names())


def test_it_has_everything_of_the_contract(provider: Provider) -> None:
    wanted = {*inspect.get_annotations(Provider), *(name for name in vars(Provider) if not name.startswith("_"))}
    assert [name for name in sorted(wanted) if not hasattr(provider, name)] == []
    assert provider.contract == CONTRACT


def test_its_methods_take_what_the_contract_says(provider: Provider) -> None:
    for name, method in vars(Provider).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            ours = list(inspect.signature(method).parameters.values())[1:]
            theirs = list(inspect.signature(getattr(provider, name)).parameters.values())
            assert [(p.name, p.default) for p in theirs] == [(p.name, p.default) for p in ours], name


def test_it_is_named_as_its_folder(provider: Provider) -> None:
    assert provider is providers.get(provider.name)
    assert (ROOT / "infra" / "providers" / provider.name / "__init__.py").is_file()
    assert provider.title


@pytest.mark.parametrize("name", NAMES)
def test_importing_it_is_quick_and_needs_no_sdk(name: str) -> None:
    code = (
        "import sys, time, infra.providers.base, infra.errors, json, re, ipaddress\n"
        "begin = time.process_time()\n"
        f"import infra.providers.{name} as module\n"
        "spent = time.process_time() - begin\n"
        "print(module.PROVIDER.name, spent * 1000, *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT) for _ in range(5)]
    words = [run.stdout.split() for run in runs]
    assert words[0][0] == name
    assert {*words[0][2:]} & {*SDKS} == set()
    assert min(float(run[1]) for run in words) < MILLISECONDS


def test_its_sdk_is_an_extra_of_its_name(provider: Provider) -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["optional-dependencies"][provider.name]


# --- facts --------------------------------------------------------------------------------------------------------------------


def test_regions_have_zones(provider: Provider) -> None:
    regions = provider.regions()
    assert len(regions) > 10
    for region, zones in regions.items():
        assert re.fullmatch(r"[a-z0-9-]+", region)
        assert len(set(zones)) == len(zones) >= 2, region


def test_versions_are_newest_first(provider: Provider) -> None:
    numbers = [tuple(map(int, version.split("."))) for version in provider.kubernetes_versions()]
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(numbers) >= 2


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_its_defaults_are_ones_that_it_accepts(provider: Provider, environment: str) -> None:
    cluster = variant(example(provider), environment=environment, nodePools=[{"name": "general"}])
    assert cluster.spec.node_pools[0].machine_type == provider.machine_type(environment)
    assert provider.check(cluster) == []


def test_every_region_can_be_used(provider: Provider) -> None:
    base = example(provider).dump()
    refused = {}
    for region in provider.regions():
        spec = {name: base["spec"][name] for name in ("cloud", "environment", "cloudOptions")} | {"region": region}
        try:
            parse_cluster(json.dumps({**base, "spec": spec}))
        except SpecInvalid as error:
            refused[region] = [problem for problem in error.problems if not problem.path.startswith("spec.cloudOptions")]
    assert not any(refused.values()), "a region may ask for an option, for nothing else"
    assert len(refused) <= 1


# --- the spec -----------------------------------------------------------------------------------------------------------------


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        yield from (inner for part in _parts(field.annotation) for inner in _models(part))


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _parts(part)


def test_options_refuse_what_they_do_not_know_and_describe_the_rest(provider: Provider) -> None:
    for model in _models(provider.options):
        assert model.model_config.get("extra") == "forbid", model
        assert [name for name, field in model.model_fields.items() if not field.description] == [], model
        assert [name for name, field in model.model_fields.items() if "_" in (field.alias or name)] == [], model


def test_options_are_in_the_words_of_yaml_when_loaded(provider: Provider) -> None:
    options = example(provider, "prod").spec.cloud_options
    again = provider.options.model_validate(options)
    assert again.model_dump(mode="json", by_alias=True, exclude_none=True) == options


def test_an_unknown_option_is_refused(provider: Provider) -> None:
    with pytest.raises(SpecInvalid, match=r"spec\.cloudOptions\.nonsense: found the unknown field"):
        variant(example(provider), cloudOptions={"nonsense": 1})


@pytest.mark.parametrize(
    ("path", "part", "value"),
    [
        pytest.param("spec.network.cidr", "network", {"cidr": "10.0.0.0/28"}, id="a small network"),
        pytest.param("spec.network.cidr", "network", {"cidr": "10.0.0.0/30"}, id="a tiny network"),
        pytest.param("spec.network.zones", "network", {"zones": ["nowhere-1"]}, id="an unknown zone"),
        pytest.param("spec.kubernetes.version", "kubernetes", {"version": "1.2"}, id="an old version"),
        pytest.param("spec.kubernetes.adminGroups", "kubernetes", {"adminGroups": ["the admins"]}, id="no group of this cloud"),
        pytest.param("spec.region", "region", "nowhere", id="an unknown region"),
        pytest.param("spec.tags", "tags", {f"key{index}": "x" for index in range(70)}, id="too many tags"),
        pytest.param("spec.nodePools", "nodePools", [{"name": "a", "machineType": "nonsense!"}], id="no machine type"),
    ],
)
def test_what_the_cloud_would_refuse_is_refused(provider: Provider, path: str, part: str, value: Any) -> None:
    with pytest.raises(SpecInvalid) as caught:
        variant(example(provider), **{part: value})
    assert any(problem.path.startswith(path) for problem in caught.value.problems), caught.value.message
    for problem in caught.value.problems:
        assert re.match(r"(metadata|spec)\.", problem.path)
        assert problem.found
        assert problem.accepted


def test_more_nodes_than_the_network_holds_are_refused(provider: Provider) -> None:
    """Too small a network for the zones and pools asked."""
    cluster = example(provider)
    small = {"cidr": "10.0.0.0/24", "podCidr": "10.64.0.0/20", "zones": list(provider.regions()[cluster.spec.region][:3])}
    with pytest.raises(SpecInvalid) as caught:
        variant(cluster, network=small, nodePools=[{"name": "big", "min": 3, "max": 900}])
    assert any(re.match(r"spec\.(network\.(podC|c)idr|nodePools)", problem.path) for problem in caught.value.problems)


# --- the modules --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [*STAGES, PLATFORM])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_maps_to_what_the_module_declares(path: Path, stage: str) -> None:
    cluster = load_cluster(path)
    provider = providers.get(cluster.spec.cloud)
    values = module_variables(provider, stage, cluster, dict.fromkeys((*NETWORK_OUTPUTS, *PLATFORM_NEEDS), "x"))
    declared = named(provider.module(stage), "variable")
    assert set(values) == set(declared)
    for name, block in declared.items():
        _same_shape(values[name], block.attribute("type") or "", name)
    json.dumps(values)


def _same_shape(value: Any, kind: str, where: str) -> None:
    """Compare a value with a type expression, as deep as objects go; `network` and `cluster` are another module's outputs."""
    if where.partition(".")[0] in ("network", "cluster"):
        return
    optional = re.fullmatch(r"optional\((.*)\)", kind)
    if optional:
        kind = next(iter(object_fields("object({x=" + optional.group(1) + "})").values()))
    if kind.startswith("object({"):
        fields = object_fields(kind)
        assert set(value) <= set(fields), f"{where}: no such fields {set(value) - set(fields)}"
        missing = {name for name, text in fields.items() if name not in value and not text.startswith("optional(")}
        assert not missing, f"{where}: {missing} missing"
        for name, item in value.items():
            if item is not None:
                _same_shape(item, fields[name], f"{where}.{name}")
    elif match := re.fullmatch(r"(list|set|map)\((.*)\)", kind):
        assert isinstance(value, dict if match.group(1) == "map" else list), f"{where}: {value!r} for {kind}"
        for item in value.values() if isinstance(value, dict) else value:
            _same_shape(item, match.group(2), f"{where}[]")
    else:
        types: dict[str, type | tuple[type, ...]] = {"string": str, "bool": bool, "number": (int, float)}
        assert isinstance(value, types[kind]), f"{where}: {value!r} for {kind}"
        assert kind != "number" or not isinstance(value, bool), where


@pytest.mark.parametrize("stage", ["", "nonsense"])
def test_a_stage_without_a_module_is_refused(provider: Provider, stage: str) -> None:
    with pytest.raises(Unsupported):
        module_variables(provider, stage, example(provider))


def test_each_example_is_there_for_each_cloud() -> None:
    assert {path.stem for path in EXAMPLES} >= {f"{name}-{environment}" for name in NAMES for environment in ("dev", "prod")}


def test_production_examples_are_of_production_shape(provider: Provider) -> None:
    spec = example(provider, "prod").spec
    assert len(spec.network.zones) == 3
    assert len(spec.node_pools) >= 2
    assert any(pool.taints for pool in spec.node_pools)
    assert spec.tags
    assert spec.kubernetes.admin_groups


def test_needed_providers_are_those_of_the_modules(provider: Provider) -> None:
    needed = provider.required_providers()
    wanted: dict[str, dict[str, str]] = {}
    for stage in STAGES:
        text = (provider.module(stage) / "versions.tf").read_text()
        for name, source, version in re.findall(r'(\w+) = \{\s*source\s*= "([^"]+)"\s*version\s*= "([^"]+)"', text):
            wanted[name] = {"source": source, "version": version}
    assert {name: dict(value) for name, value in needed.items()} == wanted


def test_protected_addresses_are_resources_of_the_cluster_module(provider: Provider) -> None:
    for address in provider.protected_addresses():
        assert re.sub(r"\[.*", "", address) in resources(provider.module("cluster"))


def test_imports_are_made_of_what_is_planned(provider: Provider) -> None:
    types = _module_types(provider)
    for kind, form in provider.imports().items():
        assert kind in types, kind
        unknown = [
            name for name in re.findall(r"\{([^{}]+)\}", form) if name != "owned" and not _has(_schemas()[kind], name.split("."))
        ]
        assert not unknown, f"{kind}: {form}"


def test_provider_blocks_hold_no_credentials(provider: Provider) -> None:
    blocks = provider.provider_blocks(example(provider, "prod"))
    assert set(blocks) <= set(provider.required_providers())
    assert [key for key in _keys(blocks) if SECRET.search(key) and "data_plane" not in key] == []


def _keys(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield str(key)
            yield from _keys(value)
    elif isinstance(data, list):
        for item in data:
            yield from _keys(item)


# --- state, access ------------------------------------------------------------------------------------------------------------


def test_each_scheme_has_one_provider(provider: Provider) -> None:
    assert provider.state_schemes
    for scheme in provider.state_schemes:
        assert providers.for_scheme(scheme) is provider


def test_a_backend_holds_a_place_and_no_credentials(provider: Provider) -> None:
    for scheme in provider.state_schemes:
        key = location(scheme).key("clusters", "demo", "network.tfstate")
        kind, arguments = provider.backend(location(scheme), key)
        assert kind
        assert [name for name in _keys(arguments) if SECRET.search(name)] == []
        text = json.dumps(arguments)
        assert "network" in text
        assert location(scheme).bucket in text


def test_two_states_have_two_places(provider: Provider) -> None:
    for scheme in provider.state_schemes:
        keys = (location(scheme).key("clusters", "demo", f"{stage}.tfstate") for stage in STAGES)
        one, other = (provider.backend(location(scheme), key)[1] for key in keys)
        assert one != other


def test_a_state_is_found_where_the_backend_puts_it(provider: Provider) -> None:
    for scheme in provider.state_schemes:
        where = location(scheme)
        key = where.key(provider.state_object(where, "demo", "network"))
        _, arguments = provider.backend(where, where.key(state_key("demo", "network")))
        placed = str(arguments.get("key") or arguments["prefix"] + "/default.tfstate")
        assert key.endswith(placed)


def test_an_artifact_repository_is_argo_s_and_holds_no_credentials(provider: Provider) -> None:
    for scheme in provider.state_schemes:
        where = location(scheme)
        (kind, settings), *others = provider.artifact_repository(where, where.key("{{workflow.name}}/{{pod.name}}")).items()
        assert kind in ("s3", "azure", "gcs") and others == []
        assert [name for name in _keys(settings) if SECRET.search(name)] == []
        assert settings.get("keyFormat", settings.get("blobNameFormat", "")).endswith("{{workflow.name}}/{{pod.name}}")


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_kubeconfig_gets_tokens_and_holds_none(provider: Provider, environment: str) -> None:
    cluster = example(provider, environment)
    config = provider.kubeconfig(cluster, OUTPUTS)
    assert (config["apiVersion"], config["kind"]) == ("v1", "Config")
    assert {part: config[part][0]["name"] for part in ("clusters", "users", "contexts")} == dict.fromkeys(
        ("clusters", "users", "contexts"), config["current-context"]
    )
    (user,) = config["users"]
    assert set(user["user"]) == {"exec"}
    assert user["user"]["exec"]["apiVersion"].startswith("client.authentication.k8s.io/")
    assert user["user"]["exec"]["command"]
    server = config["clusters"][0]["cluster"]
    assert server["server"].startswith("https://")
    assert server["certificate-authority-data"] == OUTPUTS["ca_certificate"]
    assert "insecure-skip-tls-verify" not in server


# --- plans --------------------------------------------------------------------------------------------------------------------


@cache
def _schemas() -> dict[str, dict[str, Any]]:
    """Return every resource type of the simulator's providers with its block."""
    found: dict[str, dict[str, Any]] = {}
    for path in SCHEMAS.glob("*.json.gz"):
        with gzip.open(path) as file:
            for provider in json.load(file)["provider_schemas"].values():
                found |= {name: value["block"] for name, value in provider.get("resource_schemas", {}).items()}
    return found


def _has(block: dict[str, Any], path: list[str]) -> bool:
    """Tell whether a schema has an attribute; list steps in a path are skipped, maps take any key."""
    steps = [step for step in path if not step.isdigit()]
    if not steps:
        return True
    blocks, attributes = block.get("block_types", {}), block.get("attributes", {})
    if steps[0] in blocks:
        return _has(blocks[steps[0]]["block"], steps[1:])
    if steps[0] not in attributes:
        return False
    nested = attributes[steps[0]].get("nested_type")
    return _has(nested, steps[1:]) if nested else len(steps) == 1 or not isinstance(attributes[steps[0]].get("type"), str)


def _module_types(provider: Provider) -> set[str]:
    return {address.partition(".")[0] for stage in (*STAGES, PLATFORM) for address in resources(provider.module(stage))}


def test_prices_have_the_form_of_the_table(provider: Provider) -> None:
    table = provider.prices()
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", table["date"])
    assert re.fullmatch(r"[A-Z]{3}", table["currency"])
    assert table["source"]
    assert table["excludes"]
    assert set(table["regions"]) <= set(provider.regions())
    assert all(0.5 < factor < 3 for factor in table["regions"].values())
    for item in table["items"]:
        assert set(item) <= {"type", "label", "hourly", "monthly", "count", "by", "discount"}, item["label"]
        assert item["label"]
        assert ("hourly" in item) != ("monthly" in item), item["label"]
        figure = item.get("hourly", item.get("monthly"))
        assert isinstance(figure, dict) == ("by" in item), item["label"]
        assert all(
            isinstance(price, int | float) and price >= 0 for price in (figure.values() if isinstance(figure, dict) else [figure])
        )


def test_prices_are_of_what_the_modules_make(provider: Provider) -> None:
    items = provider.prices()["items"]
    assert {item["type"] for item in items} <= _module_types(provider)
    for item in items:
        for path in (item.get("by"), item.get("count"), item.get("discount", {}).get("path")):
            assert path is None or _has(_schemas()[item["type"]], path.split(".")), f"{item['label']}: {path}"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_machine_types_of_examples_have_a_price(path: Path) -> None:
    cluster = load_cluster(path)
    figures = [item.get("hourly") for item in providers.get(cluster.spec.cloud).prices()["items"]]
    priced = {name for figure in figures if isinstance(figure, dict) for name in figure}
    assert {pool.machine_type for pool in cluster.spec.node_pools} <= priced


def test_security_rules_are_about_types_that_exist(provider: Provider) -> None:
    assert len(provider.security_rules) >= 5
    for rule in provider.security_rules:
        types = [name for name in _schemas() if fnmatchcase(name, rule.type)]
        assert types, rule
        assert rule.reason
        if rule.attribute:
            assert any(_has(_schemas()[name], rule.attribute.split(".")) for name in types), rule


def test_security_rules_concern_the_modules(provider: Provider) -> None:
    types = _module_types(provider)
    assert any(fnmatchcase(name, rule.type) for rule in provider.security_rules for name in types)


def test_the_permissions_file_is_a_policy(provider: Provider) -> None:
    path = provider.permissions()
    assert path.is_relative_to(ROOT / "infra" / "providers" / provider.name)
    assert json.loads(path.read_text())
    assert not re.search(r'"Action":\s*"\*"|"\*:\*"', path.read_text()), "least privilege names its actions"


def test_ownership_tags_are_what_the_modules_set() -> None:
    assert ownership_tags("demo") == {"hera-cluster": "demo", "managed-by": "hera"}


# --- errors -------------------------------------------------------------------------------------------------------------------

TEXTS: dict[str, list[dict[str, str]]] = json.loads((Path(__file__).parent / "error_texts.json").read_text())
"""Texts as the clouds and their Terraform providers write them, from documentation and issue trackers."""


def _code(provider: Provider, text: str) -> str:
    matches = (pattern for pattern in provider.error_patterns if re.search(pattern.pattern, text, re.IGNORECASE))
    return next((pattern.error.code for pattern in matches), "STEP_FAILED")


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        pytest.param(name, case["code"], case["text"], id=f"{name}-{case['code']}-{number}")
        for name, cases in TEXTS.items()
        for number, case in enumerate(cases)
    ],
)
def test_a_real_error_text_has_its_code(name: str, code: str, text: str) -> None:
    assert _code(providers.get(name), text) == code


def test_every_cloud_has_real_texts(provider: Provider) -> None:
    assert len({case["code"] for case in TEXTS[provider.name]}) >= 8


def test_error_patterns_are_patterns_of_errors_in_the_tree(provider: Provider) -> None:
    codes = {pattern.error.code for pattern in provider.error_patterns}
    assert len(provider.error_patterns) >= 15
    assert codes <= set(by_code())
    needed = {"AUTH_DENIED", "QUOTA_EXCEEDED", "THROTTLED", "CAPACITY_UNAVAILABLE", "DEPENDENCY_VIOLATION", "ALREADY_EXISTS"}
    assert needed <= codes
    for pattern in provider.error_patterns:
        assert not re.compile(pattern.pattern, re.IGNORECASE).search(""), pattern


@pytest.mark.parametrize(
    "text", ["", "Error: something else went wrong", "Apply complete! Resources: 3 added", "panic: runtime error"]
)
def test_an_unknown_text_is_not_guessed(provider: Provider, text: str) -> None:
    assert _code(provider, text) == "STEP_FAILED"
