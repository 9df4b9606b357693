"""The time provider: fixed, offset and rotating times, and sleeps scaled like every other wait."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from infra.simulator.clouds.base import Cloud, Maker, Scope, Tables, Want
from infra.simulator.store import Row, Store
from infra.simulator.values import ObjectValue, Value, text

UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def make(provider: str) -> "Clock":
    """Make the provider's special knowledge."""
    return Clock(provider)


def stamp(moment: datetime) -> str:
    """Write a moment as the provider does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(value: str) -> datetime:
    """Read a moment."""
    return datetime.fromisoformat(value.replace("Z", "+00:00"))


def duration(value: str) -> float:
    """Give the seconds of a Go duration."""
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|h|m|s)", value))


def _moved(values: ObjectValue, prefix: str, start: datetime) -> datetime:
    amounts = {}
    for unit in ("seconds", "minutes", "hours", "days", "months", "years"):
        given = values.get(f"{prefix}_{unit}")
        amounts[unit] = int(given) if isinstance(given, int | float) else 0
    months = start.month - 1 + amounts["months"] + 12 * amounts["years"]
    day = min(start.day, 28) if amounts["months"] or amounts["years"] else start.day
    start = start.replace(year=start.year + months // 12, month=months % 12 + 1, day=day)
    return start + timedelta(**{unit: amounts[unit] for unit in ("seconds", "minutes", "hours", "days")})


def _offset(want: Want) -> str:
    return stamp(_moved(want.root, "offset", moment_of(text(want.root["base_rfc3339"]))))


def _rotation(want: Want) -> str:
    return stamp(_moved(want.root, "rotation", moment_of(text(want.root["rfc3339"]))))


def _part(name: str) -> Maker:
    def take(want: Want) -> Value:
        moment = moment_of(text(want.root["rfc3339"]))
        return int(moment.timestamp()) if name == "unix" else getattr(moment, name)

    return take


_PARTS = {name: _part(name) for name in ("year", "month", "day", "hour", "minute", "second", "unix")}
_BASE: dict[str, Maker] = {"rfc3339": lambda want: want.root["id"], **_PARTS}
VALUES: Mapping[str, Mapping[str, Maker]] = {
    "time_static": _BASE,
    "time_rotating": {**_BASE, "rotation_rfc3339": _rotation},
    "time_offset": {"base_rfc3339": lambda want: want.root["id"], "rfc3339": _offset, **_PARTS},
}


class Clock(Cloud):
    """Times; a change of an argument or a trigger starts anew."""

    tables = Tables(
        replaces={
            "time_static": ("*",),
            "time_rotating": ("triggers", "rfc3339"),
            "time_offset": ("triggers", "base_rfc3339"),
            "time_sleep": ("triggers",),
        },
        values=VALUES,
    )

    def identify(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Use the moment of creation, or the one given."""
        given = text(values.get("rfc3339")) or text(values.get("base_rfc3339"))
        return given or stamp(datetime.now(UTC))

    def refresh(self, row: Row, store: Store) -> Row | None:
        """End a rotation whose time has come."""
        due = text(row.attributes.get("rotation_rfc3339"))
        return None if due and moment_of(due) <= datetime.now(UTC) else row

    def seconds(self, type_: str, operation: str, values: ObjectValue) -> float | None:
        """Sleep as long as asked, scaled."""
        key = {"create": "create_duration", "delete": "destroy_duration"}.get(operation, "")
        return duration(text(values.get(key))) if type_ == "time_sleep" else 0.0
