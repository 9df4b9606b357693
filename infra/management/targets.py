"""Where a management cluster comes from: a context that is there, `kind`, or plain processes on this machine (`host`)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import DependencyMissing, NotFound, StepFailed, UsageError
from infra.homes import hera_home
from infra.management.settings import IMAGES, Settings

if TYPE_CHECKING:
    from infra.host.host import Host
    from infra.kube.api import Api

Progress = Callable[[str], None]
TARGETS = ("context", "kind", "host")


@dataclass(frozen=True)
class Reached:
    """A cluster that answers, and what its kind asks of the installation."""

    kubeconfig: Path
    context: str
    images: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    pull: str = "IfNotPresent"
    private: bool = False
    """Whether nobody but this machine reaches it."""

    def api(self) -> Api:
        """Connect."""
        from infra.kube.api import Api

        return Api.connect(self.kubeconfig, self.context or None)

    def settle(self, settings: Settings) -> Settings:
        """Return the settings as they have to be on this cluster."""
        open_ui = self.private and settings.simulation
        return replace(settings, built=self.images, digests=self.digests, pull=self.pull, open_ui=open_ui)


def reach(target: str, name: str, context: str, settings: Settings, progress: Progress) -> Reached:
    """Return the cluster, made where it has to be and can be."""
    if target == "context":
        return _context(context)
    if context:
        raise UsageError(f"--context goes with --target context, not with {target}")
    return _kind(name, progress) if target == "kind" else _host(name, settings, progress)


def look(target: str, name: str, context: str) -> Reached:
    """Return the cluster as it is, to look at it or take it down; raises `NotFound` when it is not there."""
    if target == "context":
        return _context(context)
    if target == "kind":
        if name not in _run("kind", "get", "clusters").split():
            raise NotFound(f"no kind cluster {name!r}", next_step=f"clusterctl bootstrap --target kind --name {name}")
        return _kind(name, lambda _: None)
    from infra.host import cluster

    found = cluster.find(name)
    if found is None:
        raise NotFound(f"no host cluster {name!r}", next_step=f"clusterctl bootstrap --target host --name {name}")
    return Reached(found.kubeconfig, found.context, private=True)


def down(target: str, name: str, progress: Progress) -> None:
    """Remove the cluster itself; a context's cluster is not ours to remove."""
    if target == "kind":
        progress(f"deleting the kind cluster {name}")
        _run("kind", "delete", "cluster", "--name", name)
        _kubeconfig(name).unlink(missing_ok=True)
    elif target == "host":
        from infra.host import cluster

        cluster.down(name, progress=progress)


def _context(context: str) -> Reached:
    listed = os.environ.get("KUBECONFIG", "")
    paths = [Path(part) for part in listed.split(os.pathsep) if part] or [Path.home() / ".kube" / "config"]
    there = [path for path in paths if path.is_file()]
    if not there:
        raise UsageError(
            f"no kubeconfig at {listed or paths[0]}",
            next_step="set KUBECONFIG, or try `clusterctl bootstrap --target host --simulate`",
        )
    found = next((path for path in there if _current(path, context)), None)
    if found is None:
        raise UsageError(f"no context {context!r} in {', '.join(map(str, there))}", next_step="kubectl config get-contexts")
    return Reached(found.absolute(), _current(found, context))


def _current(path: Path, context: str) -> str:
    """Return the context's name if the file has it; the file's current one when none is asked for."""
    import yaml

    data = yaml.safe_load(path.read_text()) or {}
    wanted = context or data.get("current-context") or ""
    return wanted if wanted in [item.get("name") for item in data.get("contexts") or ()] else ""


def _kubeconfig(name: str) -> Path:
    return hera_home() / "kind" / f"{name}.kubeconfig"


def _kind(name: str, progress: Progress) -> Reached:
    """Thin on purpose: kind does the work, images come from registries. Not run by the project's tests (docs/bootstrap.md)."""
    if name not in _run("kind", "get", "clusters").split():
        progress(f"making the kind cluster {name}")
        _run("kind", "create", "cluster", "--name", name, "--wait", "120s")
    path = _kubeconfig(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(_run("kind", "get", "kubeconfig", "--name", name))
    path.chmod(0o600)
    return Reached(path, f"kind-{name}", private=True)


def _run(*command: str) -> str:
    if not shutil.which(command[0]):
        raise DependencyMissing(f"{command[0]} is not installed", next_step="install kind, or use --target host")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepFailed(f"{' '.join(command)} failed", detail=done.stderr[-2000:])
    return done.stdout


def _host(name: str, settings: Settings, progress: Progress) -> Reached:
    """Bring the cluster up and give it the images; those that it has already are not loaded again."""
    from infra.host import images

    host = _up(name, not settings.simulation, progress)
    names = [image for image in IMAGES if image not in settings.images and (settings.simulation or image != "minio")]
    archives = images.ensure_images(names, progress)
    record = host.home / "images.json"
    loaded: dict[str, str] = json.loads(record.read_text()) if record.is_file() else {}
    there = set(host.images())
    for image, archive in archives.items():
        if loaded.get(image) != archive.stem or images.reference(image) not in there:
            progress(f"loading the image {image}")
            host.load_image(archive)
            record.write_text(json.dumps(loaded := loaded | {image: archive.stem}))
    digests = {image: archive.stem for image, archive in archives.items() if image != "steps"}
    return Reached(
        host.kubeconfig,
        host.context,
        images={image: images.reference(image) for image in archives},
        digests=digests | {"simulator": _simulator()},
        pull="IfNotPresent" if settings.images else "Never",
        private=True,
    )


def _up(name: str, way_out: bool, progress: Progress) -> Host:
    """Bring the cluster up, unless every part of it runs as it should: then it is left alone."""
    from infra.host import cluster, parts

    found = cluster.find(name)
    same = found and found.way_out == way_out and found.bin == parts.ensure(*parts.CLUSTER, progress=progress)
    if found and same and set(cluster.status(name).values()) == {"running", "ready"}:
        return found
    return cluster.up(name, progress=progress, way_out=way_out)


def _simulator() -> str:
    """Return the digest of the simulator's own code: a new one starts it anew, and it then forgets what it held."""
    folder = Path(__file__).resolve().parents[1] / "simulator"
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()[:16]
