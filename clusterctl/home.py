"""The folder on this machine: runs, crash reports, the remembered state store, and the whole of every simulation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from infra.errors import StateCorrupt
from infra.homes import hera_home, simulation_home


def settle() -> None:
    """Make the folder before anything below it, and write its absolute name into the environment: steps run elsewhere."""
    os.environ["HERA_HOME"] = str(hera_home().expanduser().absolute())
    _folder(hera_home())


def home() -> Path:
    """Return `HERA_HOME` (default `~/.local/share/hera`), readable by nobody else."""
    return _folder(hera_home())


def simulated_state() -> str:
    """Return the state URL of simulations."""
    return simulation_home().absolute().as_uri()


def runs(simulated: bool) -> Path:
    """Return where the engine keeps its runs' folders."""
    return _folder((simulation_home() if simulated else hera_home()) / "runs")


def reports() -> Path:
    """Return where pages to look at are written."""
    return _folder(home() / "reports")


def crashes() -> Path:
    """Return where crash reports are written."""
    return _folder(home() / "crashes")


def config_path() -> Path:
    """Return the file that `clusterctl init` writes."""
    return home() / "config.yaml"


def load_config() -> dict[str, Any]:
    """Read the remembered settings; an absent file is an empty one."""
    path = config_path()
    if not path.exists():
        return {}
    import yaml

    try:
        data = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise StateCorrupt(f"{path} is no YAML", next_step="repair or remove the file, then run `clusterctl init`") from error
    return data if isinstance(data, dict) else {}


def save_config(**settings: Any) -> Path:
    """Remember settings beside those that are there already."""
    import yaml

    path = config_path()
    data = {"apiVersion": "hera.dev/v1alpha1", "kind": "Config", **load_config(), **settings}
    fresh = path.with_suffix(".new")
    fresh.write_text(yaml.safe_dump(data, sort_keys=False))
    fresh.chmod(0o600)
    fresh.replace(path)
    return path


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
