"""`platform/base` is one contract on three clouds, and fits the manifests that it feeds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra import providers
from steps.common.roots import OUTPUTS
from tests.contract.hcl import blocks, compact, named, object_fields, resources
from tests.support import overlays
from tests.support.cli import PROJECT

MODULES = PROJECT / "infra" / "terraform" / "modules" / "platform" / "base"
FOLDERS = sorted(path for path in MODULES.iterdir() if path.is_dir())
every_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.name))


def _table(heading: str) -> dict[str, str]:
    """Return names and types of a table in docs/modules.md."""
    section = (PROJECT / "docs" / "modules.md").read_text().split("## Layer `platform`", 1)[1].split("\n## ", 1)[0]
    table = section.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {name: compact(row[1].strip("`")) for row in cells for name in re.findall(r"`(\w+)`", row[0])}


def _text(folder: Path) -> str:
    return "".join(path.read_text() for path in sorted(folder.glob("*.tf")))


def _accounts(folder: Path) -> dict[str, str]:
    """Return the service accounts that a module gives an identity to."""
    found = re.search(r"(?s)\n  accounts = \{\n(.*?)\n  \}", _text(folder))
    assert found
    return dict(re.findall(r'([\w-]+)\s*= "([\w/-]+)"', found.group(1)))


def test_every_cloud_has_one() -> None:
    assert [folder.name for folder in FOLDERS] == sorted(providers.names())


@every_folder
def test_files_and_tests(folder: Path) -> None:
    assert {"main.tf", "variables.tf", "outputs.tf", "versions.tf"} <= {path.name for path in folder.glob("*.tf")}
    assert {"platform.tftest.hcl", "dev.tftest.hcl", "refused.tftest.hcl"} <= {path.name for path in (folder / "tests").iterdir()}


@every_folder
def test_inputs_and_outputs_are_those_of_the_contract(folder: Path) -> None:
    declared = {name: block.attribute("type") for name, block in named(folder, "variable").items()}
    cloud, wanted = declared.pop("cloud") or "", _table("Input")
    wanted.pop("cloud")
    assert declared == wanted
    assert set(named(folder, "output")) == set(_table("Output")) == set(OUTPUTS["platform"])
    assert [name for name, kind in object_fields(cloud).items() if not kind.startswith("optional(")] in ([], ["project_id"])


@every_folder
def test_everything_is_described_and_validated(folder: Path) -> None:
    for kind in ("variable", "output"):
        for name, block in named(folder, kind).items():
            assert len(block.text("description").split("\n")[0].strip('" ')) >= 5, name
            assert kind == "output" or "validation {" in block.body, name


@every_folder
def test_tags_and_suppressions(folder: Path) -> None:
    merged = re.search(r"(?s)tags\s*=\s*merge\(\s*var\.tags,\s*\{(.*?)\}\s*\)", _text(folder))
    assert merged and '"hera-stage"       = "platform"' in merged.group(1)
    for line in _text(folder).splitlines():
        if "checkov:skip" in line:
            assert re.search(r"checkov:skip=CKV2?_[A-Z0-9]+_[0-9]+: \S.{10,}", line), line.strip()


@every_folder
def test_nothing_is_run_on_this_machine_and_no_secret_is_made(folder: Path) -> None:
    assert not re.search(
        r'provisioner "|data "(external|http)"|access_key|_secret"|sensitive', _text(folder).replace("shared_access_key", "")
    )
    assert resources(folder)
    assert not [block for block in blocks(folder) if block.type == "module"]


@every_folder
def test_identities_are_for_accounts_that_the_manifests_have(folder: Path) -> None:
    manifests = {
        f"{namespace}/{name}"
        for kind, namespace, name in map(overlays.reference, overlays.built("prod"))
        if kind == "ServiceAccount"
    }
    accounts = _accounts(folder)
    assert set(accounts.values()) <= manifests
    assert accounts == _accounts(FOLDERS[0])


def test_who_has_an_identity_may_leave_the_cluster() -> None:
    """Both ends of the bridge: the network policies let out exactly those that the cloud lets in, and the metadata server too."""
    before = {overlays.reference(obj) for obj in overlays.built("prod")}
    added = [obj for obj in overlays.built("prod", ("node-metadata",)) if overlays.reference(obj) not in before]
    named_pods = {
        f"{obj['metadata']['namespace']}/{name}"
        for obj in added
        for expression in obj["spec"]["podSelector"].get("matchExpressions", ())
        for name in expression["values"]
    }
    assert named_pods == set(_accounts(FOLDERS[0]).values())


@every_folder
def test_components_that_it_asks_for_exist(folder: Path) -> None:
    asked = named(folder, "output")["manifest_components"].attribute("value") or ""
    assert {name.strip('"') for name in re.findall(r'"[^"]+"', asked)} <= set(overlays.COMPONENTS)
