"""Every Terraform module of a layer takes the same inputs and gives the same outputs, and docs/modules.md says which."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra import providers
from infra.providers.variables import NETWORK_OUTPUTS
from tests.contract.hcl import blocks, compact, named, object_fields, resources

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "infra" / "terraform" / "modules"
LAYERS = {"network": "network", "cluster": "kubernetes-cluster"}
FOLDERS = {
    layer: sorted(path for path in (MODULES / name).iterdir() if path.is_dir()) if (MODULES / name).is_dir() else []
    for layer, name in LAYERS.items()
}
EVERY = [pytest.param(layer, folder, id=f"{layer}-{folder.name}") for layer, folders in FOLDERS.items() for folder in folders]
FREE_TEXT = {"tags", "admin_groups", "control_plane_logs"}
BOOLEANS = {"secrets_encryption", "deletion_protection"}
AS_THEY_ARE = {"network", "cloud"}
"""`network` is another module's outputs; `cloud` is validated where its fields can be wrong."""


def _table(layer: str, heading: str) -> dict[str, str]:
    """Return names and types of a table in docs/modules.md; `as above` is looked up in the layer before."""
    text = (ROOT / "docs" / "modules.md").read_text()
    section = text.split(f"## Layer `{LAYERS[layer]}`", 1)[1].split("\n## ", 1)[0]
    table = section.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    rows = {}
    for line in table.splitlines()[2:]:
        names, kind = (cell.strip() for cell in line.strip("|").split("|")[:2])
        for name in re.findall(r"`(\w+)`", names):
            rows[name] = _table("network", heading)[name] if kind == "as above" else compact(kind.strip("`"))
    return rows


@pytest.mark.parametrize("layer", LAYERS)
def test_every_cloud_has_a_module_of_the_layer(layer: str) -> None:
    assert FOLDERS[layer] == sorted(providers.get(name).module(layer) for name in providers.names())


@pytest.mark.parametrize(("layer", "folder"), EVERY)
def test_files(layer: str, folder: Path) -> None:
    assert {"main.tf", "variables.tf", "outputs.tf", "versions.tf"} <= {path.name for path in folder.glob("*.tf")}
    assert list((folder / "tests").glob("*.tftest.hcl")), "a module has terraform tests"


@pytest.mark.parametrize(("layer", "folder"), EVERY)
def test_blocks_are_where_one_looks_for_them(layer: str, folder: Path) -> None:
    for path in folder.glob("*.tf"):
        kinds = set(re.findall(r"(?m)^(variable|output|provider|terraform)\b", path.read_text()))
        allowed = {"variables.tf": {"variable"}, "outputs.tf": {"output"}, "versions.tf": {"terraform"}}
        assert kinds <= allowed.get(path.name, set()), path.name
    assert "backend" not in (folder / "versions.tf").read_text()


@pytest.mark.parametrize(("layer", "folder"), EVERY)
def test_inputs_are_those_of_the_contract(layer: str, folder: Path) -> None:
    declared = {name: block.attribute("type") for name, block in named(folder, "variable").items()}
    wanted = _table(layer, "Input")
    cloud = declared.pop("cloud", None) or ""
    wanted.pop("cloud")
    assert declared == wanted
    assert cloud.startswith("object({")


@pytest.mark.parametrize(("layer", "folder"), EVERY)
def test_outputs_are_those_of_the_contract(layer: str, folder: Path) -> None:
    assert set(named(folder, "output")) == set(_table(layer, "Output"))


@pytest.mark.parametrize(("layer", "folder"), EVERY)
def test_everything_is_described(layer: str, folder: Path) -> None:
    bare = [
        f"{kind}.{name}"
        for kind in ("variable", "output")
        for name, block in named(folder, kind).items()
        if len(block.text("description").split("\n")[0].strip('" ')) < 5
    ]
    assert bare == []


@pytest.mark.parametrize(("layer", "folder"), EVERY)
def test_what_can_be_told_wrong_is_validated(layer: str, folder: Path) -> None:
    unchecked = {name for name, block in named(folder, "variable").items() if "validation {" not in block.body}
    assert unchecked <= BOOLEANS | AS_THEY_ARE | FREE_TEXT


@pytest.mark.parametrize(("layer", "folder"), EVERY)
def test_validations_say_what_is_accepted(layer: str, folder: Path) -> None:
    for name, block in named(folder, "variable").items():
        for message in re.findall(r"error_message\s*=\s*\"((?:[^\"\\]|\\.)*)\"", block.body):
            assert len(message) > 15, name


@pytest.mark.parametrize(("layer", "folder"), EVERY)
def test_options_of_the_cloud_have_defaults(layer: str, folder: Path) -> None:
    """What has none has to be checked by the provider: there it is named."""
    fields = object_fields(named(folder, "variable")["cloud"].attribute("type") or "")
    assert fields
    assert [name for name, kind in fields.items() if not kind.startswith("optional(")] in ([], ["project_id"])


@pytest.mark.parametrize(("layer", "folder"), EVERY)
def test_only_the_ca_certificate_is_sensitive(layer: str, folder: Path) -> None:
    sensitive = [name for name, block in named(folder, "output").items() if block.attribute("sensitive") == "true"]
    assert sensitive == (["ca_certificate"] if layer == "cluster" else [])


@pytest.mark.parametrize(("layer", "folder"), EVERY)
def test_every_tag_is_the_modules(layer: str, folder: Path) -> None:
    text = "".join(path.read_text() for path in folder.glob("*.tf"))
    merged = re.search(r"(?s)tags\s*=\s*merge\(\s*var\.tags,\s*\{(.*?)\}\s*\)", text)
    assert merged, "local.tags = merge(var.tags, {…})"
    pairs = dict(re.findall(r'"?([a-z-]+)"?\s*=\s*("[a-z]+"|var\.\w+)', merged.group(1)))
    expected = {
        "hera-cluster": "var.name",
        "hera-environment": "var.environment",
        "hera-stage": f'"{layer}"',
        "managed-by": '"hera"',
    }
    assert pairs == expected


@pytest.mark.parametrize(("layer", "folder"), EVERY)
def test_suppressions_have_reasons(layer: str, folder: Path) -> None:
    for path in folder.glob("*.tf"):
        for line in path.read_text().splitlines():
            if "checkov:skip" in line:
                assert re.search(r"checkov:skip=CKV2?_[A-Z0-9]+_[0-9]+: \S.{10,}", line), f"{path.name}: {line.strip()}"


@pytest.mark.parametrize(("layer", "folder"), EVERY)
def test_nothing_is_run_on_this_machine(layer: str, folder: Path) -> None:
    assert not re.search(r'provisioner "|data "(external|http)"', "".join(path.read_text() for path in folder.glob("*.tf")))
    assert resources(folder)
    assert not [block for block in blocks(folder) if block.type == "module"], "modules call no other modules"


def test_the_cluster_layer_takes_what_the_network_layer_gives() -> None:
    inside = object_fields(_table("cluster", "Input")["network"])
    assert list(inside.items()) == list(_table("network", "Output").items())
    assert tuple(inside) == NETWORK_OUTPUTS
