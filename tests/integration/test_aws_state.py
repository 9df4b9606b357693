"""States, ledgers, inventory and drain against moto, a simulated AWS that real boto3 and the real terraform backend talk to.

What moto proves: calls, their form, conditional writes (it compares If-Match and If-None-Match as S3 does). It proves no rights.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra import providers
from infra.classify import classify
from infra.errors import AlreadyExists, AuthDenied, CloudUnavailable, NotFound, StateLocked
from infra.objects import PreconditionFailed
from infra.providers.aws import session
from infra.providers.base import StateLocation

AWS = providers.get("aws")
REGION = "eu-west-1"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def aws(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Point boto3 and terraform at moto, with nothing of the user's own settings."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    nothing = str(tmp_path / "nothing")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, nothing)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    session._session.cache_clear()
    yield server
    session._session.cache_clear()


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> str:
    return request.node.name.replace("_", "-").replace("[", "-").replace("]", "")[:60].strip("-")


@pytest.fixture
def location(aws: str, bucket: str) -> StateLocation:
    return StateLocation.parse(f"s3://{bucket}/hera?region={REGION}&endpoint={aws}&path_style=true")


# --- the bucket ---------------------------------------------------------------------------------------------------


def test_a_new_bucket_is_versioned_encrypted_and_private(location: StateLocation) -> None:
    done = AWS.create_state_store(location, REGION)
    assert done[0] == f"created bucket {location.bucket} in {REGION}"
    s3 = session.client("s3", REGION)
    assert s3.get_bucket_location(Bucket=location.bucket)["LocationConstraint"] == REGION
    assert s3.get_bucket_versioning(Bucket=location.bucket)["Status"] == "Enabled"
    assert s3.get_bucket_encryption(Bucket=location.bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert set(s3.get_public_access_block(Bucket=location.bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    rules = s3.get_bucket_lifecycle_configuration(Bucket=location.bucket)["Rules"]
    assert [rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in rules] == [90]


def test_making_it_again_does_nothing(location: StateLocation) -> None:
    AWS.create_state_store(location, REGION)
    assert AWS.create_state_store(location, REGION) == []


def test_a_weak_bucket_is_repaired_and_keeps_what_is_its_own(location: StateLocation) -> None:
    s3 = session.client("s3", REGION)
    s3.create_bucket(Bucket=location.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    own = {"ID": "own", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}}
    s3.put_bucket_lifecycle_configuration(Bucket=location.bucket, LifecycleConfiguration={"Rules": [own]})
    done = AWS.create_state_store(location, REGION)
    assert {"switched versions on", "blocked public access"} <= set(done)
    assert not any("created" in text for text in done)
    rules = s3.get_bucket_lifecycle_configuration(Bucket=location.bucket)["Rules"]
    assert {rule["ID"] for rule in rules} == {"own", "hera-old-versions"}


def test_calls_without_tls_are_refused_where_there_is_tls(aws: str, bucket: str) -> None:
    location = StateLocation.parse(f"s3://{bucket}?region={REGION}")
    assert "refused calls without TLS" in AWS.create_state_store(location, REGION)
    policy = json.loads(session.client("s3", REGION).get_bucket_policy(Bucket=bucket)["Policy"])
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    with pytest.raises(AuthDenied):
        AWS.object_store(location).get("over-plain-http")


def test_a_key_of_the_users_own(aws: str, bucket: str) -> None:
    key = session.client("kms", REGION).create_key()["KeyMetadata"]["Arn"]
    location = StateLocation.parse(f"s3://{bucket}?region={REGION}&endpoint={aws}&path_style=true&kms_key_id={key}")
    assert f"encrypted under {key}" in AWS.create_state_store(location, REGION)
    AWS.object_store(location).put("a", b"1")
    assert session.client("s3", REGION).head_object(Bucket=bucket, Key="a")["SSEKMSKeyId"] == key


def test_overwritten_objects_can_be_brought_back(location: StateLocation) -> None:
    AWS.create_state_store(location, REGION)
    store = AWS.object_store(location)
    store.put("a", b"old")
    store.put("a", b"new")
    versions = session.client("s3", REGION).list_object_versions(Bucket=location.bucket, Prefix="hera/a")["Versions"]
    assert len(versions) == 2


# --- the object store ---------------------------------------------------------------------------------------------


@pytest.fixture
def store(location: StateLocation) -> Any:
    AWS.create_state_store(location, REGION)
    return AWS.object_store(location)


def test_what_is_written_is_read(store: Any, location: StateLocation) -> None:
    assert store.get("a/b") is None
    version = store.put("a/b", b"\x00data")
    assert (store.get("a/b").data, store.get("a/b").version) == (b"\x00data", version)
    assert session.client("s3", REGION).get_object(Bucket=location.bucket, Key="hera/a/b")["Body"].read() == b"\x00data"


def test_only_one_creates(store: Any) -> None:
    store.put("lock", b"mine", if_absent=True)
    with pytest.raises(PreconditionFailed, match="there already"):
        store.put("lock", b"yours", if_absent=True)
    assert store.get("lock").data == b"mine"


def test_only_who_saw_the_last_version_overwrites(store: Any) -> None:
    first = store.put("ledger", b"1")
    second = store.put("ledger", b"2", if_version=first)
    with pytest.raises(PreconditionFailed, match="changed by somebody else"):
        store.put("ledger", b"3", if_version=first)
    assert store.put("ledger", b"3", if_version=second) != second


def test_overwriting_what_is_gone_is_refused(store: Any) -> None:
    version = store.put("ledger", b"1")
    store.delete("ledger")
    with pytest.raises(PreconditionFailed):
        store.put("ledger", b"2", if_version=version)


def test_writers_at_once_lose_nothing(store: Any) -> None:
    """Eight writers count to sixteen together by compare-and-swap."""
    store.put("count", b"0")

    def add() -> None:
        for _ in range(2):
            while True:
                seen = store.get("count")
                try:
                    store.put("count", str(int(seen.data) + 1).encode(), if_version=seen.version)
                    break
                except PreconditionFailed:
                    continue

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get("count").data == b"16"


def test_keys_are_listed_sorted_below_the_prefix(store: Any, location: StateLocation) -> None:
    for key in ("clusters/b/ledger.json", "clusters/a/ledger.json", "other"):
        store.put(key, b"")
    session.client("s3", REGION).put_object(Bucket=location.bucket, Key="elsewhere", Body=b"")
    assert list(store.list("clusters/")) == ["clusters/a/ledger.json", "clusters/b/ledger.json"]
    assert list(store.list("")) == ["clusters/a/ledger.json", "clusters/b/ledger.json", "other"]


def test_deleting_twice_is_no_mistake(store: Any) -> None:
    store.put("a", b"")
    store.delete("a")
    store.delete("a")
    assert store.get("a") is None


def test_no_bucket(location: StateLocation) -> None:
    with pytest.raises(NotFound) as caught:
        AWS.object_store(location).get("a")
    assert "clusterctl init" in caught.value.next_step


def test_nobody_answers(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "ATTEMPTS", 1)
    location = StateLocation.parse(f"s3://b?region={REGION}&endpoint=http://127.0.0.1:9&path_style=true")
    with pytest.raises(CloudUnavailable):
        AWS.object_store(location).get("a")


# --- credentials --------------------------------------------------------------------------------------------------


def test_who_we_are(aws: str) -> None:
    assert AWS.credentials().account == "123456789012"


def test_no_credentials(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    session._session.cache_clear()
    with pytest.raises(AuthDenied) as caught:
        AWS.credentials()
    assert "aws sso login" in caught.value.next_step


def test_a_role_is_taken_first(aws: str) -> None:
    role = "arn:aws:iam::111122223333:role/hera"
    assert session.identity(REGION, {"roleArn": role})[1].startswith("arn:aws:sts::111122223333:assumed-role/hera/hera")


def test_credentials_of_another_account(aws: str) -> None:
    with pytest.raises(AuthDenied, match="belong to account 123456789012; the spec's cloudOptions.accountId is 111122223333"):
        session.identity(REGION, {"accountId": "111122223333"})


# --- terraform's own backend --------------------------------------------------------------------------------------

VALUE = 'resource "terraform_data" "a" { input = "%s" }\n'
SLOW = 'resource "terraform_data" "b" {\n  provisioner "local-exec" { command = "sleep 15" }\n}\n'


class Root:
    """A configuration with its state in S3."""

    def __init__(self, folder: Path, location: StateLocation, text: str) -> None:
        folder.mkdir()
        kind, arguments = AWS.backend(location, location.key("clusters/orchard/network.tfstate"))
        self.folder = folder
        (folder / "backend.tf.json").write_text(json.dumps({"terraform": {"backend": {kind: arguments}}}))
        (folder / "main.tf").write_text(text)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["terraform", f"-chdir={self.folder}", *arguments, "-no-color"]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = ["terraform", f"-chdir={self.folder}", *arguments, "-no-color"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def state_location(location: StateLocation, monkeypatch: pytest.MonkeyPatch) -> StateLocation:
    monkeypatch.setenv("CHECKPOINT_DISABLE", "1")
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    AWS.create_state_store(location, REGION)
    return location


def test_terraform_keeps_its_state_in_the_bucket(state_location: StateLocation, tmp_path: Path) -> None:
    root = Root(tmp_path / "root", state_location, VALUE % "x")
    for arguments in (("init", "-input=false"), ("apply", "-auto-approve", "-input=false")):
        done = root.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    store = AWS.object_store(state_location)
    kept = store.get("clusters/orchard/network.tfstate")
    assert kept is not None
    assert json.loads(kept.data)["resources"][0]["name"] == "a"
    assert list(store.list("clusters/")) == ["clusters/orchard/network.tfstate"], "the lock is given back"


def test_a_held_lock_is_named(state_location: StateLocation, tmp_path: Path) -> None:
    """While one apply runs, another is told who holds the state; a killed holder's lock can be removed by its id."""
    first = Root(tmp_path / "first", state_location, SLOW)
    second = Root(tmp_path / "second", state_location, VALUE % "x")
    assert first.run("init", "-input=false").returncode == 0
    assert second.run("init", "-input=false").returncode == 0
    holder = first.start("apply", "-auto-approve", "-input=false")
    try:
        assert holder.stdout is not None
        for line in holder.stdout:
            if "Creating..." in line:
                break
        refused = second.run("apply", "-auto-approve", "-input=false")
    finally:
        holder.kill()
        holder.wait()
    assert refused.returncode == 1
    error = classify(refused.stderr, AWS.error_patterns)
    assert isinstance(error, StateLocked)
    assert "Who:" in error.detail
    lock_id = next(line.split()[-1] for line in refused.stderr.splitlines() if line.strip(" │").startswith("ID:"))
    assert second.run("force-unlock", "-force", lock_id).returncode == 0
    assert second.run("apply", "-auto-approve", "-input=false").returncode == 0


