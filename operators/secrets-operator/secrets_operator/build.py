"""From a spec and the store's values to the Secret's content: pure, so that every rule is a row of a test.

All keys or none: a value that is missing or cannot be used raises, and then nothing is written.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.errors import ConfigRejected, HeraError
from infra.secrets.base import NoSuchSecret, Query, Ref, Value
from secrets_operator import template
from secrets_operator.models import KEY, DataFrom, ExternalSecretSpec, Find, RemoteRef

Answers = Mapping[Ref, Value | HeraError]
TYPES: Mapping[str, tuple[str, ...]] = {
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/basic-auth": (),
}
"""Keys that Kubernetes demands of a type."""


class NothingLeft(Exception):
    """Every secret is definitely gone, and the policy says that the Secret goes as well."""


@dataclass(frozen=True)
class Found:
    """What a `find` gave."""

    names: tuple[str, ...]


def ref(remote: RemoteRef) -> Ref:
    """Return what the store is asked for."""
    return Ref(remote.key, remote.version or "")


def query(find: Find) -> Query:
    """Return what the store is asked to find."""
    return Query(find.name.regexp if find.name else "", find.tags or {}, find.path or "")


def refs(spec: ExternalSecretSpec, found: Mapping[int, Found]) -> list[Ref]:
    """Return every secret that is needed, each once; `found` has the names for each `find` by its place in dataFrom."""
    wanted = [ref(item.remote_ref) for item in spec.data]
    wanted += [ref(item.extract) for item in spec.data_from if item.extract]
    wanted += [Ref(name) for names in found.values() for name in names.names]
    return list(dict.fromkeys(wanted))


def content(spec: ExternalSecretSpec, answers: Answers, found: Mapping[int, Found]) -> dict[str, bytes]:
    """Return the Secret's data; raises an error when any of it cannot be had, `NothingLeft` when the Secret is to go."""
    gone = _missing(spec, answers)
    values: dict[str, bytes] = {}
    for number, item in enumerate(spec.data_from):
        values |= _rewritten(item, _many(item, answers, found.get(number, Found(())), gone))
    for item_ in spec.data:
        if ref(item_.remote_ref) not in gone:
            values[item_.secret_key] = _one(item_.remote_ref, answers)
    wrong = sorted(key for key in values if not re.match(KEY, key))
    if wrong:
        raise ConfigRejected(f"no keys of a Secret: {', '.join(wrong[:5])}", next_step="rename them with dataFrom.rewrite")
    return _typed(spec, _templated(spec, values))


def _missing(spec: ExternalSecretSpec, answers: Answers) -> set[Ref]:
    """Return what is definitely gone and may be left out; raise for whatever else is not there."""
    other = [answer for answer in answers.values() if isinstance(answer, HeraError) and not isinstance(answer, NoSuchSecret)]
    if other:
        raise max(other, key=lambda error: (not error.retryable, getattr(error, "retry_after", 0.0)))
    gone = {key: answer for key, answer in answers.items() if isinstance(answer, NoSuchSecret)}
    if gone and spec.target.deletion_policy == "Delete" and len(gone) == len(answers):
        raise NothingLeft
    if gone and spec.target.deletion_policy != "Merge":
        raise next(iter(gone.values()))
    return set(gone)


def _one(remote: RemoteRef, answers: Answers) -> bytes:
    answer = answers[ref(remote)]
    assert isinstance(answer, Value)
    data = _property(remote.key, answer.data, remote.property) if remote.property else answer.data
    return decoded(data, remote.decoding_strategy, remote.key)


def _many(item: DataFrom, answers: Answers, found: Found, gone: set[Ref]) -> dict[str, bytes]:
    if item.find:
        read = {name: answers[Ref(name)] for name in found.names if Ref(name) not in gone}
        return {name: decoded(v.data, item.find.decoding_strategy, name) for name, v in read.items() if isinstance(v, Value)}
    assert item.extract is not None
    if ref(item.extract) in gone:
        return {}
    answer = answers[ref(item.extract)]
    assert isinstance(answer, Value)
    whole = _property(item.extract.key, answer.data, item.extract.property) if item.extract.property else answer.data
    parsed = _parsed(item.extract.key, whole)
    if not isinstance(parsed, dict):
        raise ConfigRejected(f"{item.extract.key} holds no JSON object to extract", next_step="use data with a secretKey")
    strategy = item.extract.decoding_strategy
    return {key: decoded(_text(value), strategy, f"{item.extract.key}.{key}") for key, value in parsed.items()}


def _rewritten(item: DataFrom, values: Mapping[str, bytes]) -> dict[str, bytes]:
    for step in item.rewrite:
        target = re.sub(r"\$(\d+|\{\w+\})", lambda found: "\\g<" + found[1].strip("{}") + ">", step.regexp.target)
        renamed = {re.sub(step.regexp.source, target, key): value for key, value in values.items()}
        if len(renamed) < len(values):
            raise ConfigRejected(f"rewriting {step.regexp.source} gives two keys the same name")
        values = renamed
    return dict(values)


def _property(key: str, data: bytes, path: str) -> bytes:
    parsed = _parsed(key, data)
    if isinstance(parsed, dict) and path in parsed:
        return _text(parsed[path])
    for part in path.split("."):
        if isinstance(parsed, list) and part.isdigit() and int(part) < len(parsed):
            parsed = parsed[int(part)]
        elif isinstance(parsed, dict) and part in parsed:
            parsed = parsed[part]
        else:
            raise ConfigRejected(f"{key} has no property {path}", next_step="correct remoteRef.property, or the secret")
    return _text(parsed)


def _parsed(key: str, data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise ConfigRejected(f"{key} holds no JSON", next_step="leave property out, or store JSON") from None


def _text(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value, separators=(",", ":")).encode()


def decoded(data: bytes, strategy: str, key: str) -> bytes:
    """Return the value with its base64 undone; `Auto` leaves what is none."""
    if strategy == "None":
        return data
    alphabets = {"Base64": (b"+/",), "Base64URL": (b"-_",), "Auto": (b"+/", b"-_")}[strategy]
    for alphabet in alphabets:
        try:
            padded = data.strip() + b"=" * (-len(data.strip()) % 4 if alphabet == b"-_" else 0)
            return base64.b64decode(padded, altchars=alphabet, validate=True)
        except binascii.Error:
            continue
    if strategy == "Auto":
        return data
    raise ConfigRejected(f"{key} is not {strategy}", next_step="correct decodingStrategy, or the secret")


def _templated(spec: ExternalSecretSpec, values: dict[str, bytes]) -> dict[str, bytes]:
    wanted = spec.target.template
    if wanted is None or not wanted.data:
        return values
    made = {key: template.render(text, values) for key, text in wanted.data.items()}
    return values | made if wanted.merge_policy == "Merge" else made


def _typed(spec: ExternalSecretSpec, values: dict[str, bytes]) -> dict[str, bytes]:
    kind = spec.target.template.type if spec.target.template else "Opaque"
    lacking = [key for key in TYPES.get(kind, ()) if key not in values]
    if lacking and spec.target.deletion_policy != "Merge":
        raise ConfigRejected(f"a Secret of type {kind} needs {', '.join(lacking)}", next_step="name it in data or template.data")
    if kind == "kubernetes.io/dockerconfigjson" and not isinstance(
        _parsed(".dockerconfigjson", values.get(TYPES[kind][0], b"{}")), dict
    ):
        raise ConfigRejected(".dockerconfigjson holds no JSON object")
    return values
