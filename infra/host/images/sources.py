"""What enters the images besides their Containerfiles: our packages, locked third-party ones, terraform, a base."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.errors import ConfigRejected, DependencyMissing, StepFailed
from infra.host import parts
from infra.host.images.builders import Base
from infra.host.images.kept import Progress, kept
from infra.host.images.programs import need

PROJECT = Path(__file__).resolve().parents[3]
LOCK = PROJECT / "requirements" / "steps.lock"
OPERATORS_LOCK = PROJECT / "requirements" / "operators.lock"
TERRAFORM = "1.11.4"
TERRAFORM_SHA256 = "268000fca5c61021c6396893d9483007ba589ad9d0aaccbd7dfa8c78bf7dbe23"
"""Of the unpacked program for linux_amd64."""
PYTHON = "3.11"
OURS = ("steps", "infra")
KIT = "operators/kit/operator_kit"
NOT_IN_IMAGE = {"infra/host", "infra/management"}
"""What only runs beside the command line."""
NOT_IN_OPERATORS = NOT_IN_IMAGE | {"infra/simulator", "infra/terraform"}
SUITE = "bookworm"
PACKAGES = ("ca-certificates", "libstdc++6", "python3")
LEFT_OUT = ("doc", "info", "locale", "lintian", "man")


@dataclass(frozen=True)
class Source:
    """Something that enters an image.

    Args:
        target: Its path in the build context.
        stamp: What identifies its content.
        path: Where it is; a file or a folder.
    """

    target: str
    stamp: str
    path: Path


def need_checkout() -> None:
    """Refuse to build from an installed package, which has no recipes."""
    if not LOCK.is_file():
        raise DependencyMissing(
            "images are built from a checkout, and this is an installed package",
            next_step="use the released images, or clone the repository and run `make images`",
        )


def base(chosen: Base, progress: Progress) -> list[Source]:
    """Return what the base image is made of: nothing when it is pulled, a fresh Debian otherwise."""
    stamps = base_stamps(chosen)
    if not chosen.local:
        return stamps
    key = hashlib.sha256(stamps[0].stamp.encode()).hexdigest()[:16]
    target = parts.cache() / "images" / "debian" / f"{key}.tar"
    return [Source("base.tar", stamps[0].stamp, kept(target, lambda aside: _debian(aside, progress), "debian", progress))]


def base_stamps(chosen: Base) -> list[Source]:
    """Return the same without making it."""
    words = f"{SUITE} {' '.join(PACKAGES)} without {' '.join(LEFT_OUT)}"
    return [Source("base.tar", words, Path())] if chosen.local else []


def _debian(target: Path, progress: Progress) -> None:
    program = need("mmdebstrap", "it makes the local base image", progress)
    progress("debian: making a base of Debian packages; this is done once")
    left_out = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT]
    include = f"--include={','.join(PACKAGES)}"
    clean = '--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/* "$1"/usr/lib/python3*/test'
    run([program, "--variant=minbase", "--format=tar", include, *left_out, clean, SUITE, str(target)], "making the base image")


def steps(_base: Base, progress: Progress) -> list[Source]:
    """Return what the steps image is made of."""
    terraform = parts.cache() / "images" / "terraform" / TERRAFORM
    return [
        _packages(LOCK, progress),
        Source("terraform", TERRAFORM_SHA256, kept(terraform, lambda aside: _terraform(aside, progress), "terraform", progress)),
        *ours(),
    ]


def operator(package: str, progress: Progress) -> list[Source]:
    """Return what an operator's image is made of; `package` is the folder of its code."""
    return [_packages(OPERATORS_LOCK, progress), *operators_own(package)]


def operators_own(package: str) -> list[Source]:
    """Return an operator's code, the kit that operators share, and infra without what only pipelines need."""
    folders = [PROJECT / name for name in (package, KIT, "infra")]
    return [
        _file(f"app/{path.relative_to(folder.parent)}", path) for folder in folders for path in _files(folder, NOT_IN_OPERATORS)
    ]


def ours() -> list[Source]:
    """Return our packages, file by file, and the modules' provider pins for the mirror."""
    files = [path for package in OURS for path in _files(PROJECT / package, NOT_IN_IMAGE)]
    code = [_file(f"app/{path.relative_to(PROJECT)}", path) for path in files]
    modules = PROJECT / "infra" / "terraform" / "modules"
    pins = [_file(f"pins/{path.relative_to(modules)}", path) for path in sorted(modules.rglob("versions.tf"))]
    return code + pins


def _file(target: str, path: Path) -> Source:
    return Source(target, hashlib.sha256(path.read_bytes()).hexdigest(), path)


def _files(folder: Path, without: Container[str]) -> list[Path]:
    found = []
    for parent, folders, names in os.walk(folder):
        here = Path(parent).relative_to(PROJECT)
        folders[:] = sorted(
            name
            for name in folders
            if str(here / name) not in without and name not in ("__pycache__", "tests") and name[0] != "."
        )
        found += [Path(parent) / name for name in sorted(names) if not name.startswith(".")]
    return found


def _packages(lock: Path, progress: Progress) -> Source:
    key = hashlib.sha256(lock.read_bytes() + PYTHON.encode()).hexdigest()[:16]
    folder = parts.cache() / "images" / "packages" / key
    return Source("packages", key, kept(folder, lambda aside: _install(lock, aside), "packages", progress, keep=4))


def _install(lock: Path, target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--require-hashes"]
    command += ["--only-binary=:all:", "--no-binary=python-terraform", f"--python-version={PYTHON}"]
    run([*command, f"--target={target}", f"--requirement={lock}"], f"installing the packages of {lock.name}")
    shutil.rmtree(target / "bin", ignore_errors=True)


def _terraform(target: Path, progress: Progress) -> None:
    found = shutil.which("terraform")
    if found and _sha256(Path(found)) == TERRAFORM_SHA256:
        shutil.copyfile(found, target)
    else:
        progress(f"terraform: downloading {TERRAFORM}")
        name = f"terraform_{TERRAFORM}_linux_amd64.zip"
        with tempfile.TemporaryDirectory() as scratch:
            packed = Path(scratch) / name
            urllib.request.urlretrieve(f"https://releases.hashicorp.com/terraform/{TERRAFORM}/{name}", packed)
            with zipfile.ZipFile(packed) as archive, archive.open("terraform") as program, target.open("wb") as file:
                shutil.copyfileobj(program, file)
    if _sha256(target) != TERRAFORM_SHA256:
        raise ConfigRejected(
            f"terraform {TERRAFORM} is not the pinned one", next_step="look at who changed it; nothing was built"
        )
    target.chmod(0o755)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def context(recipe: Path, entering: Iterable[Source]) -> Iterator[Path]:
    """Give a folder that holds the image's own files and what enters, and nothing else."""
    folder = parts.cache() / "images"
    with tempfile.TemporaryDirectory(prefix=".context-", dir=folder) as scratch:
        context = Path(scratch)
        shutil.copytree(recipe, context, dirs_exist_ok=True)
        for source in entering:
            _place(source.path, context / source.target)
        yield context


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link)
    elif PROJECT in source.parents:
        shutil.copyfile(source, target)
        target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    else:
        _link(str(source), str(target))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def run(command: list[str], doing: str) -> None:
    """Run a program; when it fails, say so with its last lines."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-20:])
        raise StepFailed(f"{doing} failed: {command[0]} ended with {done.returncode}\n{last}", detail=done.stdout[-20000:])
