"""What terraform needs in its environment to work on the simulated cloud instead of a real one.

Real credentials and settings are answered with dummies, so a simulation cannot reach a real account by accident.
"""

import os
import sys
import threading
from pathlib import Path

from infra.simulator.schema import versions
from infra.simulator.store import Store

HOSTS = ("registry.terraform.io", "registry.opentofu.org")
NAMESPACES = {"azapi": "azure", "modtm": "azure"}
LAUNCHER = '#!/bin/sh\nexec "${HERA_SIMULATOR_PYTHON:-python3}" -m infra.simulator %s\n'
GOGC = "400"
"""Collect garbage rarely: terraform is gone in seconds, and a sixth of its work would be collecting. The plugins are Python."""
PROJECT = Path(__file__).resolve().parents[2]


def environment(home: Path) -> dict[str, str]:
    """Prepare `home` and return the variables to add to terraform's environment.

    Safe to call from several processes at once, and quick when everything is there already.
    """
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    Store(home)
    for provider, version in versions().items():
        _install(home, provider, version)
    config = home / "terraform.rc"
    _write(home, config, _cli_config(home / "mirror"))
    return {
        "TF_CLI_CONFIG_FILE": str(config),
        "TF_DISABLE_PLUGIN_TLS": "1",
        "CHECKPOINT_DISABLE": "1",
        "GOGC": GOGC,
        "HERA_SIMULATOR_HOME": str(home),
        "HERA_SIMULATOR_PYTHON": sys.executable,
        "PYTHONPATH": _python_path(),
        "AWS_ACCESS_KEY_ID": "simulated",
        "AWS_SECRET_ACCESS_KEY": "simulated",
        "ARM_SUBSCRIPTION_ID": "00000000-0000-4000-8000-000000000001",
        "ARM_TENANT_ID": "00000000-0000-4000-8000-000000000002",
        "GOOGLE_OAUTH_ACCESS_TOKEN": "simulated",
    }


def _python_path() -> str:
    others = [item for item in os.environ.get("PYTHONPATH", "").split(os.pathsep) if item and item != str(PROJECT)]
    return os.pathsep.join([str(PROJECT), *others])


def platform() -> str:
    """Give terraform's name of this machine's platform."""
    machine = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[os.uname().machine.lower()]
    return f"{sys.platform}_{machine}"


def _install(home: Path, provider: str, version: str) -> None:
    """Put a launcher with constant content there: terraform's lock file holds its hash."""
    for host in HOSTS:
        folder = home / "mirror" / host / NAMESPACES.get(provider, "hashicorp") / provider / version / platform()
        launcher = folder / f"terraform-provider-{provider}_v{version}"
        if not launcher.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _write(home, launcher, LAUNCHER % provider, mode=0o755)


def _cli_config(mirror: Path) -> str:
    return f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'


def _write(home: Path, path: Path, content: str, mode: int = 0o644) -> None:
    """Write whole or not at all; the unfinished file stays out of the mirror, whose folders terraform hashes."""
    if path.exists() and path.read_text() == content:
        return
    fresh = home / f".{path.name}.{os.getpid()}.{threading.get_ident()}"
    fresh.write_text(content)
    fresh.chmod(mode)
    fresh.replace(path)
