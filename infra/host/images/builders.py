"""Who builds an image, and on which base: Docker where its engine answers, else buildah."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from infra.errors import StepFailed, UsageError
from infra.host import parts
from infra.host.images.kept import Progress
from infra.host.images.programs import need

DIGEST_LABEL = "dev.hera.image.inputs"
REGISTRY_BASE = "docker.io/library/debian:12.12-slim"
"""What released images stand on."""
LOCAL = "local"


@dataclass(frozen=True)
class Base:
    """What the base image is made from, and whether the steps image gets the real providers.

    Args:
        image: The image to pull, or `local`: made here from Debian packages.
        providers: `registry` puts a mirror of the terraform providers in the steps image; `none` does not.
    """

    image: str
    providers: str

    @property
    def local(self) -> bool:
        """Tell whether nothing is pulled."""
        return self.image == LOCAL


class Builder(Protocol):
    """Builds an image and writes it as an OCI archive."""

    name: str

    def has(self, reference: str, digest: str) -> bool:
        """Tell whether the builder still holds an image made of these inputs."""
        ...

    def build(
        self,
        recipe: Path,
        context: Path,
        reference: str,
        labels: Mapping[str, str],
        arguments: Mapping[str, str],
        archive: Path | None,
    ) -> None:
        """Build, and write the archive where one is asked for."""
        ...


class Docker:
    """The Docker engine; since version 25 what it saves is an OCI archive."""

    name = "docker"

    def has(self, reference: str, digest: str) -> bool:
        """Ask the engine."""
        form = f'{{{{index .Config.Labels "{DIGEST_LABEL}"}}}}'
        return _output(["docker", "image", "inspect", "--format", form, reference]) == digest

    def build(
        self,
        recipe: Path,
        context: Path,
        reference: str,
        labels: Mapping[str, str],
        arguments: Mapping[str, str],
        archive: Path | None,
    ) -> None:
        """Build with BuildKit, then save."""
        _run(["docker", "buildx", "build", "--load", *_options(recipe, reference, labels, arguments), str(context)], reference)
        if archive:
            _run(["docker", "image", "save", "--output", str(archive), reference], reference)


class Buildah:
    """Builds without a daemon, with storage of its own in the cache."""

    name = "buildah"

    def has(self, reference: str, digest: str) -> bool:
        """Ask the storage."""
        form = f'{{{{index .OCIv1.Config.Labels "{DIGEST_LABEL}"}}}}'
        return _output([*self.command(), "inspect", "--type", "image", "--format", form, reference]) == digest

    def build(
        self,
        recipe: Path,
        context: Path,
        reference: str,
        labels: Mapping[str, str],
        arguments: Mapping[str, str],
        archive: Path | None,
    ) -> None:
        """Build in a chroot, which asks nothing of the machine but root, then push to a file."""
        how = [
            "build",
            "--isolation=chroot",
            "--layers",
            "--force-rm",
            "--timestamp=0",
            "--pull-never" if _local(arguments) else "--pull=true",
        ]
        _run([*self.command(), *how, *_options(recipe, reference, labels, arguments), str(context)], reference)
        if archive:
            packed = ["--compression-format=zstd", "--compression-level=1"]  # smaller than gzip, and three times as quick
            _run([*self.command(), "push", "--quiet", *packed, reference, f"oci-archive:{archive}:{reference}"], reference)

    def command(self) -> list[str]:
        """Return buildah, with storage of our own."""
        root = parts.cache() / "images" / "storage"
        key = hashlib.sha256(str(root).encode()).hexdigest()[:8]
        return ["buildah", f"--root={root}", f"--runroot=/run/hera-images-{key}"]


def _local(arguments: Mapping[str, str]) -> bool:
    return arguments["BASE"] == LOCAL or arguments["BASE"].startswith("localhost/")


def _options(recipe: Path, reference: str, labels: Mapping[str, str], arguments: Mapping[str, str]) -> list[str]:
    options = [f"--file={recipe}", f"--tag={reference}", "--platform=linux/amd64"]
    options += [f"--label={name}={value}" for name, value in labels.items()]
    taken = recipe.read_text()
    return options + [f"--build-arg={name}={value}" for name, value in arguments.items() if f"ARG {name}" in taken]


def choose(progress: Progress) -> Builder:
    """Return the builder that `HERA_IMAGE_BUILDER` names, else Docker where its engine answers, else buildah."""
    wanted = os.environ.get("HERA_IMAGE_BUILDER", "")
    if wanted not in ("", "docker", "buildah"):
        raise UsageError(f"HERA_IMAGE_BUILDER is {wanted!r}", next_step="set it to docker or buildah, or leave it out")
    if wanted == "docker" or (not wanted and _docker_answers()):
        return Docker()
    need("buildah", "images are built with Docker or buildah, and no Docker engine answers", progress)
    return Buildah()


def base(builder: Builder, wanted: str = "") -> Base:
    """Return the base: what the caller wants, else `HERA_IMAGE_BASE`, else a pulled one with Docker and a local one without."""
    image = wanted or os.environ.get("HERA_IMAGE_BASE", "") or (REGISTRY_BASE if builder.name == "docker" else LOCAL)
    image = REGISTRY_BASE if image == "registry" else image
    return Base(image, os.environ.get("HERA_IMAGE_PROVIDERS") or ("none" if image == LOCAL else "registry"))


def _docker_answers() -> bool:
    return bool(shutil.which("docker") and _output(["docker", "version", "--format", "{{.Server.Version}}"]))


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _run(command: list[str], reference: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-20:])
        raise StepFailed(
            f"building {reference} failed: {command[0]} ended with {done.returncode}\n{last}",
            next_step="look at the lines above, change the Containerfile and run `make images`",
            detail=done.stdout[-20000:],
        )
