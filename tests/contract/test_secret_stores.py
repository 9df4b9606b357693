"""One suite over every cloud's secret store: the real SDK against the cloud's double."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from clusterctl.main import main
from infra import secrets
from infra.errors import AlreadyExists, AuthDenied, CloudUnavailable, HeraError, StateCorrupt, TimedOut
from infra.providers.aws import secrets as aws
from infra.providers.azure import secrets as azure
from infra.providers.gcp import secrets as gcp
from infra.secrets.base import NoSuchSecret, Query, Ref, Slowed, Store, Value
from tests.support import secret_clouds
from tests.support.secret_clouds import Cloud

CANARY = b"canary-8f1e"


@pytest.fixture(scope="module", params=secret_clouds.CLOUDS)
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with (
        pytest.MonkeyPatch.context() as patch,
        secret_clouds.running(request.param, tmp_path_factory.mktemp("cloud"), patch) as found,
    ):
        for module in (aws, azure):
            patch.setattr(module, "READ_SECONDS", 0.9)
            patch.setattr(module, "ATTEMPTS", 1)
        patch.setattr(gcp, "SECONDS", 0.9)
        yield found


@pytest.fixture
def store(cloud: Cloud) -> Iterator[Store]:
    yield secret_clouds.open_store(cloud)
    cloud.mend()


def only(answers: object) -> Value | HeraError:
    assert isinstance(answers, dict) and len(answers) == 1
    found: Value | HeraError = next(iter(answers.values()))
    return found


def test_every_cloud_has_a_store() -> None:
    assert sorted(secrets.backends()) == sorted(secret_clouds.CLOUDS)


def test_a_value_is_read_and_shows_itself_as_stars(cloud: Cloud, store: Store) -> None:
    cloud.put("first", CANARY)
    found = only(store.read([Ref("first")]))
    assert isinstance(found, Value) and found.data == CANARY
    assert CANARY.decode() not in f"{found} {found!r}"


def test_many_are_read_at_once_and_one_missing_key_spoils_no_other(cloud: Cloud, store: Store) -> None:
    refs = [Ref(f"many-{number}") for number in range(45)]
    for ref in refs[1:]:
        cloud.put(ref.key, ref.key.encode())
    before = len(cloud.reads)
    found = store.read(refs)
    assert len(cloud.reads) - before == (4 if cloud.entry == "aws" else 45)  # three batches, and one look at the missing key
    assert isinstance(found[refs[0]], NoSuchSecret)
    assert {ref.key: value.data.decode() for ref in refs[1:] if isinstance(value := found[ref], Value)} == {
        ref.key: ref.key for ref in refs[1:]
    }


def test_an_older_version_is_read_by_its_name(cloud: Cloud, store: Store) -> None:
    cloud.put("versions", b"old")
    before = only(store.read([Ref("versions")]))
    cloud.put("versions", b"new")
    assert isinstance(before, Value)
    version = f"uuid/{before.version}" if cloud.entry == "aws" else before.version
    old, new = store.read([Ref("versions", version), Ref("versions")]).values()
    assert isinstance(old, Value) and isinstance(new, Value) and (old.data, new.data) == (b"old", b"new")


@pytest.mark.parametrize(
    ("fault", "error"),
    [("forbidden", AuthDenied), ("throttled", Slowed), ("down", CloudUnavailable), ("slow", TimedOut)],
    ids=lambda item: item if isinstance(item, str) else item.__name__,
)
@pytest.mark.parametrize("count", [1, 3])
def test_what_is_not_not_found_is_told_apart(cloud: Cloud, store: Store, fault: str, error: type[HeraError], count: int) -> None:
    cloud.put("there", CANARY)
    store.read([Ref("there")])
    cloud.break_down(fault)
    answers = store.read([Ref("there"), Ref("absent"), Ref("else")][:count])
    assert {type(answer) for answer in answers.values()} == {error}
    assert not any(isinstance(answer, NoSuchSecret) for answer in answers.values())
    assert not any(CANARY.decode() in str(answer.to_dict()) for answer in answers.values() if isinstance(answer, HeraError))


def test_the_wish_to_wait_is_passed_on(cloud: Cloud, store: Store) -> None:
    cloud.put("there", CANARY)
    cloud.break_down("throttled")
    found = only(store.read([Ref("there")]))
    assert isinstance(found, Slowed)
    assert found.retry_after == (0.0 if cloud.entry == "gcpsm" else 7.0)


def test_secrets_are_found_by_name_and_tags(cloud: Cloud, store: Store) -> None:
    for number in range(60):
        cloud.put(f"find-{number:02}", b"x", {"team": "red" if number % 2 else "blue"})
    assert store.find(Query(name="^find-")) == [f"find-{number:02}" for number in range(60)]
    assert store.find(Query(name="^find-0", tags={"team": "red"})) == ["find-01", "find-03", "find-05", "find-07", "find-09"]


def test_a_written_secret_is_ours_and_is_written_only_when_it_changes(cloud: Cloud, store: Store) -> None:
    assert store.write("pushed", b"one") is True
    assert store.write("pushed", b"one") is False
    assert store.write("pushed", b"two") is True
    assert cloud.get("pushed") == b"two"
    for _ in range(2):
        store.remove("pushed")
        assert isinstance(only(store.read([Ref("pushed")])), NoSuchSecret)


def test_a_secret_of_others_is_neither_overwritten_nor_removed(cloud: Cloud, store: Store) -> None:
    cloud.put("theirs", b"theirs")
    for act in (lambda: store.write("theirs", b"ours"), lambda: store.remove("theirs")):
        with pytest.raises(AlreadyExists):
            act()
    assert cloud.get("theirs") == b"theirs"


def test_a_store_that_answers_is_well(cloud: Cloud, store: Store) -> None:
    store.check()
    cloud.break_down("forbidden")
    with pytest.raises(AuthDenied):
        store.check()


@pytest.mark.parametrize("count", [1, 3])
def test_half_an_answer_is_refused(cloud: Cloud, store: Store, count: int) -> None:
    refs = [Ref(f"half-{number}") for number in range(count)]
    for ref in refs:
        cloud.put(ref.key, CANARY)
    store.read(refs)
    cloud.break_down("spoiled")
    expected = StateCorrupt if cloud.entry == "gcpsm" else CloudUnavailable
    assert {type(answer) for answer in store.read(refs).values()} == {expected}


@pytest.mark.parametrize("match", ["", "^listed-"], ids=["all", "some"])
def test_clusterctl_lists_keys_and_no_values(
    cloud: Cloud, store: Store, match: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.put("listed-one", CANARY)
    cloud.put("other", CANARY)
    manifest = {"kind": "SecretStore", "metadata": {"name": "mine"}, "spec": {"provider": {cloud.entry: cloud.options}}}
    (tmp_path / "store.yaml").write_text(yaml.safe_dump(manifest))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    code = main(["get", "secrets", "-f", str(tmp_path / "store.yaml"), "--match", match, "-o", "json"])
    said = capsys.readouterr()
    assert CANARY.decode() not in said.out + said.err
    if cloud.entry == "azurekv":
        assert code == 78 and "leave them out of the file" in said.err
    else:
        keys = [item["key"] for item in json.loads(said.out)["items"]]
        assert code == 0 and "listed-one" in keys and ("other" in keys) is not bool(match)


def test_looking_for_stores_imports_no_sdk() -> None:
    code = "import sys; from infra import secrets; secrets.backends(); print({'boto3', 'azure.core', 'grpc'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"
