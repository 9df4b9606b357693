"""What an ExternalSecret means, rule by rule, without a cluster or a cloud."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from infra.errors import AlreadyExists, AuthDenied, CloudUnavailable, ConfigRejected, HeraError
from infra.secrets.base import NoSuchSecret, Query, Ref, Slowed, Value
from secrets_operator import build, consumers, convert, manifests, target, template
from secrets_operator.build import Found, NothingLeft
from secrets_operator.external import External
from secrets_operator.models import ClusterSecretStoreSpec, ExternalSecretSpec, PushSecretSpec, SecretStoreSpec, seconds
from secrets_operator.parse import Refused, parse
from secrets_operator.shared import Shared

REF = {"name": "store"}
EXTRACT = [{"extract": {"key": "a"}}]


def spec(**fields: Any) -> ExternalSecretSpec:
    return parse(ExternalSecretSpec, {"secretStoreRef": REF, **fields})


def one(key: str = "a", **remote: Any) -> list[dict[str, Any]]:
    return [{"secretKey": "k", "remoteRef": {"key": key, **remote}}]


def test_the_definitions_are_up_to_date() -> None:
    assert manifests.FILE.read_text() == manifests.text(), "python -m secrets_operator.manifests"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no store": ({"secretStoreRef": None, "dataFrom": EXTRACT}, "spec.secretStoreRef"),
    "empty store name": ({"secretStoreRef": {"name": ""}, "dataFrom": EXTRACT}, "spec.secretStoreRef.name"),
    "store kind": ({"secretStoreRef": {"name": "a", "kind": "Vault"}, "dataFrom": EXTRACT}, "spec.secretStoreRef.kind"),
    "store field": ({"secretStoreRef": {"name": "a", "namespace": "b"}, "dataFrom": EXTRACT}, "not supported"),
    "no data": ({}, "name data or dataFrom"),
    "empty data": ({"data": [], "dataFrom": []}, "name data or dataFrom"),
    "data is text": ({"data": "a"}, "spec.data"),
    "key twice": ({"data": one() + one("b")}, "secretKey twice: k"),
    "key with a slash": ({"data": [{"secretKey": "a/b", "remoteRef": {"key": "a"}}]}, "secretKey"),
    "no remote key": ({"data": [{"secretKey": "a", "remoteRef": {}}]}, "remoteRef.key"),
    "empty remote key": ({"data": one("")}, "remoteRef.key"),
    "no remoteRef": ({"data": [{"secretKey": "a"}]}, "remoteRef"),
    "sourceRef": ({"data": [{**one()[0], "sourceRef": {}}]}, "spec.data.0.sourceRef: this field is not supported"),
    "metadataPolicy": ({"data": one(metadataPolicy="Fetch")}, "metadataPolicy: this field is not supported"),
    "decoding": ({"data": one(decodingStrategy="Rot13")}, "decodingStrategy"),
    "empty property": ({"data": one(property="")}, "property"),
    "extract and find": ({"dataFrom": [{"extract": {"key": "a"}, "find": {"tags": {"a": "b"}}}]}, "one of extract and find"),
    "neither": ({"dataFrom": [{}]}, "one of extract and find"),
    "find nothing": ({"dataFrom": [{"find": {"path": "x"}}]}, "name or tags"),
    "find pattern": ({"dataFrom": [{"find": {"name": {"regexp": "("}}}]}, "regular expression"),
    "rewrite pattern": (
        {"dataFrom": [{**EXTRACT[0], "rewrite": [{"regexp": {"source": "[", "target": ""}}]}]},
        "regular expression",
    ),
    "rewrite transform": ({"dataFrom": [{**EXTRACT[0], "rewrite": [{"transform": {"template": "x"}}]}]}, "not supported"),
    "interval": ({"dataFrom": EXTRACT, "refreshInterval": "1 hour"}, "refreshInterval"),
    "interval is a number": ({"dataFrom": EXTRACT, "refreshInterval": 60}, "refreshInterval"),
    "refresh policy": ({"dataFrom": EXTRACT, "refreshPolicy": "Sometimes"}, "refreshPolicy"),
    "creation policy": ({"dataFrom": EXTRACT, "target": {"creationPolicy": "Mine"}}, "creationPolicy"),
    "delete an orphan": ({"dataFrom": EXTRACT, "target": {"creationPolicy": "Orphan", "deletionPolicy": "Delete"}}, "needs"),
    "delete a merged one": ({"dataFrom": EXTRACT, "target": {"creationPolicy": "Merge", "deletionPolicy": "Delete"}}, "needs"),
    "merge into none": ({"dataFrom": EXTRACT, "target": {"creationPolicy": "None", "deletionPolicy": "Merge"}}, "exclude"),
    "immutable merge": ({"dataFrom": EXTRACT, "target": {"creationPolicy": "Merge", "immutable": True}}, "exclude"),
    "target name": ({"dataFrom": EXTRACT, "target": {"name": "UPPER"}}, "target.name"),
    "templateFrom": ({"dataFrom": EXTRACT, "target": {"template": {"templateFrom": []}}}, "not supported"),
    "engine": ({"dataFrom": EXTRACT, "target": {"template": {"engineVersion": "v1"}}}, "engineVersion"),
    "unknown field": ({"dataFrom": EXTRACT, "extra": 1}, "spec.extra: this field is not supported"),
}


@pytest.mark.parametrize(("fields", "said"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_by_name(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said.replace(".", r"\.")):
        spec(**fields)


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(Refused) as caught:
        spec(data=one(""), extra=1, refreshInterval="x")
    assert caught.value.message.count(";") == 2


@pytest.mark.parametrize("provider", [{}, {"fake": {}}, {"a": 1, "b": 2}], ids=["none", "unknown", "two unknown"])
def test_a_store_is_of_one_known_kind(provider: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        parse(SecretStoreSpec, {"provider": provider})


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        (None, "conditions"),
        ([], "conditions"),
        ([{"namespaceRegexes": ["("]}], "regular expression"),
        ([{"namespaceSelector": {"matchExpressions": []}}], "not supported"),
    ],
    ids=["left out", "none", "pattern", "expressions"],
)
def test_a_cluster_s_store_says_for_whom_it_is(conditions: Any, said: str) -> None:
    given = {"provider": {"gcpsm": {"projectID": "some-project"}}} | ({} if conditions is None else {"conditions": conditions})
    with pytest.raises(Refused, match=said):
        parse(ClusterSecretStoreSpec, given)


PUSH: dict[str, Any] = {
    "secretStoreRefs": [{"name": "store"}],
    "selector": {"secret": {"name": "a"}},
    "data": [{"match": {"secretKey": "k", "remoteRef": {"remoteKey": "r"}}}],
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"secretStoreRefs": []}, "secretStoreRefs"),
        ({"selector": {}}, "selector.secret"),
        ({"selector": {"generatorRef": {}}}, "not supported"),
        ({"data": []}, "data"),
        ({"data": [{"match": {"remoteRef": {"remoteKey": ""}}}]}, "remoteKey"),
        ({"data": [{"match": {"remoteRef": {"remoteKey": "r", "property": "p"}}}]}, "property: this field is not supported"),
        ({"deletionPolicy": "Merge"}, "deletionPolicy"),
        ({"updatePolicy": "IfNotExists"}, "updatePolicy: this field is not supported"),
        ({"refreshInterval": "often"}, "refreshInterval"),
    ],
    ids=["no store", "no Secret", "generator", "no data", "no remote key", "property", "deletion", "update policy", "interval"],
)
def test_bad_pushes_are_refused_by_name(changes: dict[str, Any], said: str) -> None:
    parse(PushSecretSpec, PUSH)
    with pytest.raises(Refused, match=said):
        parse(PushSecretSpec, PUSH | changes)


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_what_began_together_does_not_go_on_together(chance: float) -> None:
    external = External(cast(Any, None), cast(Any, None), cast(Any, None), lambda: chance)
    assert external._next(spec(dataFrom=EXTRACT), 100.0) == 95.0 + 10 * chance
    assert external._next(spec(dataFrom=EXTRACT, refreshPolicy="OnChange"), 100.0) is None


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("1h30m", 5400), ("500ms", 0.5), ("0", 0), ("1.5m", 90)])
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected


def content(
    wanted: ExternalSecretSpec, found: Mapping[int, Found] | None = None, **answers: bytes | HeraError
) -> dict[str, bytes]:
    given = {Ref(key): value if isinstance(value, HeraError) else Value(value) for key, value in answers.items()}
    return build.content(wanted, given, found or {})


@pytest.mark.parametrize(
    ("remote", "value", "expected"),
    [
        ({}, b"\xff\x00", b"\xff\x00"),
        ({"property": "a.b"}, b'{"a": {"b": 1}}', b"1"),
        ({"property": "a.b"}, b'{"a.b": "dotted"}', b"dotted"),
        ({"property": "list.1"}, b'{"list": ["x", "y"]}', b"y"),
        ({"property": "a"}, b'{"a": {"b": [true, null]}}', b'{"b":[true,null]}'),
        ({"decodingStrategy": "Base64"}, b"aGk=", b"hi"),
        ({"decodingStrategy": "Base64URL"}, b"_-8", b"\xff\xef"),
        ({"decodingStrategy": "Auto"}, b"not base64!", b"not base64!"),
        ({"decodingStrategy": "Auto"}, b"aGk=", b"hi"),
    ],
    ids=["bytes", "nested", "dotted", "list", "object", "base64", "base64url", "auto plain", "auto base64"],
)
def test_a_value_is_taken_as_it_is_asked_for(remote: dict[str, str], value: bytes, expected: bytes) -> None:
    assert content(spec(data=one(**remote)), a=value) == {"k": expected}


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"data": one(property="x")}, b'{"y": "canary"}'),
        ({"data": one(property="x")}, b"canary"),
        ({"data": one(decodingStrategy="Base64")}, b"canary!"),
        ({"dataFrom": EXTRACT}, b'["canary"]'),
        ({"dataFrom": EXTRACT}, b'{"not a key": "canary"}'),
        (
            {"dataFrom": [{**EXTRACT[0], "rewrite": [{"regexp": {"source": ".*", "target": "same"}}]}]},
            b'{"a": "canary", "b": "canary"}',
        ),
        ({"data": one(), "target": {"template": {"type": "kubernetes.io/tls"}}}, b"canary"),
        ({"data": one(), "target": {"template": {"data": {"x": "{{ .k | b64dec }}"}}}}, b"canary"),
    ],
    ids=["no property", "no json", "no base64", "a list", "a key", "same names", "tls", "template"],
)
def test_a_value_that_cannot_be_used_is_refused_without_being_shown(fields: dict[str, Any], value: bytes) -> None:
    with pytest.raises(ConfigRejected) as caught:
        content(spec(**fields), a=value)
    assert "canary" not in json.dumps(caught.value.to_dict())
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("kind", "texts", "values"),
    [
        ("kubernetes.io/tls", {"tls.crt": "{{ .cert }}", "tls.key": "{{ .key }}"}, b'{"cert": "c", "key": "k"}'),
        ("kubernetes.io/ssh-auth", {"ssh-privatekey": "{{ .key }}"}, b'{"key": "k"}'),
        ("kubernetes.io/basic-auth", {"username": "{{ .user }}"}, b'{"user": "u"}'),
        (
            "kubernetes.io/dockerconfigjson",
            {".dockerconfigjson": '{"auths": {"registry.example": {"auth": {{ .token | b64enc | quote }}}}}'},
            b'{"token": "t"}',
        ),
    ],
    ids=["tls", "ssh", "basic", "docker"],
)
def test_typed_secrets_are_made_of_templates(kind: str, texts: dict[str, str], values: bytes) -> None:
    made = content(spec(dataFrom=EXTRACT, target={"template": {"type": kind, "data": texts}}), a=values)
    assert set(made) == set(texts) and all(made.values())
    if kind.endswith("dockerconfigjson"):
        assert json.loads(made[".dockerconfigjson"])["auths"]["registry.example"]["auth"] == "dA=="


def test_a_docker_configuration_has_to_be_json() -> None:
    wanted = {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "{{ .k }}"}}
    with pytest.raises(ConfigRejected, match="no JSON"):
        content(spec(data=one(), target={"template": wanted}), a=b"canary")


def test_extract_find_and_data_together() -> None:
    wanted = spec(
        dataFrom=[
            *EXTRACT,
            {"find": {"name": {"regexp": "^x"}}, "rewrite": [{"regexp": {"source": "^x-(?P<rest>.*)$", "target": "X_${rest}"}}]},
        ],
        data=[{"secretKey": "own", "remoteRef": {"key": "b"}}],
    )
    found = {1: Found(("x-1", "x-2"))}
    assert set(build.refs(wanted, found)) == {Ref("a"), Ref("b"), Ref("x-1"), Ref("x-2")}
    made = content(wanted, found, **{"a": b'{"own": "from json", "n": 1}', "b": b"won", "x-1": b"1", "x-2": b"2"})
    assert made == {"own": b"won", "n": b"1", "X_1": b"1", "X_2": b"2"}


GONE = NoSuchSecret("gone")


@pytest.mark.parametrize(
    ("policy", "answers", "expected"),
    [
        ("Retain", {"a": GONE, "b": b"2"}, NoSuchSecret),
        ("Merge", {"a": GONE, "b": b"2"}, {"b": b"2"}),
        ("Merge", {"a": GONE, "b": GONE}, {}),
        ("Delete", {"a": GONE, "b": b"2"}, NoSuchSecret),
        ("Delete", {"a": GONE, "b": GONE}, NothingLeft),
        ("Delete", {"a": GONE, "b": CloudUnavailable("x")}, CloudUnavailable),
        ("Delete", {"a": GONE, "b": AuthDenied("x")}, AuthDenied),
        ("Merge", {"a": GONE, "b": Slowed("x")}, Slowed),
        ("Retain", {"a": Slowed("x"), "b": AuthDenied("x")}, AuthDenied),
    ],
)
def test_what_is_missing(policy: str, answers: dict[str, Any], expected: Any) -> None:
    data = [{"secretKey": key, "remoteRef": {"key": key}} for key in ("a", "b")]
    wanted = spec(data=data, target={"deletionPolicy": policy})
    if isinstance(expected, dict):
        assert content(wanted, **answers) == expected
    else:
        with pytest.raises(expected):
            content(wanted, **answers)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ('{"a": {"b": {{ .a | quote }}}}', '{"a": {"b": "one"}}'),
        ("{{ .a }}-{{.b}}", "one-TWO"),
        ('{{ index . "with-dash" }}', "3"),
        ("{{ .a | upper | b64enc }}", "T05F"),
        ('{{ .b | lower | trimPrefix "t" }}', "wo"),
        ('{{ replace "o" "0" .a }}', "0ne"),
        ('{{ .none | default "x" }}', "x"),
        ("{{ .a | quote }}", '"one"'),
        ("a {{- .a -}} b", "aoneb"),
        ("{{ .a | nindent 2 }}", "\n  one"),
        ("{{ .a | sha256sum }}", "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"),
    ],
)
def test_templates(text: str, expected: str) -> None:
    values = {"a": b"one", "b": b"TWO", "with-dash": b"3", "none": b""}
    assert template.render(text, values) == expected.encode()


@pytest.mark.parametrize(
    "text",
    [
        "{{ .a",
        "{{ }}",
        "{{ .absent }}",
        "{{ env }}",
        "{{ range .a }}x{{ end }}",
        "{{ .a | }}",
        "{{ .a .b }}",
        "{{ .a | b64dec }}",
        "{{ trimPrefix .a }}",
        "{{ .bin }}",
        "{{ $x := .a }}",
        "{{ . }}",
        "{{ .a | .b }}",
    ],
)
def test_templates_that_are_refused(text: str) -> None:
    with pytest.raises(ConfigRejected) as caught:
        template.render(text, {"a": b"canary", "b": b"x", "bin": b"\xff"})
    assert "canary" not in str(caught.value.to_dict())


EXTERNAL = {"metadata": {"namespace": "ns", "name": "es", "uid": "u1"}}


def existing(wanted: target.Wish, **changes: Any) -> dict[str, Any]:
    made = target._new(wanted)
    made["metadata"]["resourceVersion"] = "1"
    return made | changes


def test_what_is_as_wanted_is_not_written() -> None:
    wanted = target.wish(EXTERNAL, spec(data=one()), {"k": b"v"})
    assert target.difference(wanted, existing(wanted)) == {}


def test_keys_of_others_stay_only_when_merging() -> None:
    data = {"k": base64.b64encode(b"v").decode(), "theirs": "eA=="}
    own = target.wish(EXTERNAL, spec(data=one()), {"k": b"v"})
    assert target.difference(own, existing(own, data=data)) == {"data": {"theirs": None}}
    merged = target.wish(EXTERNAL, spec(data=one(), target={"creationPolicy": "Merge"}), {"k": b"v"})
    assert target.difference(merged, existing(merged, data=data)) == {}


def test_a_secret_of_others_is_refused() -> None:
    wanted = target.wish(EXTERNAL, spec(data=one()), {"k": b"v"})
    with pytest.raises(AlreadyExists):
        target.check_owner("es", "es", "u1", {"metadata": {}})
    target.check_owner("es", "es", "another uid", existing(wanted))


def test_an_immutable_secret_is_not_changed() -> None:
    before = existing(target.wish(EXTERNAL, spec(data=one(), target={"immutable": True}), {"k": b"old"}))
    wanted = target.wish(EXTERNAL, spec(data=one(), target={"immutable": True}), {"k": b"new"})
    with pytest.raises(ConfigRejected, match="immutable"):
        target.write(cast(Any, None), wanted, before)


def test_a_type_cannot_change() -> None:
    wanted = target.wish(EXTERNAL, spec(data=one()), {"k": b"v"})
    with pytest.raises(ConfigRejected, match="cannot change"):
        target.difference(wanted, existing(wanted, type="kubernetes.io/tls"))


def test_consumers_are_found_wherever_they_name_a_secret() -> None:
    pod = {
        "volumes": [{"secret": {"secretName": "a"}}, {"projected": {"sources": [{"secret": {"name": "b"}}]}}, {"configMap": {}}],
        "containers": [{"envFrom": [{"secretRef": {"name": "c"}}], "env": [{"valueFrom": {"secretKeyRef": {"name": "d"}}}]}],
        "initContainers": [{"env": [{"name": "x", "value": "y"}]}],
    }
    assert set(consumers.used(pod)) - {""} == {"a", "b", "c", "d"}


class Counting:
    """A store that counts, and can be slow or ill."""

    def __init__(self) -> None:
        self.reads: list[Ref] = []
        self.error: HeraError | None = None
        self.gate = threading.Event()
        self.gate.set()

    def read(self, refs: Sequence[Ref]) -> Mapping[Ref, Value | HeraError]:
        self.gate.wait(5)
        self.reads += refs
        return {ref: self.error or Value(ref.key.encode()) for ref in refs}

    def find(self, query: Query) -> list[str]:
        return []

    def write(self, key: str, data: bytes) -> bool:
        return False

    def remove(self, key: str) -> None:
        return

    def check(self) -> None:
        return


def test_one_read_for_many_who_ask_at_once() -> None:
    store = Counting()
    shared = Shared(store)
    store.gate.clear()
    threads = [threading.Thread(target=shared.read, args=([Ref("a"), Ref("b")], 60)) for _ in range(10)]
    for thread in threads:
        thread.start()
    store.gate.set()
    for thread in threads:
        thread.join()
    assert sorted(ref.key for ref in store.reads) == ["a", "b"]


def test_values_are_read_again_when_they_are_too_old_and_errors_sooner() -> None:
    now = [0.0]
    store = Counting()
    shared = Shared(store, clock=lambda: now[0])
    shared.read([Ref("a")], 60)
    now[0] = 59
    shared.read([Ref("a")], 60)
    assert len(store.reads) == 1
    now[0], store.error = 61, AuthDenied("no")
    shared.read([Ref("a")], 60)
    store.error, now[0] = None, 67
    assert isinstance(shared.read([Ref("a")], 60)[Ref("a")], Value)


def test_nothing_is_asked_while_the_store_wants_rest() -> None:
    now = [0.0]
    store = Counting()
    shared = Shared(store, clock=lambda: now[0])
    store.error = Slowed("slow", retry_after=30)
    shared.read([Ref("a")], 60)
    now[0], store.error = 20, None
    answer = shared.read([Ref("b")], 60)[Ref("b")]
    assert isinstance(answer, Slowed) and answer.retry_after == 10
    now[0] = 31
    assert isinstance(shared.read([Ref("b")], 60)[Ref("b")], Value)


def test_manifests_of_external_secrets_are_taken_or_refused_by_field() -> None:
    remote = {"key": "a", "conversionStrategy": "Default", "metadataPolicy": "None", "decodingStrategy": "None"}
    theirs = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "a", "namespace": "ns", "uid": "x"},
        "spec": {"secretStoreRef": REF, "refreshInterval": "1h0m0s", "data": [{"secretKey": "k", "remoteRef": remote}]},
    }
    made, problems = convert.convert(theirs)
    assert problems == [] and made is not None and made["metadata"] == {"name": "a", "namespace": "ns"}
    assert made["apiVersion"] == "secrets.hera.dev/v1" and "conversionStrategy" not in json.dumps(made)
    remote["metadataPolicy"] = "Fetch"
    assert convert.convert(theirs) == (
        None,
        ["ExternalSecret a: spec.data.0.remoteRef.metadataPolicy: this field is not supported"],
    )
    assert convert.convert({"kind": "ClusterExternalSecret", "metadata": {"name": "b"}})[0] is None


def test_the_converter_prints_what_it_takes_and_says_what_it_cannot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def theirs(name: str, **fields: Any) -> dict[str, Any]:
        return {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": name}, "spec": fields}

    good, bad = theirs("good", secretStoreRef=REF, dataFrom=EXTRACT), theirs("bad", secretStoreRef=REF, dataFrom=EXTRACT, odd=1)
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}}
    listed = tmp_path / "list.yaml"
    listed.write_text(yaml.safe_dump_all([{"kind": "List", "items": [good, other]}, bad]))
    assert convert.main([str(listed)]) == 1
    said = capsys.readouterr()
    assert [item["metadata"]["name"] for item in yaml.safe_load_all(said.out)] == ["good"]
    assert said.err == "ExternalSecret bad: spec.odd: this field is not supported\n"
