"""The clock on the wall as one process sees it, moved while it runs, by libfaketime (Debian's `faketime`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from infra.host.images.programs import need


class Clock:
    """The clock of one process, which has to be started with `environment()`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.move(0)

    def move(self, hours: int) -> None:
        """Set it so many hours ahead of this machine's; the process sees that within a second."""
        self._file.write_text(f"{hours * 3600:+d}")

    def environment(self) -> Mapping[str, str]:
        """Return the variables that make a process ask here; the time since boot stays what it is, as when a clock is set."""
        program = Path(need("faketime", "clocks are moved with libfaketime", print)).resolve()
        (library,) = program.parents[1].glob("lib/*/faketime/libfaketimeMT.so.1")
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
