"""The programs that a host cluster consists of: pinned Go modules, built once per version and kept outside the checkout.

`python -m infra.host.parts [NAME …]` builds them ahead of time; `--list` shows what there is.
"""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from infra.errors import DependencyMissing, NotFound, StepFailed
from infra.host import recipes

Progress = Callable[[str], None]
SOURCES = Path(__file__).parent / "parts"
KUBERNETES = "1.34.4"
ARGO = "4.0.2"
PROMETHEUS = "3.16.0"
ARGOCD = "3.2.0"
METRICS_SERVER = "0.9.0"
COMMIT = "v" + ARGO  # Argo prints its tag only when it knows a commit as well
TELL_EVERY = 15.0  # seconds between two lines of a build that takes long


@dataclass(frozen=True)
class Part:
    """One part: the Go packages by binary, the variables that say the version, and the recipe."""

    packages: Mapping[str, str]
    stamp: Mapping[str, str] = field(default_factory=dict)
    recipe: str = "go"
    source: str = ""  # the folder under parts/, the part's own name by default
    needs: tuple[str, ...] = ()


_ARGO_STAMP = {
    f"{recipes.ARGO}.version": f"v{ARGO}",
    f"{recipes.ARGO}.gitTag": f"v{ARGO}",
    f"{recipes.ARGO}.gitCommit": COMMIT,
    f"{recipes.ARGO}.gitTreeState": "clean",
}
_VERSION = "k8s.io/component-base/version"

PARTS: Mapping[str, Part] = {
    "etcd": Part({"etcd": "go.etcd.io/etcd/server/v3"}),
    "kubernetes": Part(
        {"kubernetes": "."},
        {
            f"{_VERSION}.gitVersion": f"v{KUBERNETES}",
            f"{_VERSION}.gitMajor": KUBERNETES.split(".")[0],
            f"{_VERSION}.gitMinor": KUBERNETES.split(".")[1],
            f"{_VERSION}.gitTreeState": "clean",
        },
    ),
    "coredns": Part({"coredns": "github.com/coredns/coredns"}),
    "pause": Part({"pause": "."}),
    "argo": Part(
        {name: f"{recipes.ARGO}/cmd/{name}" for name in ("workflow-controller", "argoexec")}, _ARGO_STAMP, recipe="argo"
    ),
    "argo-server": Part({"argo": f"{recipes.ARGO}/cmd/argo"}, _ARGO_STAMP, recipe="argo", source="argo", needs=("argo-ui",)),
    "argo-ui": Part({}, recipe="argo_ui"),
    "minio": Part({"minio": "github.com/minio/minio"}),
    "syft": Part({"syft": "github.com/anchore/syft/cmd/syft"}),
    "actionlint": Part({"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"}),
    "cyclonus": Part({"cyclonus": "."}),
    "prometheus": Part(
        {name: f"github.com/prometheus/prometheus/cmd/{name}" for name in ("prometheus", "promtool")},
        {"github.com/prometheus/common/version.Version": PROMETHEUS},
        recipe="prometheus",
    ),
    "kube-router": Part({"kube-router": "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"}),
    "metrics-server": Part(
        {"metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server"},
        {"k8s.io/client-go/pkg/version.gitVersion": f"v{METRICS_SERVER}"},
    ),
    "argocd": Part(
        {"argocd": f"{recipes.ARGOCD}/cmd", "argocd-cache": ".", "kustomize": "sigs.k8s.io/kustomize/kustomize/v5"},
        {f"{recipes.ARGOCD}/common.version": ARGOCD},
        recipe="argocd",
    ),
    "external-secrets": Part({"external-secrets": "github.com/external-secrets/external-secrets"}),
}
CLUSTER = ("etcd", "kubernetes", "coredns", "pause")
EVERYTHING = (*CLUSTER, "argo", "argo-server", "minio")


def cache() -> Path:
    """Return the folder of everything built: `HERA_CACHE`, by default `~/.cache/hera`."""
    return Path(os.environ.get("HERA_CACHE") or Path.home() / ".cache" / "hera")


