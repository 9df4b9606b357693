"""Reading what users wrote: everything that is wrong with it at once, by field, and no value of theirs repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ValidationError

from infra.errors import UserMistake

M = TypeVar("M", bound=BaseModel)


class Refused(UserMistake):
    """The object asks for something that is wrong or not supported; only a change of the object helps."""

    code: ClassVar[str] = "REFUSED"
    exit_code: ClassVar[int] = 65


def parse(model: type[M], spec: Mapping[str, Any]) -> M:
    """Return the spec as its model; raises `Refused` naming every field that is wrong or unknown."""
    try:
        return model.model_validate(dict(spec))
    except ValidationError as error:
        raise Refused("; ".join(sorted(problems(error)))) from None


def problems(error: ValidationError) -> set[str]:
    """Return one sentence a field."""
    return {_sentence(item["type"], ".".join(map(str, ("spec", *item["loc"]))), item["msg"]) for item in error.errors()}


def _sentence(kind: str, where: str, said: str) -> str:
    if kind == "extra_forbidden":
        return f"{where}: this field is not supported"
    return f"{where}: {said.removeprefix('Value error, ')}"
