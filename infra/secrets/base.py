"""What a cloud's secret store is to Hera: read many, find, write, remove; the same errors whichever cloud it is.

| Rule | Mandatory | Note |
|---|---|---|
| `NoSuchSecret` only where the store itself says that the secret is not there | yes | callers remove things because of it |
| Forbidden is `AuthDenied`, slow down is `Slowed`, no answer is `TimedOut` or `CloudUnavailable` | yes | never "not found" |
| No value in an error, its detail, a log line or a `repr` | yes | values travel as `Value` |
| One bad key does not spoil the others: `read` answers each key with a value or an error | yes | |
| Importing the module imports no SDK | yes | |
| The suite in tests/contract/test_secret_stores.py passes | yes | |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from infra.errors import HeraError, NotFound, Throttled

OWNER, OWNED = "managed-by", "hera"
"""The tag or label of secrets that Hera wrote; it changes and removes no others."""
AT_ONCE = 16
"""How many reads run at once where the cloud has no batch call."""


class NoSuchSecret(NotFound):
    """The store says definitely that there is no such secret or version."""


class Slowed(Throttled):
    """The store asks for fewer calls; `retry_after` is how many seconds it wants, if it says so."""

    def __init__(self, message: str, *, retry_after: float = 0.0, next_step: str = "", detail: str = "") -> None:
        super().__init__(message, next_step=next_step, detail=detail)
        self.retry_after = retry_after


def pause_asked(header: object) -> float:
    """Return the seconds that a `Retry-After` header asks for; 0 where it is missing or a date."""
    text = str(header or "")
    return float(text) if text.isdigit() else 0.0


@dataclass(frozen=True)
class Value:
    """A secret's bytes; shows itself as stars wherever it is printed."""

    data: bytes = field(repr=False)
    version: str = ""

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True)
class Ref:
    """Which secret, and which version of it; empty is the current one."""

    key: str
    version: str = ""


@dataclass(frozen=True)
class Query:
    """Which secrets to find: those whose name matches (searched, not anchored) and that have all the tags."""

    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    path: str = ""


class Store(Protocol):
    """One secret store, reached; used from several threads."""

    def read(self, refs: Sequence[Ref]) -> Mapping[Ref, Value | HeraError]:
        """Return each secret's value, or why there is none."""
        ...

    def find(self, query: Query) -> list[str]:
        """Return the keys of the secrets that match, sorted."""
        ...

    def write(self, key: str, data: bytes) -> bool:
        """Have the store hold this value; returns whether anything was written. Raises `AlreadyExists` if it is not ours."""
        ...

    def remove(self, key: str) -> None:
        """Remove a secret that is ours; nothing happens when there is none."""
        ...

    def check(self) -> None:
        """Find out whether the store answers and knows us; raises what `read` would."""
        ...


class Options(BaseModel):
    """Part of what a user writes about a store; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)


class Selector(Options):
    """A key of a Kubernetes Secret that holds a static credential."""

    name: str = Field(min_length=1)
    key: str = Field(min_length=1)
    namespace: str | None = None


@dataclass(frozen=True)
class Backend:
    """One kind of store."""

    entry: str
    """The word in a store's `provider`."""
    options: type[Options]
    static: Callable[[Any], Mapping[str, Selector]]
    """Return the static credentials that the options name; empty with workload identity."""
    open: Callable[[Any, Mapping[str, bytes]], Store]
    """Return the store; the mapping holds what `static` named."""


def each(read: Callable[[Ref], Value], refs: Sequence[Ref]) -> dict[Ref, Value | HeraError]:
    """Read secrets one by one, several at once."""

    def one(ref: Ref) -> Value | HeraError:
        try:
            return read(ref)
        except HeraError as error:
            return error

    if len(refs) == 1:
        return {refs[0]: one(refs[0])}
    with ThreadPoolExecutor(min(AT_ONCE, max(len(refs), 1))) as pool:
        return dict(zip(refs, pool.map(one, refs), strict=True))
