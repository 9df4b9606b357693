"""The simulated cloud seen from outside, without terraform."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.simulator.cloud import SimulatedCloud
from infra.simulator.environment import environment
from infra.simulator.errors import UsageError


def test_objects_by_type_and_tags(tmp_path: Path) -> None:
    cloud = SimulatedCloud(tmp_path)
    cloud.add("aws_lb", "lb-1", name="web", tags={"owner": "hera", "env": "dev"})
    cloud.add("google_compute_address", "a-1", tags={"owner": "hera"})
    cloud.add("aws_vpc", "vpc-1")
    assert [item.id for item in cloud.objects(tags={"owner": "hera"})] == ["lb-1", "a-1"]
    assert [item.name for item in cloud.objects(type="aws_lb", tags={"env": "dev"})] == ["web"]
    assert cloud.objects(type="google_compute_address")[0].attributes["labels"] == {"owner": "hera"}


def test_change_and_remove(tmp_path: Path) -> None:
    cloud = SimulatedCloud(tmp_path)
    cloud.add("aws_vpc", "vpc-1", attributes={"a": 1})
    cloud.change("vpc-1", {"a": 2, "tags": {"x": "y"}})
    assert cloud.objects()[0].attributes["a"] == 2 and cloud.objects()[0].tags == {"x": "y"}
    cloud.remove("vpc-1")
    with pytest.raises(UsageError, match="no object 'vpc-1'"):
        cloud.remove("vpc-1")


def test_faults_are_listed_and_checked(tmp_path: Path) -> None:
    cloud = SimulatedCloud(tmp_path)
    number = cloud.fault("hang", type="aws_vpc", operation="create", nth=2, seconds=1.5)
    (fault,) = cloud.faults()
    assert (fault.number, fault.nth, fault.seconds, fault.spent) == (number, 2, 1.5, False)
    with pytest.raises(UsageError, match="no fault 'explode'"):
        cloud.fault("explode", type="*", operation="*")  # type: ignore[arg-type]
    cloud.clear_faults()
    assert cloud.faults() == []


def test_reset_empties_everything(tmp_path: Path) -> None:
    cloud = SimulatedCloud(tmp_path)
    cloud.add("aws_vpc", "vpc-1")
    cloud.set_quota("aws_vpc", 1)
    cloud.reset()
    assert cloud.objects() == [] and cloud.calls() == []


def test_environment_is_the_same_from_many_threads_and_quick(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(environment, [tmp_path / "home"] * 16))
    assert all(item == made[0] for item in made)
    launchers = [item for item in (tmp_path / "home" / "mirror").rglob("terraform-provider-*")]
    assert launchers and all(str(tmp_path) not in item.read_text() for item in launchers), "a launcher's content is constant"
    best = min(_seconds(tmp_path / "home") for _ in range(5))
    assert best < 0.05


def _seconds(home: Path) -> float:
    started = time.perf_counter()
    environment(home)
    return time.perf_counter() - started


def test_looking_at_the_cloud_needs_no_grpc() -> None:
    imported = "infra.simulator.cloud, infra.simulator.environment"
    code = f"import sys, {imported}; print('grpc' in sys.modules, 'msgpack' in sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.split() == ["False", "False"]
