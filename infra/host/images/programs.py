"""Programs that building images needs: found, or installed from Debian where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from infra.errors import DependencyMissing
from infra.host.images.kept import Progress

LISTS = Path("/var/lib/apt/lists")


def need(program: str, why: str, progress: Progress) -> str:
    """Return where a program is; root on Debian gets its package of the same name unless `HERA_HOST_INSTALL=false`."""
    found = shutil.which(program)
    allowed = os.environ.get("HERA_HOST_INSTALL", "true").lower() != "false" and os.geteuid() == 0
    if not found and allowed and (apt := shutil.which("apt-get")):
        progress(f"installing {program}")
        _install(apt, program)
        found = shutil.which(program)
    if not found:
        raise DependencyMissing(
            f"{why}, and {program} is not there", next_step=f"run `apt-get install {program}`, or start Docker"
        )
    return found


def _install(apt: str, package: str) -> None:
    base = [apt, "-qq", "-y", "-o", "DPkg::Lock::Timeout=300"]
    commands = [[*base, "install", "--no-install-recommends", package]]
    if not any(LISTS.glob("*Packages*")):
        commands.insert(0, [*base, "update"])
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise DependencyMissing(
                f"installing {package} failed: {done.stderr.strip()[-500:]}", next_step=f"run `apt-get install {package}`"
            )
