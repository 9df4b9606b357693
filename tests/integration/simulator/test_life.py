"""Drift, import, replacement, faults, sudden death, many processes at once."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.simulator.conftest import Terraform

AWS = 'provider "aws" {\n  region = "eu-west-1"\n  default_tags {\n    tags = { owner = "hera" }\n  }\n}\n'
VPC = 'resource "aws_vpc" "v" {\n  cidr_block = "10.0.0.0/16"\n  tags = { Name = "v" }\n}\n'
QUEUE = 'resource "aws_sqs_queue" "q" {\n  name = "q"\n}\n'


def test_drift_shows(terraform: Callable[[str], Terraform]) -> None:
    work = terraform(AWS + VPC + QUEUE)
    work.apply()
    vpc = work.cloud.objects(type="aws_vpc", tags={"owner": "hera"})[0]
    work.cloud.change(vpc.id, {"enable_dns_support": False})
    assert work.plan() == {("update",): {"aws_vpc.v"}}
    work.cloud.remove(work.cloud.objects(type="aws_sqs_queue")[0].id)
    assert work.plan() == {("update",): {"aws_vpc.v"}, ("create",): {"aws_sqs_queue.q"}}
    work.apply()
    assert work.plan() == {}


def test_replacement_follows_references(terraform: Callable[[str], Terraform]) -> None:
    subnet = (
        'resource "aws_subnet" "s" {\n  vpc_id     = aws_vpc.v.id\n  cidr_block = cidrsubnet(aws_vpc.v.cidr_block, 8, 0)\n}\n'
    )
    work = terraform(AWS + VPC + subnet)
    work.apply()
    work.write(AWS + VPC.replace("10.0", "10.9") + subnet)
    assert work.plan() == {("delete", "create"): {"aws_vpc.v", "aws_subnet.s"}}
    work.apply()
    assert work.plan() == {}


def test_import_and_moved(terraform: Callable[[str], Terraform]) -> None:
    work = terraform(AWS + VPC)
    work.apply()
    vpc = work.cloud.objects(type="aws_vpc")[0].id
    work.run("state", "rm", "aws_vpc.v")
    work.write(AWS + VPC + f'import {{\n  to = aws_vpc.v\n  id = "{vpc}"\n}}\n')
    assert "1 imported" in work.apply()
    work.write(AWS + VPC.replace('"aws_vpc" "v"', '"aws_vpc" "w"') + "moved {\n  from = aws_vpc.v\n  to   = aws_vpc.w\n}\n")
    assert work.plan() == {}


DEAD = "Plugin did not respond|Request cancelled"
"""What terraform says of a plugin that dies in mid-call; which of them depends on what it notices first."""


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        pytest.param("error", "InternalError", id="error"),
        pytest.param("throttle", "ThrottlingException: Rate exceeded", id="throttle"),
        pytest.param("die_before", DEAD, id="die-before"),
        pytest.param("die_after", DEAD, id="die-after"),
    ],
)
def test_fault_strikes_the_nth_call_once(terraform: Callable[[str], Terraform], kind: str, words: str) -> None:
    work = terraform(AWS + 'resource "aws_sqs_queue" "q" {\n  count = 3\n  name  = "q${count.index}"\n}\n')
    work.cloud.fault(kind, type="aws_sqs_queue", operation="create", nth=2)  # type: ignore[arg-type]
    assert re.search(words, " ".join(work.apply("-parallelism=1", code=1).split()))
    made = len(work.cloud.objects(type="aws_sqs_queue"))
    known = len(work.run("state", "list").splitlines())
    assert made - known == (1 if kind == "die_after" else 0), "die_after leaves what no state knows"
    assert work.cloud.faults()[0].seen >= 2
    for item in work.cloud.objects(type="aws_sqs_queue")[known:]:
        work.cloud.remove(item.id)
    work.apply()


def test_interrupted_wait_leaves_a_tainted_object(terraform: Callable[[str], Terraform]) -> None:
    work = terraform(AWS + 'resource "aws_kms_key" "k" {}\n')
    work.cloud.set_latency_scale(10)
    process = work.start("apply", "-auto-approve", "-no-color")
    deadline = time.monotonic() + 30
    while not work.cloud.objects(type="aws_kms_key") and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(2)
    assert "context canceled" in process.communicate(timeout=60)[0]
    assert "tainted" in work.run("show", "-no-color")
    work.cloud.set_latency_scale(0)
    assert work.plan() == {("delete", "create"): {"aws_kms_key.k"}}


def test_latency_is_scaled_and_logged(terraform: Callable[[str], Terraform]) -> None:
    work = terraform(AWS + 'resource "aws_kms_key" "k" {}\n')
    work.cloud.set_latency_scale(0.05)
    work.apply()
    (call,) = [call for call in work.cloud.calls() if call.operation == "create"]
    assert 0.6 <= call.seconds < 2
    assert call.id == work.cloud.objects(type="aws_kms_key")[0].id


def test_processes_side_by_side(terraform: Callable[..., Terraform]) -> None:
    configuration = AWS + 'resource "aws_sqs_queue" "q" {\n  count = 15\n  name  = "%s${count.index}"\n}\n'
    works = [terraform(configuration % name, name) for name in "abcd"]
    processes = [work.start("apply", "-auto-approve", "-no-color") for work in works]
    for process in processes:
        output = process.communicate(timeout=120)[0]
        assert process.returncode == 0, output
    assert len(works[0].cloud.objects(type="aws_sqs_queue")) == 60


def test_terraform_test_files(terraform: Callable[[str], Terraform]) -> None:
    work = terraform(AWS + VPC + 'output "id" {\n  value = aws_vpc.v.id\n}\n')
    run = 'run "%s" {\n  command = %s\n  assert {\n    condition     = %s\n    error_message = "no"\n  }\n}\n'
    (work.folder / "a.tftest.hcl").write_text(
        run % ("planned", "plan", 'aws_vpc.v.cidr_block == "10.0.0.0/16"')
        + run % ("made", "apply", 'startswith(output.id, "vpc-0")')
    )
    assert "2 passed, 0 failed" in work.run("test", "-no-color")
    assert work.cloud.objects() == []


def test_utilities_do_what_they_say(terraform: Callable[[str], Terraform], tmp_path: Path) -> None:
    work = terraform(
        f"""
        resource "random_password" "p" {{
          length  = 20
          special = false
        }}
        resource "tls_private_key" "k" {{
          algorithm = "ECDSA"
        }}
        resource "local_file" "f" {{
          filename = "{tmp_path}/made.txt"
          content  = "hello"
        }}
        resource "time_static" "t" {{}}
        output "year" {{
          value = time_static.t.year
        }}
        """
    )
    work.apply()
    assert (tmp_path / "made.txt").read_text() == "hello"
    state = json.loads(work.run("show", "-json"))["values"]["root_module"]["resources"]
    values = {item["type"]: item["values"] for item in state}
    assert len(values["random_password"]["result"]) == 20
    assert values["tls_private_key"]["private_key_pem"].startswith("-----BEGIN EC " + "PRIVATE KEY-----")
    assert work.plan() == {}
    (tmp_path / "made.txt").write_text("changed")
    assert work.plan() == {("create",): {"local_file.f"}}
    work.destroy()
    assert work.cloud.objects() == []