def ensure(*names: str, progress: Progress) -> Path:
    """Build what is missing and return the folder with the binaries.

    With one name that is the part's own folder; with several it is a folder of links to all their binaries.
    """
    folders = [_ensure(name, progress) for name in names]
    if len(folders) == 1:
        return folders[0]
    key = hashlib.sha256("\n".join(map(str, folders)).encode()).hexdigest()[:16]
    together = cache() / "parts" / "together" / key
    if not together.is_dir():
        with _aside(together) as aside:
            for binary in (binary for folder in folders for binary in folder.iterdir()):
                (aside / binary.name).symlink_to(binary)
    return together


def digest(name: str) -> str:
    """Return what a part's build depends on: pinned modules, sources, recipe, and the parts that it needs."""
    part = _part(name)
    total = hashlib.sha256(repr(part).encode())
    total.update(inspect.getsource(getattr(recipes, part.recipe)).encode())
    source = SOURCES / (part.source or name)
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(source)}\0".encode() + path.read_bytes())
    for needed in _needs(part):
        total.update(digest(needed).encode())
    return total.hexdigest()[:16]


def _part(name: str) -> Part:
    if name not in PARTS or not hasattr(recipes, PARTS[name].recipe):
        raise NotFound(f"there is no part {name!r}", next_step=f"choose one of {', '.join(PARTS)}")
    return PARTS[name]


def _needs(part: Part) -> list[str]:
    return [name for name in part.needs if hasattr(recipes, PARTS[name].recipe)]


def _ensure(name: str, progress: Progress) -> Path:
    part = _part(name)
    folder = cache() / "parts" / name / digest(name)
    if folder.is_dir():
        return folder
    needs = {needed: _ensure(needed, progress) for needed in _needs(part)}
    with _locked(folder.parent / "lock", lambda: progress(f"{name}: another process builds it, waiting")):
        if not folder.is_dir():
            _make(name, part, folder, needs, progress)
    return folder


def _make(name: str, part: Part, folder: Path, needs: Mapping[str, Path], progress: Progress) -> None:
    if not shutil.which("go"):
        raise DependencyMissing(f"Go is needed to build {name}, and it is not installed", next_step="install Go 1.26 or newer")
    started = time.monotonic()
    progress(f"{name}: building; this is done once per version")

    def tell() -> None:
        progress(f"{name}: building, {time.monotonic() - started:.0f} s")

    flags = [f"-X {key}={value}" for key, value in part.stamp.items()]
    with tempfile.TemporaryDirectory(prefix=f"hera-{name}-") as scratch, _aside(folder) as aside:
        job = recipes.Job(
            source=SOURCES / (part.source or name),
            scratch=Path(scratch),
            out=aside,
            run=lambda argv, cwd: _run(name, argv, cwd, tell),
            packages=part.packages,
            ldflags=" ".join(["-s", "-w", *flags]),
            needs=needs,
        )
        getattr(recipes, part.recipe)(job)
    progress(f"{name}: built in {time.monotonic() - started:.0f} s")


def _run(name: str, argv: Sequence[str], cwd: Path, tell: Callable[[], None]) -> str:
    environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}
    with tempfile.TemporaryFile("w+") as output:
        with subprocess.Popen(
            argv, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ) as process:
            try:
                while True:
                    try:
                        code = process.wait(TELL_EVERY)
                        break
                    except subprocess.TimeoutExpired:
                        tell()
            except BaseException:
                process.terminate()
                raise
        output.seek(0)
        text = output.read()
    if code:
        last = "\n".join(text.splitlines()[-20:])
        raise StepFailed(
            f"building {name} failed: `{' '.join(argv[:3])} …` ended with {code}\n{last}",
            next_step="look at the lines above; without network to a Go module proxy nothing can be built",
            detail=text[-20000:],
        )
    return text


@contextmanager
def _locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """Give a folder to fill that takes the name `folder` when all went well, and vanishes otherwise."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    aside.chmod(0o755)
    try:
        yield aside
        try:
            aside.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def main(names: Sequence[str]) -> None:
    """Build the named parts, by default all that a management cluster consists of."""
    if "--list" in names:
        print("\n".join(name for name in PARTS if hasattr(recipes, PARTS[name].recipe)))
        return
    for name in names or EVERYTHING:
        print(ensure(name, progress=lambda line: print(line, file=sys.stderr, flush=True)))


if __name__ == "__main__":
    main(sys.argv[1:])
