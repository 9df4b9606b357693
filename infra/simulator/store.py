"""The simulated cloud's database: one SQLite file that any number of provider processes share, here or behind a server.

Standard library only and cheap to open, since terraform starts every provider several times a run. Write-ahead logging
and immediate transactions let processes work side by side; nothing is cached, so each sees what the others did.
"""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from infra.simulator.remote import URL, RemoteConnection, Unreachable

IMPLIED = "simulated:implied"
"""Marks the attributes of an object the cloud made by itself, such as a VPC's default security group."""
DATABASE = "cloud.db"
LAYOUT = 1
TABLES = """
CREATE TABLE IF NOT EXISTS objects (uid INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT, type TEXT, id TEXT, name TEXT,
  scope TEXT, attributes TEXT, tags TEXT, created TEXT);
CREATE INDEX IF NOT EXISTS objects_id ON objects (id COLLATE NOCASE, type);
CREATE INDEX IF NOT EXISTS objects_type ON objects (type, name);
CREATE TABLE IF NOT EXISTS refs (holder INTEGER, path TEXT, target TEXT COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS refs_target ON refs (target);
CREATE INDEX IF NOT EXISTS refs_holder ON refs (holder);
CREATE TABLE IF NOT EXISTS calls (number INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT, type TEXT, operation TEXT,
  id TEXT, name TEXT, started REAL, ended REAL, error TEXT, process INTEGER);
CREATE TABLE IF NOT EXISTS faults (number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, type TEXT, operation TEXT,
  nth INTEGER, repeat INTEGER, message TEXT, seconds REAL, seen INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS quotas (type TEXT PRIMARY KEY, quota INTEGER);
"""


@dataclass(frozen=True)
class Row:
    """One stored object as the engine sees it."""

    uid: int
    provider: str
    type: str
    id: str
    name: str
    scope: str
    attributes: dict[str, object]
    tags: dict[str, str]
    created: str

    @property
    def implied(self) -> bool:
        """Whether the cloud made it by itself and no terraform has taken it over."""
        return bool(self.attributes.get(IMPLIED))


def tags_of(attributes: Mapping[str, object]) -> dict[str, str]:
    """Collect tags and labels under every name the three clouds use for them."""
    found: dict[str, str] = {}
    for key in ("resource_labels", "labels", "terraform_labels", "effective_labels", "tags", "tags_all"):
        value = attributes.get(key)
        if isinstance(value, dict):
            found.update({str(name): str(item) for name, item in value.items() if item is not None})
    return found


