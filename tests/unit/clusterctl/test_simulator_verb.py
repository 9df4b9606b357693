"""`clusterctl simulator` against the simulated cloud itself; terraform is not needed for any of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from infra.simulator.cloud import SimulatedCloud

from .conftest import Shell


@pytest.fixture
def cloud(home: Path) -> SimulatedCloud:
    cloud = SimulatedCloud(home / "simulation" / "cloud")
    cloud.add("aws_vpc", "vpc-1", attributes={"cidr_block": "10.0.0.0/16"}, tags={"hera-cluster": "shop", "owner": "me"})
    cloud.add("aws_eip", "eip-1", tags={"hera-cluster": "other"})
    return cloud


def test_ls(shell: Shell, cloud: SimulatedCloud) -> None:
    assert shell("simulator", "ls") == 0
    assert "vpc-1" in shell.out and "eip-1" in shell.out and "2 objects (simulated)" in shell.err
    shell("simulator", "ls", "--type", "aws_v*", "-o", "json")
    assert [item["id"] for item in json.loads(shell.out)["items"]] == ["vpc-1"]
    shell("simulator", "ls", "--cluster", "other")
    assert "vpc-1" not in shell.out


def test_drift_changes_one_entry_and_keeps_the_others(shell: Shell, cloud: SimulatedCloud) -> None:
    assert shell("simulator", "drift", "vpc-1", "--set", "tags.owner=mallory", "--set", "enabled=false") == 0
    (vpc,) = cloud.objects(type="aws_vpc")
    assert vpc.tags == {"hera-cluster": "shop", "owner": "mallory"}
    assert vpc.attributes["enabled"] is False and vpc.attributes["cidr_block"] == "10.0.0.0/16"


def test_drift_removes(shell: Shell, cloud: SimulatedCloud) -> None:
    assert shell("simulator", "drift", "vpc-1", "--remove") == 0
    assert cloud.objects(type="aws_vpc") == []


@pytest.mark.parametrize(
    "words",
    [
        ("drift", "nope", "--remove"),
        ("drift", "vpc-1", "--set", "tags"),
        ("drift", "vpc-1"),
        ("quota", "aws_eip", "many"),
        ("latency", "-1"),
        ("fault", "explode"),
        ("frob",),
    ],
    ids=" ".join,
)
def test_refusals(shell: Shell, cloud: SimulatedCloud, words: tuple[str, ...]) -> None:
    assert shell("simulator", *words) == 64
    assert "Traceback" not in shell.err and "clusterctl simulator" in shell.err


def test_faults(shell: Shell, cloud: SimulatedCloud) -> None:
    assert shell("simulator", "fault", "throttle", "--type", "aws_subnet", "--nth", "3", "-o", "json") == 0
    (fault,) = json.loads(shell.out)["items"]
    assert (fault["kind"], fault["type"], fault["nth"], fault["spent"]) == ("throttle", "aws_subnet", 3, False)
    shell("simulator", "fault", "clear")
    shell("simulator", "fault", "list")
    assert shell.out == "no faults are set\n"


def test_reset_needs_a_yes(shell: Shell, cloud: SimulatedCloud) -> None:
    assert shell("simulator", "reset") == 80 and cloud.objects()
    assert shell("simulator", "reset", "--yes") == 0 and not cloud.objects()


def test_env_can_be_evaluated(shell: Shell, home: Path) -> None:
    assert shell("simulator", "env") == 0
    done = subprocess.run(
        ["bash", "-c", f'{shell.out}\nprintf "%s" "$TF_CLI_CONFIG_FILE"'], capture_output=True, text=True, check=True
    )
    assert Path(done.stdout).is_file() and Path(done.stdout).is_relative_to(home)


def test_quota_latency_and_calls(shell: Shell, cloud: SimulatedCloud) -> None:
    assert shell("simulator", "quota", "aws_eip", "2") == 0 and "at most 2" in shell.err
    assert shell("simulator", "quota", "aws_eip", "none") == 0 and "no limit" in shell.err
    assert shell("simulator", "latency", "0.5") == 0
    assert shell("simulator", "calls") == 0 and shell.out == "no calls\n"
