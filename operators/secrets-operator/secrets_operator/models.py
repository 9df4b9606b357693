"""What users write: the field names of External Secrets, in a group of our own; what is not here is refused, never ignored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, create_model, model_validator

from infra import secrets
from infra.secrets.base import Options
from operator_kit.crd import Column, Kind, Model

GROUP, VERSION = "secrets.hera.dev", "v1"
DURATION = r"^(0|([0-9]+(\.[0-9]+)?(ms|s|m|h))+)$"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
NAME = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
KEY = r"^[-._a-zA-Z0-9]{1,253}$"

Decoding = Literal["None", "Base64", "Base64URL", "Auto"]


class StoreRef(Model):
    """Which store."""

    name: str = Field(pattern=NAME)
    kind: Literal["SecretStore", "ClusterSecretStore"] = "SecretStore"


class RemoteRef(Model):
    """Which secret of the store, or which part of it."""

    key: str = Field(min_length=1, max_length=2048)
    property: str | None = Field(default=None, min_length=1, description="a path in the secret's JSON: `database.password`")
    version: str | None = Field(default=None, min_length=1)
    decoding_strategy: Decoding = "None"


class Data(Model):
    """One key of the Secret."""

    secret_key: str = Field(pattern=KEY)
    remote_ref: RemoteRef


class FindName(Model):
    """A pattern for names."""

    regexp: str = Field(min_length=1)


class Find(Model):
    """All secrets whose name matches and that have the tags."""

    RULES: ClassVar[Sequence[tuple[str, str]]] = (("has(self.name) || has(self.tags)", "find needs name or tags"),)
    path: str | None = None
    name: FindName | None = None
    tags: dict[str, str] | None = None
    decoding_strategy: Decoding = "None"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.name is None and not self.tags:
            raise ValueError("find needs name or tags")
        if self.name:
            _compiles(self.name.regexp)
        return self


class RewriteRegexp(Model):
    """Replaces what matches in each key; `$1` is the first group."""

    source: str = Field(min_length=1)
    target: str


class Rewrite(Model):
    """One step of renaming the keys."""

    regexp: RewriteRegexp

    @model_validator(mode="after")
    def _check(self) -> Self:
        _compiles(self.regexp.source)
        return self


class DataFrom(Model):
    """Many keys of the Secret."""

    RULES: ClassVar[Sequence[tuple[str, str]]] = (("has(self.extract) != has(self.find)", "name one of extract and find"),)
    extract: RemoteRef | None = None
    find: Find | None = None
    rewrite: tuple[Rewrite, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.extract is None) == (self.find is None):
            raise ValueError("name one of extract and find")
        return self


class TemplateMetadata(Model):
    """Labels and annotations of the Secret."""

    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class Template(Model):
    """How the Secret looks; docs/secrets.md lists the functions."""

    engine_version: Literal["v2"] = "v2"
    type: str = "Opaque"
    merge_policy: Literal["Replace", "Merge"] = "Replace"
    metadata: TemplateMetadata = TemplateMetadata()
    data: dict[str, str] = Field(default_factory=dict)


class Target(Model):
    """The Secret to make."""

    RULES: ClassVar[Sequence[tuple[str, str]]] = (
        (
            "!has(self.deletionPolicy) || self.deletionPolicy != 'Delete' || !has(self.creationPolicy) || "
            "self.creationPolicy == 'Owner'",
            "deletionPolicy Delete needs creationPolicy Owner",
        ),
        (
            "!has(self.deletionPolicy) || self.deletionPolicy != 'Merge' || !has(self.creationPolicy) || "
            "self.creationPolicy != 'None'",
            "deletionPolicy Merge and creationPolicy None exclude each other",
        ),
    )
    name: str | None = Field(default=None, pattern=NAME)
    creation_policy: Literal["Owner", "Orphan", "Merge", "CreateOrMerge", "None"] = "Owner"
    deletion_policy: Literal["Retain", "Delete", "Merge"] = "Retain"
    immutable: bool = False
    template: Template | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.deletion_policy == "Delete" and self.creation_policy != "Owner":
            raise ValueError("deletionPolicy Delete needs creationPolicy Owner")
        if self.deletion_policy == "Merge" and self.creation_policy == "None":
            raise ValueError("deletionPolicy Merge and creationPolicy None exclude each other")
        if self.immutable and self.creation_policy in ("Merge", "CreateOrMerge"):
            raise ValueError("immutable and a merging creationPolicy exclude each other")
        return self


class ExternalSecretSpec(Model):
    """A Secret made of a store's secrets."""

    RULES: ClassVar[Sequence[tuple[str, str]]] = (
        ("(has(self.data) && size(self.data) > 0) || (has(self.dataFrom) && size(self.dataFrom) > 0)", "name data or dataFrom"),
    )
    secret_store_ref: StoreRef
    refresh_policy: Literal["CreatedOnce", "Periodic", "OnChange"] = "Periodic"
    refresh_interval: str = Field(default="1h", pattern=DURATION)
    target: Target = Target()
    data: tuple[Data, ...] = Field(default=(), max_length=1000)
    data_from: tuple[DataFrom, ...] = Field(default=(), max_length=100)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.data and not self.data_from:
            raise ValueError("name data or dataFrom")
        keys = [item.secret_key for item in self.data]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"secretKey twice: {', '.join(twice)}")
        return self