def references_in(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Give every (path, text) inside that may name another object."""
    if isinstance(value, dict):
        for key, item in value.items():
            if path or key not in ("id", "arn", "self_link", "name", "tags", "tags_all", "labels"):
                yield from references_in(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from references_in(item, path)
    elif isinstance(value, str) and 3 < len(value) < 400 and not value.startswith(("{", "-----")):
        yield path, value


def _row(columns: Sequence[str]) -> Row:
    uid, provider, type_, id_, name, scope, attributes, tags, created = columns
    held = json.loads(attributes, object_hook=_from_json)
    return Row(int(uid), provider, type_, id_, name, scope, held, json.loads(tags), created)


def _to_json(value: object) -> object:
    """Keep the type part of a dynamic value, which travels as bytes."""
    if isinstance(value, bytes):
        return {"$bytes": value.decode()}
    raise TypeError(f"{value!r} cannot be stored")


def _from_json(value: dict[str, object]) -> object:
    return str(value["$bytes"]).encode() if value.keys() == {"$bytes"} else value


class Store:
    """The database of one simulation; one connection a thread."""

    def __init__(self, home: Path, *, local: bool = False) -> None:
        self.path = home / DATABASE
        self._local = threading.local()
        self._remote = not local and bool(os.environ.get(URL))
        if self._remote:
            return
        home.mkdir(parents=True, exist_ok=True)
        if not self._laid_out():
            self._lay_out()

    def _laid_out(self) -> bool:
        if not self.path.exists():
            return False
        version: int = self.connection.execute("PRAGMA user_version").fetchone()[0]
        return version == LAYOUT

    def _lay_out(self) -> None:
        database = self.connection
        for attempt in range(200):
            try:
                database.execute("PRAGMA journal_mode=WAL")
                break
            except sqlite3.OperationalError:
                if attempt == 199:
                    raise
                time.sleep(0.02)
        with self.transaction():
            for statement in TABLES.split(";\n"):
                if statement.strip():
                    database.execute(statement)
            database.execute(f"PRAGMA user_version={LAYOUT}")

    @property
    def connection(self) -> sqlite3.Connection:
        """Give the connection of the running thread."""
        existing: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if existing is None and self._remote:
            existing = self._local.connection = cast("sqlite3.Connection", RemoteConnection.from_environment())
        if existing is None:
            existing = sqlite3.connect(self.path, timeout=60, isolation_level=None)
            existing.execute("PRAGMA busy_timeout=60000")
            existing.execute("PRAGMA synchronous=OFF")
            self._local.connection = existing
        return existing

    def forget_connection(self) -> None:
        """Drop the running thread's connection, which somebody has closed."""
        self._local.connection = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock, so that what is checked is still so when it is written."""
        database = self.connection
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
        except BaseException:
            with suppress(Unreachable):
                database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")

    # objects

    def insert(self, provider: str, type_: str, id_: str, name: str, scope: str, attributes: Mapping[str, object]) -> int:
        """Store a new object; call inside a transaction."""
        created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        cursor = self.connection.execute(
            "INSERT INTO objects (provider, type, id, name, scope, attributes, tags, created) VALUES (?,?,?,?,?,?,?,?)",
            (
                provider,
                type_,
                id_,
                name,
                scope,
                json.dumps(attributes, default=_to_json),
                json.dumps(tags_of(attributes)),
                created,
            ),
        )
        uid = int(cursor.lastrowid or 0)
        self._refer(uid, attributes)
        return uid

    def update(self, uid: int, id_: str, name: str, attributes: Mapping[str, object]) -> None:
        """Replace an object's attributes; call inside a transaction."""
        self.connection.execute(
            "UPDATE objects SET id=?, name=?, attributes=?, tags=? WHERE uid=?",
            (id_, name, json.dumps(attributes, default=_to_json), json.dumps(tags_of(attributes)), uid),
        )
        self.connection.execute("DELETE FROM refs WHERE holder=?", (uid,))
        self._refer(uid, attributes)

    def _refer(self, uid: int, attributes: Mapping[str, object]) -> None:
        pairs = {(uid, path, target) for path, target in references_in(attributes)}
        self.connection.executemany("INSERT INTO refs VALUES (?,?,?)", sorted(pairs))

    def delete(self, uid: int) -> None:
        """Forget an object; call inside a transaction."""
        self.connection.execute("DELETE FROM refs WHERE holder=?", (uid,))
        self.connection.execute("DELETE FROM objects WHERE uid=?", (uid,))

    def find(self, where: str, parameters: Sequence[object]) -> list[Row]:
        """Give the objects a condition selects, oldest first."""
        rows = self.connection.execute(
            f"SELECT uid, provider, type, id, name, scope, attributes, tags, created FROM objects WHERE {where} ORDER BY uid",
            tuple(parameters),
        )
        return [_row(row) for row in rows]

    def get(self, type_: str, id_: str, scope: str = "") -> Row | None:
        """Give the newest object of a type with this id; ids that are names repeat from region to region."""
        found = self.find("type=? AND id=? COLLATE NOCASE", (type_, id_))
        here = [row for row in found if row.scope == scope] if len(found) > 1 else found
        return (here or found)[-1] if found else None

    def by_uid(self, uid: int) -> Row | None:
        """Give an object by its number."""
        found = self.find("uid=?", (uid,))
        return found[0] if found else None

    def exists(self, id_: str) -> bool:
        """Tell whether anything has this id."""
        row = self.connection.execute("SELECT 1 FROM objects WHERE id=? COLLATE NOCASE LIMIT 1", (id_,)).fetchone()
        return row is not None

    def holders(self, target: str) -> list[tuple[Row, str]]:
        """Give the objects that name a target, each with the path where they do."""
        pairs = self.connection.execute("SELECT holder, path FROM refs WHERE target=?", (target,)).fetchall()
        found = ((self.by_uid(holder), path) for holder, path in pairs)
        return [(row, path) for row, path in found if row is not None]

    def count(self, type_: str, scope: str) -> int:
        """Count a type's objects in one region or project."""
        query = "SELECT count(*) FROM objects WHERE type=? AND scope=?"
        counted: int = self.connection.execute(query, (type_, scope)).fetchone()[0]
        return counted

    # settings, quotas

    def setting(self, key: str, default: str = "") -> str:
        """Read a setting."""
        row = self.connection.execute("SELECT value FROM settings WHERE key=?", (key,)).fetchone()
        return default if row is None else str(row[0])

    def set_setting(self, key: str, value: str) -> None:
        """Write a setting."""
        self.connection.execute("INSERT OR REPLACE INTO settings VALUES (?,?)", (key, value))

    def quota(self, type_: str) -> int | None:
        """Give a type's limit, if one was set."""
        row = self.connection.execute("SELECT quota FROM quotas WHERE type=?", (type_,)).fetchone()
        return None if row is None else int(row[0])

    # calls

    def begin_call(self, provider: str, type_: str, operation: str, id_: str, name: str) -> int:
        """Log that a call began."""
        cursor = self.connection.execute(
            "INSERT INTO calls (provider, type, operation, id, name, started, process) VALUES (?,?,?,?,?,?,?)",
            (provider, type_, operation, id_, name, time.time(), os.getpid()),
        )
        return int(cursor.lastrowid or 0)

    def end_call(self, number: int, id_: str, error: str | None) -> None:
        """Log that a call ended, and how."""
        self.connection.execute(
            "UPDATE calls SET ended=?, error=?, id=CASE WHEN ?='' THEN id ELSE ? END WHERE number=?",
            (time.time(), error, id_, id_, number),
        )
