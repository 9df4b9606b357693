"""Things made once and kept in a cache: locked against a second maker, written aside, renamed when whole."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

Progress = Callable[[str], None]


def kept(target: Path, make: Callable[[Path], None], name: str, progress: Progress, *, keep: int = 2, lock: str = "lock") -> Path:
    """Return `target`, made by `make` when it is missing; of its neighbours only the `keep` newest stay.

    `lock` is a file beside the target: things that must not be made at once name the same one.
    """
    with contextlib.suppress(FileNotFoundError):
        os.utime(target)  # in use: not among the oldest
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / lock).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"{name}: another process makes it, waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        if not target.exists():
            aside = target.parent / f".{target.name}.{os.getpid()}"
            try:
                make(aside)
                aside.rename(target)
            finally:
                _remove(aside)
            for old in _oldest(target, keep):
                _remove(old)
    return target


def _oldest(target: Path, keep: int) -> list[Path]:
    alike = [path for path in target.parent.iterdir() if path.suffix == target.suffix and not path.name.startswith((".", "lock"))]
    return sorted(alike, key=lambda path: path.stat().st_mtime, reverse=True)[keep:]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
        path.with_suffix(".cdx.json").unlink(missing_ok=True)
