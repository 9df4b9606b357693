"""The local provider: writes files for real, since what runs beside terraform reads them."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

from infra.simulator.clouds.base import Cloud, Maker, Scope, Tables, Want
from infra.simulator.errors import CloudError
from infra.simulator.store import Row, Store
from infra.simulator.values import ObjectValue, Value, text


def make(provider: str) -> "Files":
    """Make the provider's special knowledge."""
    return Files(provider)


def content_of(values: Mapping[str, Value]) -> bytes:
    """Give the bytes a file resource stands for."""
    if text(values.get("content_base64")):
        return base64.b64decode(text(values["content_base64"]))
    if text(values.get("source")):
        return Path(text(values["source"])).read_bytes()
    return (text(values.get("content")) or text(values.get("sensitive_content"))).encode()


def _digest(algorithm: str) -> Maker:
    return lambda want: hashlib.new(algorithm, content_of(want.root)).hexdigest()


def _digest_base64(algorithm: str) -> Maker:
    return lambda want: base64.b64encode(hashlib.new(algorithm, content_of(want.root)).digest()).decode()


_FILE: dict[str, Maker] = {
    "content_md5": _digest("md5"),
    "content_sha1": _digest("sha1"),
    "content_sha256": _digest("sha256"),
    "content_sha512": _digest("sha512"),
    "content_base64sha256": _digest_base64("sha256"),
    "content_base64sha512": _digest_base64("sha512"),
}
TYPES = ("local_file", "local_sensitive_file")


class Files(Cloud):
    """Local files; any change writes a new one."""

    tables = Tables(
        defaults={
            "local_file": {"file_permission": "0777", "directory_permission": "0777"},
            "local_sensitive_file": {"file_permission": "0700", "directory_permission": "0700"},
        },
        replaces=dict.fromkeys(TYPES, ("*",)),
        values=dict.fromkeys(TYPES, _FILE),
    )

    def identify(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Name a file by its content, as the real provider does."""
        return hashlib.sha1(content_of(values), usedforsecurity=False).hexdigest()

    def find(self, type_: str, values: ObjectValue, store: Store) -> Row | None:
        """Find by path: two files may have the same content."""
        found = store.find("type=? AND name=?", (type_, text(values.get("filename"))))
        return found[-1] if found else None

    def display_name(self, values: ObjectValue) -> str:
        """Name a file by its path."""
        return text(values.get("filename"))

    def created(self, type_: str, values: ObjectValue, scope: Scope, store: Store) -> None:
        """Write the file."""
        path = Path(text(values["filename"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content_of(values))
        path.chmod(int(text(values.get("file_permission")) or "0777", 8))

    def deleted(self, row: Row, scope: Scope, store: Store) -> None:
        """Remove the file."""
        Path(row.name).unlink(missing_ok=True)

    def refresh(self, row: Row, store: Store) -> Row | None:
        """Forget a file that is gone or was changed."""
        path = Path(row.name)
        if not path.is_file():
            return None
        return row if hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest() == row.id else None

    def data(self, type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue | None:
        """Read a file."""
        if type_ not in TYPES:
            return None
        path = Path(text(config.get("filename")))
        if not path.is_file():
            raise CloudError("Read local file data source error", f"The file at {path} cannot be read.")
        raw = path.read_bytes()
        values: ObjectValue = {"content": raw.decode(errors="replace"), "content_base64": base64.b64encode(raw).decode()}
        values["id"] = hashlib.sha1(raw, usedforsecurity=False).hexdigest()
        for name, maker in _FILE.items():
            values[name] = maker(Want(type_, name, None, {"content_base64": values["content_base64"]}, {}, scope))  # type: ignore[arg-type]
        return values