def test_a_backend_without_a_bucket(location: StateLocation, tmp_path: Path) -> None:
    done = Root(tmp_path / "root", location, VALUE % "x").run("init", "-input=false")
    assert done.returncode == 1
    assert isinstance(classify(done.stderr, AWS.error_patterns), NotFound)


# --- what a cluster left ------------------------------------------------------------------------------------------


def _tags(kind: str, **tags: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


@pytest.fixture
def network(aws: str, bucket: str) -> dict[str, str]:
    """A VPC with two subnets of a cluster that is named after the test."""
    name = bucket[:30].strip("-")
    ec2 = session.client("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=_tags("vpc", **{"hera-cluster": name, "Name": name}))["Vpc"][
        "VpcId"
    ]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]
        for index, zone in enumerate("ab")
    ]
    return {"name": name, "vpc": vpc, "a": subnets[0], "b": subnets[1]}


def test_what_is_left_is_found(network: dict[str, str]) -> None:
    name = network["name"]
    key = session.client("kms", REGION).create_key(Tags=[{"TagKey": "hera-cluster", "TagValue": name}])["KeyMetadata"]["KeyId"]
    session.client("iam", REGION).create_role(RoleName=f"{name}-{REGION}-node", Path="/hera/", AssumeRolePolicyDocument="{}")
    session.client("iam", REGION).create_role(RoleName="somebody-else", Path="/hera/", AssumeRolePolicyDocument="{}")
    session.client("logs", REGION).create_log_group(logGroupName=f"/aws/eks/{name}/cluster")
    found = {(item.type, item.id) for item in AWS.inventory(name, REGION, {})}
    assert found == {
        ("aws_vpc", network["vpc"]),
        ("aws_kms_key", key),
        ("aws_iam_role", f"{name}-{REGION}-node"),
        ("aws_cloudwatch_log_group", f"/aws/eks/{name}/cluster"),
    }
    assert [item.name for item in AWS.inventory(name, REGION, {}) if item.type == "aws_vpc"] == [name]