class LabelSelector(Model):
    """Which namespaces, by their labels."""

    match_labels: dict[str, str]


class NamespaceCondition(Model):
    """Which namespaces may use a cluster's store; what is named must all hold."""

    namespaces: tuple[str, ...] = ()
    namespace_selector: LabelSelector | None = None
    namespace_regexes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        for pattern in self.namespace_regexes:
            _compiles(pattern)
        return self


def _provider() -> type[Options]:
    """Return the model of `provider`: one field for each kind of store that there is."""
    fields: Any = {
        entry: (backend.options | None, Field(default=None, alias=entry)) for entry, backend in secrets.backends().items()
    }

    def exactly_one(self: Any) -> Any:
        if sum(getattr(self, entry) is not None for entry in fields) != 1:
            raise ValueError(f"name exactly one of {', '.join(fields)}")
        return self

    made = create_model(
        "Provider",
        __base__=Options,
        __doc__="The kind of store, with what it needs to know.",
        __validators__={"exactly_one": model_validator(mode="after")(exactly_one)},  # type: ignore[dict-item]
        **fields,
    )
    count = " + ".join(f"(has(self.{entry}) ? 1 : 0)" for entry in fields)
    made.RULES = ((f"{count} == 1", f"name exactly one of {', '.join(fields)}"),)  # type: ignore[attr-defined]
    return made


Provider = _provider()


class SecretStoreSpec(Model):
    """A secret store."""

    provider: Provider  # type: ignore[valid-type]


class ClusterSecretStoreSpec(Model):
    """A secret store for several namespaces."""

    provider: Provider  # type: ignore[valid-type]
    conditions: tuple[NamespaceCondition, ...] = Field(min_length=1, description="one that holds is enough")


class PushRemoteRef(Model):
    """Where a value goes."""

    remote_key: str = Field(min_length=1, max_length=2048)


class PushMatch(Model):
    """Which key of the Secret (all of them as JSON, if none is named) goes where."""

    secret_key: str | None = None
    remote_ref: PushRemoteRef


class PushData(Model):
    """One secret of the store."""

    match: PushMatch


class PushSource(Model):
    """The Secret to push."""

    name: str = Field(pattern=NAME)


class PushSelector(Model):
    """What to push."""

    secret: PushSource


class PushSecretSpec(Model):
    """A Secret's values as secrets of stores."""

    refresh_interval: str = Field(default="1h", pattern=DURATION)
    secret_store_refs: tuple[StoreRef, ...] = Field(min_length=1)
    selector: PushSelector
    deletion_policy: Literal["None", "Delete"] = "None"
    data: tuple[PushData, ...] = Field(min_length=1)


class Status(Model):
    """What the operator says."""

    model_config = ConfigDict(extra="allow")
    conditions: tuple[dict[str, Any], ...] = ()
    refresh_time: str | None = None
    synced_resource_version: str | None = None
    synced_push_secrets: dict[str, Any] | None = None


_READY = '.status.conditions[?(@.type=="Ready")]'
_COLUMNS = (
    Column("Status", f"{_READY}.reason"),
    Column("Ready", f"{_READY}.status"),
    Column("Age", ".metadata.creationTimestamp", "date"),
)
_STORE = (Column("Store", ".spec.secretStoreRef.name"), Column("Interval", ".spec.refreshInterval"))

EXTERNAL = Kind(
    GROUP,
    VERSION,
    "ExternalSecret",
    "externalsecrets",
    ExternalSecretSpec,
    Status,
    ("hes",),
    ("hera",),
    True,
    (*_STORE, *_COLUMNS),
)
STORE = Kind(GROUP, VERSION, "SecretStore", "secretstores", SecretStoreSpec, Status, ("hss",), ("hera",), True, _COLUMNS)
CLUSTER_STORE = Kind(
    GROUP,
    VERSION,
    "ClusterSecretStore",
    "clustersecretstores",
    ClusterSecretStoreSpec,
    Status,
    ("hcss",),
    ("hera",),
    False,
    _COLUMNS,
)
PUSH = Kind(GROUP, VERSION, "PushSecret", "pushsecrets", PushSecretSpec, Status, ("hps",), ("hera",), True, _COLUMNS)
KINDS = {kind.kind: kind for kind in (EXTERNAL, STORE, CLUSTER_STORE, PUSH)}


def seconds(duration: str) -> float:
    """Return a duration (`1h30m`) in seconds."""
    return sum(float(number) * _UNITS[unit] for number, _, unit in re.findall(r"([0-9]+(\.[0-9]+)?)(ms|s|m|h)", duration))


def _compiles(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
