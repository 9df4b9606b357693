"""From a file to a `Cluster`, or to every problem in it at once.

YAML, then the defaults of environment and cloud, then types, then what several fields and the cloud tell. A wrong part does not
hide the others: it is replaced by its default, and what is later said about it is dropped.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from infra import providers
from infra.errors import NotFound, Problem, SpecInvalid
from infra.providers.base import Provider
from infra.spec import checks
from infra.spec.defaults import ENVIRONMENTS, fill
from infra.spec.document import MAX_BYTES, Document, Location, path_text, read, refuse
from infra.spec.model import API_VERSION, KIND, Cluster
from infra.spec.refusals import found_text, one_of, problems_of

_ROUNDS = 3
"""Attempts to replace wrong parts: mending one can uncover another below it."""


def load_cluster(path: Path) -> Cluster:
    """Read a cluster spec from a file; raises `NotFound`, or `SpecInvalid` with every problem."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError, PermissionError, NotADirectoryError) as error:
        raise NotFound(f"cannot read {path}: {error.strerror}", next_step="name a file with a cluster spec: -f FILE") from None
    try:
        if len(data) > MAX_BYTES:
            raise refuse("a larger file", f"at most {MAX_BYTES:,} bytes")
        return parse_cluster(data.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _in_file(refuse(f"the byte 0x{data[error.start]:02x}", "text in UTF-8", line), str(path)) from None
    except SpecInvalid as error:
        raise _in_file(error, str(path)) from None


def parse_cluster(text: str, file: str = "") -> Cluster:
    """Read a cluster spec from YAML text; `file` is only named in problems."""
    try:
        return _Reading(read(text)).cluster()
    except SpecInvalid as error:
        raise _in_file(error, file) from None


def _in_file(error: SpecInvalid, file: str) -> SpecInvalid:
    """Return the refusal with the file named, its problems in the order of the file, and nothing that a terminal would obey."""
    named = [
        replace(
            problem,
            path=_printable(problem.path),
            found=_printable(problem.found),
            accepted=_printable(problem.accepted),
            file=problem.file or file,
        )
        for problem in error.problems
    ]
    return SpecInvalid(sorted(dict.fromkeys(named), key=lambda problem: problem.line))


def _printable(text: str) -> str:
    return text if text.isprintable() else text.encode("unicode_escape").decode()


@dataclass
class _Setting:
    """What decides the defaults; stand-ins where the file has it wrong."""

    provider: Provider | None
    region: str
    environment: str


class _Reading:
    """One document on its way to a cluster."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems = list(document.problems)
        self.flagged: set[Location] = set()

    def cluster(self) -> Cluster:
        """Return the cluster, or raise every problem."""
        data = self._head()
        setting = self._setting(data.get("spec"))
        cluster = self._typed(fill(data, setting.environment, setting.provider, setting.region), setting)
        if cluster is not None:
            cluster = self._with_options(cluster, setting.provider)
            self._check(cluster, setting)
        if self.problems or cluster is None:
            raise SpecInvalid(self.problems)
        return cluster

    def _head(self) -> dict[str, Any]:
        """Return the document when it claims to be a cluster spec; anything else is not worth reading further."""
        data: dict[str, Any] = self.document.data
        wrong = [
            self._problem(name, found_text(data.get(name), self.document.texts.get(name)), one_of(data.get(name), [word]))
            for name, word in (("apiVersion", API_VERSION), ("kind", KIND))
            if data.get(name) != word
        ]
        if wrong:
            raise SpecInvalid(wrong)
        return data

    def _problem(self, path: str, found: str, accepted: str) -> Problem:
        return Problem(path, found, accepted, line=self.document.line(path))

    def _refuse(self, location: Location, found: str, accepted: str) -> None:
        self.flagged.add(location)
        self.problems.append(self._problem(path_text(location), found, accepted))

    def _setting(self, spec: Any) -> _Setting:
        """Find cloud, region and environment, refusing unknown ones."""
        spec = spec if isinstance(spec, Mapping) else {}
        cloud, region, environment = (spec.get(name) for name in ("cloud", "region", "environment"))
        clouds = providers.names()
        provider = providers.get(cloud) if isinstance(cloud, str) and cloud in clouds else None
        if isinstance(cloud, str) and provider is None:
            self._refuse(("spec", "cloud"), found_text(cloud), one_of(cloud, clouds))
        known = tuple(provider.regions()) if provider else ()
        if provider and region not in known:
            if isinstance(region, str):
                self._refuse(("spec", "region"), region, one_of(region, known, f"regions of {provider.title}"))
            region = known[0]
        environment = environment if isinstance(environment, str) and environment in ENVIRONMENTS else next(iter(ENVIRONMENTS))
        return _Setting(provider, str(region), environment)

    def _typed(self, data: dict[str, Any], setting: _Setting) -> Cluster | None:
        """Return the cluster of the data, with wrong parts replaced by their defaults after they were refused."""
        spec = {"cloud": setting.provider.name if setting.provider else "?", "region": setting.region}
        minimal = {"metadata": {"name": "name"}, "spec": {**spec, "environment": setting.environment}}
        stand_in = fill(minimal, setting.environment, setting.provider, setting.region)
        data = self._replaced(data, stand_in)
        for _ in range(_ROUNDS):
            try:
                return Cluster.model_validate(data)
            except ValidationError as error:
                found = problems_of(error.errors(), Cluster, self.document)
            self._note(found)
            for location, _problem in found:
                data = _mended(data, location, stand_in)
        return None

    def _replaced(self, data: dict[str, Any], stand_in: dict[str, Any]) -> dict[str, Any]:
        for location in self.flagged:
            data = _mended(data, location, stand_in)
        return data

    def _note(self, found: list[tuple[Location, Problem]]) -> None:
        self.problems += [problem for location, problem in found if not self._is_flagged(location)]
        self.flagged |= {location for location, _ in found}

    def _is_flagged(self, location: Location) -> bool:
        return any(location[: len(other)] == other for other in self.flagged)

    def _with_options(self, cluster: Cluster, provider: Provider | None) -> Cluster:
        """Return the cluster with its cloud's options typed and filled in."""
        if provider is None:
            return cluster
        options = _Options(provider.options, cluster.spec.cloud_options, self.document)
        self._note(options.found)
        spec = cluster.spec.model_copy(update={"cloud_options": options.data})
        return cluster.model_copy(update={"spec": spec})

    def _check(self, cluster: Cluster, setting: _Setting) -> None:
        """Add what several fields and the cloud tell, unless the place was refused already."""
        wrong = {path_text(location) for location in self.flagged}
        for problem in checks.problems(cluster, setting.provider, wrong):
            self.problems.append(replace(problem, line=self.document.line(problem.path)))


class _Options:
    """The spec's `cloudOptions` as the cloud's own model has them."""

    def __init__(self, model: type[BaseModel], data: dict[str, Any], document: Document) -> None:
        self.found: list[tuple[Location, Problem]] = []
        self.data = data
        for _ in range(_ROUNDS):
            try:
                typed = model.model_validate_json(json.dumps(data), strict=True)
                self.data = typed.model_dump(mode="json", by_alias=True, exclude_none=True)
                return
            except ValidationError as error:
                found = problems_of(error.errors(), model, document, ("spec", "cloudOptions"))
            self.found += found
            for location, _problem in found:
                data = _mended(data, location[2:], {})


def _mended(data: dict[str, Any], location: Location, stand_in: Any) -> dict[str, Any]:
    """Return the data with the value at `location` replaced by the stand-in's, or left out where that has none."""
    result = copy.deepcopy(data)
    holder: Any = result
    for step in location[:-1]:
        holder = _step(holder, step)
        stand_in = _step(stand_in, step)
    last, value = location[-1] if location else "", _step(stand_in, location[-1]) if location else None
    if isinstance(holder, dict):
        if value is None:
            holder.pop(last, None)
        else:
            holder[str(last)] = value
    elif isinstance(holder, list) and isinstance(last, int) and last < len(holder):
        holder[last] = value
    return result


def _step(value: Any, step: str | int) -> Any:
    """Go one step down; a pool or taint that the stand-in lacks is like its first."""
    if isinstance(value, dict):
        return value.get(str(step))
    if isinstance(value, list) and isinstance(step, int):
        return value[step] if step < len(value) else value[0] if value else None
    return None
