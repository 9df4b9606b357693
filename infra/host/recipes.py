"""How parts are built that `go build` alone does not make; each is a function of one `Job`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ARGO = "github.com/argoproj/argo-workflows/v4"
ARGOCD = "github.com/argoproj/argo-cd/v3"
NO_UI = (
    "<!doctype html><title>Argo Workflows</title><p>This build has no web interface; use the argo or clusterctl command line.\n"
)


@dataclass(frozen=True)
class Job:
    """One build: what it reads, where it may write, and how it runs a program.

    Args:
        source: The part's folder: go.mod, go.sum and whatever else is pinned there.
        scratch: An empty folder that is thrown away.
        out: The folder to fill; it becomes the part.
        run: Runs a program in a folder, keeps its output for the failure message and returns it.
        packages: The Go packages to build, by the name of the binary.
        ldflags: The linker's flags, with the version.
        needs: The folders of the parts that this one is made of, by name.
    """

    source: Path
    scratch: Path
    out: Path
    run: Callable[[Sequence[str], Path], str]
    packages: Mapping[str, str]
    ldflags: str
    needs: Mapping[str, Path]


def go(job: Job) -> None:
    """Build the packages as they are."""
    _build(job, job.source)


def prometheus(job: Job) -> None:
    """Build Prometheus with Kubernetes as the only place where it looks for targets: the clouds' SDKs are most of its size."""
    _build(job, job.source, tags="remove_all_sd,enable_kubernetes_sd")


def argo(job: Job) -> None:
    """Build Argo from a copy of its module.

    A module archive holds neither symbolic links nor built files: signal_linux.go (a link to signal_darwin.go) and the
    web interface are missing.
    """
    module = job.scratch / "argo-workflows"
    shutil.copytree(go_module(job, ARGO), module, copy_function=shutil.copyfile)
    for folder in (module, *(path for path in module.rglob("*") if path.is_dir())):
        folder.chmod(0o755)  # the module cache is read-only, its copy must not be
    signals = module / "workflow" / "executor" / "osspecific"
    shutil.copyfile(signals / "signal_darwin.go", signals / "signal_linux.go")
    # Its image has no file but the program: without the time zones inside it no CronWorkflow that names one is ever started.
    (module / "cmd" / "workflow-controller" / "tzdata.go").write_text('package main\n\nimport _ "time/tzdata"\n')
    app = module / "ui" / "dist" / "app"
    if "argo-ui" in job.needs:
        shutil.copytree(job.needs["argo-ui"], app)
    else:
        app.mkdir(parents=True)
        (app / "index.html").write_text(NO_UI)
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(job.source / name, job.scratch / name)
    with (job.scratch / "go.mod").open("a") as file:
        file.write(f"\nreplace {ARGO} => ./argo-workflows\n")
    _build(job, job.scratch)


def argo_ui(job: Job) -> None:
    """Bundle Argo's web interface from the sources in its module; where there is no Node.js, a page that says so.

    Its package.json wants `argo-ui` from a git repository; ours takes the one that the npm registry has, and `xterm` and `uuid`
    as that one needs them. No package's install script runs.
    """
    if not shutil.which("npm"):
        (job.out / "index.html").write_text(NO_UI)
        return
    module, copy = go_module(replace(job, source=job.source.parent / "argo"), ARGO), job.scratch / "argo-workflows"
    for part in ("ui/src", "api/openapi-spec", "api/jsonschema"):
        shutil.copytree(module / part, copy / part, copy_function=shutil.copyfile)
    shutil.copyfile(module / "ui/webpack.config.js", copy / "ui" / "webpack.config.js")
    shutil.copyfile(module / "ui/tsconfig.json", copy / "ui" / "tsconfig.json")
    for folder in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(job.source / name, copy / "ui" / name)
    job.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps"], copy / "ui")
    settings = ["NODE_ENV=production", "NODE_OPTIONS=--max-old-space-size=3072", f"VERSION={module.name.partition('@')[2]}"]
    webpack = ["npx", "--no-install", "webpack", "--mode", "production", "--no-devtool"]
    job.run(["env", *settings, *webpack], copy / "ui")
    shutil.copytree(copy / "ui" / "dist" / "app", job.out, dirs_exist_ok=True)


def argocd(job: Job) -> None:
    """Build Argo CD, and put what it finds on a cluster beside it: its definitions, and its settings as it ships them."""
    _build(job, job.source)
    manifests, target = go_module(job, ARGOCD) / "manifests", job.out / "manifests"
    target.mkdir()
    for path in (*(manifests / "crds").glob("*-crd.yaml"), *(manifests / "base" / "config").glob("argocd-*.yaml")):
        shutil.copyfile(path, target / path.name)


def go_module(job: Job, path: str) -> Path:
    """Return the folder of a module that the part's go.mod pins; downloads it when needed."""
    job.run(["go", "mod", "download", path], job.source)
    return Path(job.run(["go", "list", "-m", "-f", "{{.Dir}}", path], job.source).splitlines()[-1])


def _build(job: Job, folder: Path, tags: str = "") -> None:
    flags = ["-trimpath", "-tags", tags, "-ldflags", job.ldflags]
    for binary, package in job.packages.items():
        job.run(["go", "build", *flags, "-o", str(job.out / binary), package], folder)
