"""The container images: what enters each, and an OCI archive of it, built once per content and kept outside the checkout.

An image's folder under `images/` holds its Containerfile; `TABLE` says what else enters. The digest of all that is the archive's
name, so asking again is free and a change anywhere is noticed.
"""

from __future__ import annotations

import hashlib
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.errors import NotFound
from infra.host import parts
from infra.host.images import builders, sources
from infra.host.images.kept import Progress, kept
from infra.host.images.sources import PROJECT, Source

PREFIX = "localhost/hera"
TAG = "dev"
BASE = "base"
RECIPES = PROJECT / "images"
KEEP = 3


@dataclass(frozen=True)
class Entry:
    """One image: what it is for, what enters it, and whether it stands on the base image."""

    title: str
    sources: Callable[[builders.Base, Progress], list[Source]]
    based: bool = True


def _program(part: str, program: str) -> Callable[[builders.Base, Progress], list[Source]]:
    def found(_base: builders.Base, progress: Progress) -> list[Source]:
        return [Source(program, f"{part} {parts.digest(part)}", parts.ensure(part, progress=progress) / program)]

    return found


def _operator(package: str) -> Callable[[builders.Base, Progress], list[Source]]:
    return lambda _base, progress: sources.operator(package, progress)


TABLE: Mapping[str, Entry] = {
    BASE: Entry("Debian with Python and certificates, for Hera's images", sources.base, based=False),
    "steps": Entry("Hera's pipeline steps: Python, terraform and the modules", sources.steps),
    "secrets-operator": Entry("Hera's secrets operator", _operator("operators/secrets-operator/secrets_operator")),
    "argoexec": Entry("Argo Workflows' executor", _program("argo", "argoexec")),
    "workflow-controller": Entry("Argo Workflows' controller", _program("argo", "workflow-controller")),
    "argo-server": Entry("Argo Workflows' server and web interface", _program("argo-server", "argo")),
    "minio": Entry("An S3 store for simulation and tests", _program("minio", "minio")),
    "pause": Entry("What keeps a pod's namespaces open", _program("pause", "pause"), based=False),
}
NAMES = tuple(name for name in TABLE if name != BASE)


def reference(name: str) -> str:
    """Return what an image is called on the node it is loaded into."""
    return f"{PREFIX}/{name}:{TAG}"


def ensure_images(names: Iterable[str], progress: Progress, *, base: str = "") -> dict[str, Path]:
    """Return an OCI archive of each image, built where it is missing.

    Args:
        names: Images of `TABLE`.
        progress: Takes one line at a time.
        base: `local`, or the base image to pull; by default what `HERA_IMAGE_BASE` says, else what suits the builder.
    """
    builder = builders.choose(progress)
    chosen = builders.base(builder, base)
    wanted = list(names)
    unknown = [name for name in wanted if name not in TABLE]
    if unknown:
        raise NotFound(f"there is no image {unknown[0]!r}", next_step=f"choose one of {', '.join(NAMES)}")
    return {name: _ensure(name, builder, chosen, progress) for name in wanted}


def digest(name: str, base: builders.Base, entering: Iterable[Source]) -> str:
    """Return what an image's content depends on: its folder, what enters, the base, and the labels."""
    total = hashlib.sha256(f"{name} {version()} {base}\n".encode())
    for path in sorted(path for path in (RECIPES / name).rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(RECIPES)}\0".encode() + path.read_bytes())
    for source in entering:
        total.update(f"{source.target}\0{source.stamp}\n".encode())
    if TABLE[name].based:
        total.update(digest(BASE, base, sources.base_stamps(base)).encode())
    return total.hexdigest()[:16]


def version() -> str:
    """Return the distribution's version."""
    found: str = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    return found


def labels(name: str) -> dict[str, str]:
    """Return the labels that every image carries."""
    prefix = "org.opencontainers.image"
    return {
        f"{prefix}.title": TABLE[name].title,
        f"{prefix}.version": version(),
        f"{prefix}.vendor": "hera-platform",
        f"{prefix}.licenses": "Apache-2.0",
    }


def _ensure(name: str, builder: builders.Builder, base: builders.Base, progress: Progress) -> Path:
    sources.need_checkout()
    entry = TABLE[name]
    entering = entry.sources(base, progress)
    archive = parts.cache() / "images" / name / f"{digest(name, base, entering)}.tar"

    def make(aside: Path) -> None:
        _build(name, builder, base, entering, aside, progress)

    return kept(archive, make, name, progress, keep=KEEP, lock="../lock")


def _build(
    name: str, builder: builders.Builder, base: builders.Base, entering: list[Source], archive: Path | None, progress: Progress
) -> None:
    if TABLE[name].based and not builder.has(reference(BASE), digest(BASE, base, sources.base_stamps(base))):
        _build(BASE, builder, base, sources.base(base, progress), None, progress)
    started = time.monotonic()
    progress(f"{name}: building with {builder.name}")
    with sources.context(RECIPES / name, entering) as context:
        recipe = context / ("Containerfile.local" if name == BASE and base.local else "Containerfile")
        arguments = {"BASE": reference(BASE) if TABLE[name].based else base.image, "PROVIDERS": base.providers}
        marks = labels(name) | {builders.DIGEST_LABEL: digest(name, base, entering)}
        builder.build(recipe, context, reference(name), marks, arguments, archive)
    size = f", {archive.stat().st_size / 1e6:.0f} MB" if archive else ""
    progress(f"{name}: built in {time.monotonic() - started:.0f} s{size}")
