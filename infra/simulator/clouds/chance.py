"""The random provider: values drawn once, at creation, and kept in state like the real one's."""

import base64
import secrets
import string
from collections.abc import Mapping

from infra.simulator.clouds.base import Cloud, Maker, Scope, Tables, Want, uuid
from infra.simulator.values import ObjectValue, text

SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
ADJECTIVES = ("able", "brave", "calm", "eager", "fair", "glad", "keen", "merry", "proud", "swift")
ANIMALS = ("badger", "crane", "dingo", "falcon", "gecko", "heron", "ibis", "marmot", "otter", "puffin")
_CLASSES: dict[str, object] = {key: True for key in ("lower", "upper", "numeric", "number", "special")} | {
    key: 0 for key in ("min_lower", "min_upper", "min_numeric", "min_special")
}


def make(provider: str) -> "Chance":
    """Make the provider's special knowledge."""
    return Chance(provider)


def _length(values: ObjectValue, key: str, default: int) -> int:
    given = values.get(key)
    return given if isinstance(given, int) else default


def draw_text(values: ObjectValue) -> str:
    """Draw a string of the asked length from the asked classes, with the asked minimum of each."""
    special = text(values.get("override_special")) or SPECIAL
    classes = {"lower": string.ascii_lowercase, "upper": string.ascii_uppercase, "numeric": string.digits}
    classes["special"] = special
    allowed = "".join(chars for name, chars in classes.items() if values.get(name) is not False)
    drawn = [secrets.choice(chars) for name, chars in classes.items() for _ in range(_length(values, f"min_{name}", 0))]
    drawn += [secrets.choice(allowed) for _ in range(_length(values, "length", 16) - len(drawn))]
    secrets.SystemRandom().shuffle(drawn)
    return "".join(drawn)


def _pet(values: ObjectValue) -> str:
    separator = text(values.get("separator")) or "-"
    words = [secrets.choice(ADJECTIVES) for _ in range(_length(values, "length", 2) - 1)] + [secrets.choice(ANIMALS)]
    return separator.join([text(values["prefix"]), *words] if text(values.get("prefix")) else words)


def _raw(want: Want) -> bytes:
    drawn = text(want.root["id"])
    return base64.urlsafe_b64decode(drawn + "=" * (-len(drawn) % 4))


def _prefixed(form: Maker) -> Maker:
    return lambda want: text(want.root.get("prefix")) + str(form(want))


def _shuffled(want: Want) -> list[object]:
    given = want.root.get("input")
    items = list(given) if isinstance(given, list) else []
    secrets.SystemRandom().shuffle(items)
    return items[: _length(want.root, "result_count", len(items))]


def _bcrypt(want: Want) -> str:
    return "$2a$10$" + secrets.token_urlsafe(40).replace("-", ".").replace("_", "/")[:53]


VALUES: Mapping[str, Mapping[str, Maker]] = {
    "random_id": {
        "b64_url": _prefixed(lambda want: want.root["id"]),
        "b64_std": _prefixed(lambda want: base64.b64encode(_raw(want)).decode()),
        "hex": _prefixed(lambda want: _raw(want).hex()),
        "dec": _prefixed(lambda want: int.from_bytes(_raw(want), "big")),
    },
    "random_bytes": {
        "base64": lambda want: base64.b64encode(secrets.token_bytes(_length(want.root, "length", 8))).decode(),
        "hex": lambda want: base64.b64decode(text(want.root["base64"])).hex(),
    },
    "random_integer": {"result": lambda want: int(text(want.root["id"]))},
    "random_password": {"result": lambda want: draw_text(want.root), "bcrypt_hash": _bcrypt},
    "random_string": {"result": lambda want: want.root["id"]},
    "random_shuffle": {"result": _shuffled},
    "random_uuid": {"result": lambda want: want.root["id"]},
}


class Chance(Cloud):
    """Random values; any change of an argument draws again."""

    tables = Tables(
        defaults={
            "random_password": _CLASSES,
            "random_string": _CLASSES,
            "random_pet": {"length": 2, "separator": "-"},
        },
        replaces={
            f"random_{kind}": ("*",) for kind in ("id", "bytes", "integer", "password", "string", "pet", "shuffle", "uuid")
        },
        values=VALUES,
    )

    def identify(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Draw the value; most random resources carry it in their id."""
        if type_ == "random_id":
            drawn = secrets.token_bytes(_length(values, "byte_length", 8))
            return base64.urlsafe_b64encode(drawn).decode().rstrip("=")
        if type_ == "random_integer":
            low, high = _length(values, "min", 0), _length(values, "max", 100)
            return str(low + secrets.randbelow(high - low + 1))
        if type_ == "random_string":
            return draw_text(values)
        if type_ == "random_pet":
            return _pet(values)
        return "none" if type_ in ("random_password",) else uuid()