def test_what_is_on_its_way_out_is_not_left(network: dict[str, str]) -> None:
    kms, name = session.client("kms", REGION), network["name"]
    key = kms.create_key(Tags=[{"TagKey": "hera-cluster", "TagValue": name}])["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert [item.type for item in AWS.inventory(name, REGION, {})] == ["aws_vpc"]


def test_another_clusters_objects_are_not_ours(network: dict[str, str]) -> None:
    assert AWS.inventory(network["name"] + "x", REGION, {}) == []
    assert AWS.drain(network["name"] + "x", REGION, {}) == []


def test_drain_removes_what_kubernetes_made(network: dict[str, str]) -> None:
    name, ec2, elb = network["name"], session.client("ec2", REGION), session.client("elbv2", REGION)
    mine = [{"Key": "elbv2.k8s.aws/cluster", "Value": name}]
    group = ec2.create_security_group(
        GroupName="k8s-traffic",
        Description="x",
        VpcId=network["vpc"],
        TagSpecifications=_tags("security-group", **{"elbv2.k8s.aws/cluster": name}),
    )["GroupId"]
    nodes = ec2.create_security_group(GroupName="nodes", Description="x", VpcId=network["vpc"])["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "UserIdGroupPairs": [{"GroupId": group}]}
    ec2.authorize_security_group_ingress(GroupId=nodes, IpPermissions=[rule])
    balancer = elb.create_load_balancer(Name="k8s-web", Type="network", Subnets=[network["a"], network["b"]], Tags=mine)
    target = elb.create_target_group(Name="k8s-web", Protocol="TCP", Port=80, VpcId=network["vpc"], Tags=mine)
    claim = {"hera-cluster": name, "kubernetes.io/created-for/pvc/name": "data"}
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1, TagSpecifications=_tags("volume", **claim))["VolumeId"]
    others = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    session.client("logs", REGION).create_log_group(logGroupName=f"/aws/eks/{name}/cluster")

    removed = {(item.type, item.id) for item in AWS.drain(name, REGION, {})}
    assert removed == {
        ("aws_lb", balancer["LoadBalancers"][0]["LoadBalancerArn"]),
        ("aws_lb_target_group", target["TargetGroups"][0]["TargetGroupArn"]),
        ("aws_security_group", group),
        ("aws_ebs_volume", volume),
        ("aws_cloudwatch_log_group", f"/aws/eks/{name}/cluster"),
    }
    assert [item["VolumeId"] for item in ec2.describe_volumes(VolumeIds=[others])["Volumes"]] == [others]
    assert AWS.drain(name, REGION, {}) == []
    assert [item.type for item in AWS.inventory(name, REGION, {})] == ["aws_vpc"]


def test_the_log_group_of_a_living_cluster_stays(network: dict[str, str]) -> None:
    name, eks = network["name"], session.client("eks", REGION)
    eks.create_cluster(name=name, roleArn="arn:aws:iam::123456789012:role/r", resourcesVpcConfig={"subnetIds": [network["a"]]})
    session.client("logs", REGION).create_log_group(logGroupName=f"/aws/eks/{name}/cluster")
    assert AWS.drain(name, REGION, {}) == []


def test_somebody_elses_bucket(location: StateLocation, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 answers 403 to whoever asks for another account's bucket; moto knows one account, so the answer is made up here."""
    from infra.providers.aws import bucket as module

    client = session.client("s3", REGION)
    refusal = client.exceptions.ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadBucket")

    def refuse(**_: Any) -> None:
        raise refusal

    monkeypatch.setattr(client, "head_bucket", refuse)
    monkeypatch.setattr(module, "s3", lambda _: client)
    with pytest.raises(AlreadyExists, match="belongs to another account"):
        AWS.create_state_store(location, REGION)


# --- the order of things, on the simulated cloud ------------------------------------------------------------------

TERRAFORM = Path(__file__).parents[2] / "infra" / "terraform"


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, float, float]]]:
    """Make and unmake the dev composition, with a hundredth of AWS's latencies; return each type's calls."""
    from infra.simulator.cloud import SimulatedCloud
    from infra.simulator.environment import environment

    work = tmp_path_factory.mktemp("order")
    extra = environment(work / "cloud")
    cloud = SimulatedCloud(work / "cloud")
    cloud.set_latency_scale(0.01)
    shutil.copytree(TERRAFORM, work / "terraform", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    folder = work / "terraform" / "envs" / "dev" / "aws"
    for arguments in (["init"], ["apply", "-auto-approve"], ["destroy", "-auto-approve"]):
        command = ["terraform", f"-chdir={folder}", *arguments, "-input=false", "-no-color"]
        done = subprocess.run(command, env={**os.environ, **extra}, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
    assert cloud.objects() == [], "a destroy leaves nothing"
    seen: dict[str, list[tuple[str, float, float]]] = {}
    for call in cloud.calls():
        if call.operation in ("create", "delete"):
            seen.setdefault(f"{call.operation} {call.type}", []).append((call.id, call.started, call.ended or call.started))
    return seen


def _begin(calls: list[tuple[str, float, float]], word: str = "") -> float:
    return min(started for name, started, _ in calls if word in name)


def _end(calls: list[tuple[str, float, float]], word: str = "") -> float:
    return max(ended for name, _, ended in calls if word in name)


def test_the_control_plane_does_not_wait_for_nat_and_endpoints(calls: dict[str, list[tuple[str, float, float]]]) -> None:
    control_plane = _begin(calls["create aws_eks_cluster"])
    assert control_plane < _end(calls["create aws_nat_gateway"])
    assert control_plane < _end(calls["create aws_vpc_endpoint"])


def test_the_cni_comes_before_nodes_and_dns_after(calls: dict[str, list[tuple[str, float, float]]]) -> None:
    addons, nodes = calls["create aws_eks_addon"], calls["create aws_eks_node_group"]
    for name in ("vpc-cni", "kube-proxy", "eks-pod-identity-agent"):
        assert _end(addons, name) <= _begin(nodes)
    for name in ("coredns", "aws-ebs-csi-driver"):
        assert _begin(addons, name) >= _end(nodes)


def test_node_groups_of_all_zones_are_made_at_once(calls: dict[str, list[tuple[str, float, float]]]) -> None:
    nodes = calls["create aws_eks_node_group"]
    assert max(started for _, started, _ in nodes) < min(ended for _, _, ended in nodes)


def test_nodes_go_before_their_cni_and_its_rights(calls: dict[str, list[tuple[str, float, float]]]) -> None:
    nodes = _end(calls["delete aws_eks_node_group"])
    assert nodes <= _begin(calls["delete aws_eks_addon"], "vpc-cni")
    assert nodes <= _begin(calls["delete aws_iam_role_policy_attachment"], "AmazonEKS_CNI_Policy")


def test_log_groups_go_after_what_writes_to_them(calls: dict[str, list[tuple[str, float, float]]]) -> None:
    groups = calls["delete aws_cloudwatch_log_group"]
    assert _end(calls["delete aws_eks_cluster"]) <= _begin(groups, "/aws/eks/")
    assert _end(calls["delete aws_flow_log"]) <= _begin(groups, "/hera/")
