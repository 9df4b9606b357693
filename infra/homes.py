"""Where things live on this machine, so that every part agrees: `HERA_HOME`, and below it simulation and working folders."""

from __future__ import annotations

import os
from pathlib import Path


def hera_home() -> Path:
    """Return `HERA_HOME`, by default `~/.local/share/hera`."""
    return Path(os.environ.get("HERA_HOME") or Path.home() / ".local" / "share" / "hera")


def simulation_home() -> Path:
    """Return the folder of everything simulated: state, ledger, plans; the cloud itself is in `simulator_home`."""
    return hera_home() / "simulation"


def simulator_home() -> Path:
    """Return the simulated cloud's folder: `HERA_SIMULATOR_HOME`, by default `cloud` in `simulation_home`."""
    return Path(os.environ.get("HERA_SIMULATOR_HOME") or simulation_home() / "cloud")


def work_home(*, simulated: bool) -> Path:
    """Return where terraform's working folders are; they hold nothing that could not be made again."""
    return (simulation_home() if simulated else hera_home()) / "work"
