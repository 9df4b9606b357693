"""Where things live on this machine, so that every part agrees: `HERA_HOME`, and below it simulation and working folders."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def hera_home() -> Path:
    """Return `HERA_HOME`, by default `~/.local/share/hera`, or a folder for temporary files in a read-only container."""
    chosen = os.environ.get("HERA_HOME")
    if chosen or os.access(_first_there(Path.home() / ".local" / "share" / "hera"), os.W_OK):
        return Path(chosen or Path.home() / ".local" / "share" / "hera")
    return Path(tempfile.gettempdir()) / "hera"


def _first_there(folder: Path) -> Path:
    """Return a folder, or the first above it that is there."""
    return next((path for path in (folder, *folder.parents) if path.exists()), folder)


def simulation_home() -> Path:
    """Return the folder of everything simulated: state, ledger, plans; the cloud itself is in `simulator_home`."""
    return hera_home() / "simulation"


def simulator_home() -> Path:
    """Return the simulated cloud's folder: `HERA_SIMULATOR_HOME`, by default `cloud` in `simulation_home`."""
    return Path(os.environ.get("HERA_SIMULATOR_HOME") or simulation_home() / "cloud")


def work_home(*, simulated: bool) -> Path:
    """Return where terraform's working folders are; they hold nothing that could not be made again."""
    return (simulation_home() if simulated else hera_home()) / "work"
