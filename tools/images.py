"""`make images`: build the container images; `--sbom` writes what is in each, `--scan` looks for known vulnerabilities.

`python -m tools.images [--sbom] [--scan] [NAME …]` prints where each archive is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.errors import HeraError
from infra.host import parts
from infra.host.images import NAMES, ensure_images

SCANNERS = {"grype": ["grype", "oci-archive:{archive}"], "trivy": ["trivy", "image", "--input", "{archive}"]}


def main(arguments: list[str]) -> int:
    """Build, and print one line an image."""
    parser = argparse.ArgumentParser(prog="python -m tools.images", description="Build Hera's container images.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(NAMES)} (default: all)")
    parser.add_argument(
        "--sbom", action="store_true", default=_asked("SBOM"), help="also SBOM=true: a CycloneDX file beside each"
    )
    parser.add_argument(
        "--scan", action="store_true", default=_asked("SCAN"), help="also SCAN=true: grype or trivy, where installed"
    )
    options = parser.parse_args(arguments)
    try:
        built = ensure_images(options.names or NAMES, _tell)
        for name, archive in built.items():
            print(f"{name}\t{archive.stat().st_size / 1e6:.0f} MB\t{archive}")
        if options.sbom:
            for archive in built.values():
                print(_sbom(archive))
    except HeraError as error:
        print(f"{error.code}: {error.message}\nnext: {error.next_step}", file=sys.stderr)
        return error.exit_code
    return scan(list(built.values())) if options.scan else 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _asked(variable: str) -> bool:
    return os.environ.get(variable, "").lower() in ("1", "true", "yes")


def _sbom(archive: Path) -> Path:
    """Write the image's bill of materials beside it, once."""
    bill = archive.with_suffix(".cdx.json")
    if not bill.exists():
        syft = parts.ensure("syft", progress=_tell) / "syft"
        aside = bill.with_suffix(".part")
        subprocess.run(
            [str(syft), "scan", "--quiet", f"oci-archive:{archive}", "--output", f"cyclonedx-json={aside}"], check=True
        )
        aside.rename(bill)
    return bill


def scan(archives: list[Path]) -> int:
    """Hand each archive to the scanner that is installed; its exit code is ours."""
    scanner = next((name for name in SCANNERS if shutil.which(name)), None)
    if scanner is None:
        print(f"no vulnerability check: neither {' nor '.join(SCANNERS)} is installed", file=sys.stderr)
        return 69
    commands = [[word.format(archive=archive) for word in SCANNERS[scanner]] for archive in archives]
    return max(subprocess.run(command).returncode for command in commands)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
