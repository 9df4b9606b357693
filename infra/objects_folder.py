"""Objects in a folder: the ledger and plans of one machine, with the promises a cloud's store makes.

A write goes to a file aside, to the disk, and then takes the old one's place, all under a lock between processes. So a reader
sees the old object or the new one, whoever is killed and whatever fills up. Versions are digests of the bytes: a conditional
write says which content it was made for.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from infra.errors import AuthDenied, HeraError, QuotaExceeded, StepFailed, Unsupported, UsageError
from infra.objects import PreconditionFailed, StoredObject

_LOCK = ".lock"
_ASIDE = ".aside"
"""Unfinished writes; what is in here while nobody holds the lock was left by a killed process."""
_NO_NAMES = ("", ".", "..", _LOCK, _ASIDE)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


class FolderStore:
    """An `infra.objects.ObjectStore` in a folder of this machine, which is made on the first write."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def get(self, key: str) -> StoredObject | None:
        """Return the object, or None when there is none."""
        path = self._path(key)
        with _explained(path, "read"):
            try:
                data = path.read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None
        return StoredObject(data, _version(data))

    def put(self, key: str, data: bytes, *, if_version: str | None = None, if_absent: bool = False) -> str:
        """Write the object whole or not at all, and return its new version."""
        path = self._path(key)
        with _explained(path, "write"), self._lock():
            self._require(key, if_version, if_absent)
            if path.is_dir() or path.parent.is_file():
                raise Unsupported(f"a folder cannot hold both {key!r} and keys below it")
            _make(path.parent, self.root)
            self._replace(path, data)
        return _version(data)

    def delete(self, key: str) -> None:
        """Remove the object and folders that it leaves empty; nothing happens when there is none."""
        path = self._path(key)
        if not path.is_file():
            return
        with _explained(path, "delete"), self._lock():
            path.unlink(missing_ok=True)
            _sync(path.parent)
            self._prune(path.parent)

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with `prefix`, sorted."""
        folders_above = prefix.split("/")[:-1]
        if any(part in _NO_NAMES for part in folders_above):
            return
        start, keys = self.root.joinpath(*folders_above), []
        for folder, folders, files in os.walk(start):
            folders[:] = [name for name in folders if name != _ASIDE]
            base = Path(folder).relative_to(self.root)
            keys += [key for name in files if name != _LOCK and (key := (base / name).as_posix()).startswith(prefix)]
        yield from sorted(keys)

    def _path(self, key: str) -> Path:
        """Return where an object lives; a key that leads out of the folder is refused."""
        parts = key.split("/")
        if any(part in _NO_NAMES for part in parts) or "\0" in key:
            raise UsageError(f"{key!r} is no key; accepted: names with / between, none of them empty, '.' or '..'")
        path = self.root.joinpath(*parts)
        if not path.parent.resolve().is_relative_to(self.root.resolve()):
            raise UsageError(f"{key!r} leads out of {self.root} by a symbolic link")
        return path

    def _require(self, key: str, if_version: str | None, if_absent: bool) -> None:
        if if_version is None and not if_absent:
            return
        current = self.get(key)
        if if_absent and current is not None:
            raise PreconditionFailed(f"{key} is there already")
        if if_version is not None and (current is None or current.version != if_version):
            raise PreconditionFailed(f"{key} was changed by somebody else")

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold the folder against other writers; the kernel lets go when the process ends, however it ends."""
        _make(self.root, self.root)
        handle = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _replace(self, path: Path, data: bytes) -> None:
        aside = self.root / _ASIDE
        _make(aside, self.root)
        for left in aside.iterdir():
            left.unlink()
        fresh = aside / str(os.getpid())
        try:
            _write(fresh, data)
            fresh.replace(path)
        except OSError:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise
        _sync(path.parent)

    def _prune(self, folder: Path) -> None:
        while folder != self.root:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _make(folder: Path, root: Path) -> None:
    """Make a folder and those above it down from `root`, readable by their owner only."""
    if folder.is_dir():
        return
    if folder != root:
        _make(folder.parent, root)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Put a folder's entries on the disk: a rename that is only in memory is lost with the machine."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _explained(path: Path, action: str) -> Iterator[None]:
    """Turn what the operating system says into an error of the tree."""
    try:
        yield
    except OSError as error:
        raise _as_hera(error, path, action) from error


def _as_hera(error: OSError, path: Path, action: str) -> HeraError:
    message = f"cannot {action} {path}: {error.strerror or error}"
    if error.errno in _FULL:
        return QuotaExceeded(
            message, next_step=f"make room on the disk of {path.parent}, then run `clusterctl resume cluster NAME`"
        )
    if error.errno in _DENIED:
        return AuthDenied(message, next_step=f"make {path.parent} writable for this user, or name another place")
    return StepFailed(message)
