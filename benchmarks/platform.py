"""Measures applying the platform's manifests against `kubectl apply --server-side` of the same on the same API server.

Both are whole commands: started, connected, rendered, applied. Each first apply begins on an API server of its own, empty.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Figure, command, publish, table
from tests.soak.campaign import commit, today
from tests.support import kubernetes_api
from tests.support.cli import PROJECT

REPORT = PROJECT / "benchmarks" / "reports" / "platform.md"
OVERLAY = PROJECT / "k8s" / "overlays" / "prod"
ROUNDS = 3


def once(kubeconfig: Path) -> None:
    """Apply the overlay as the platform step does; what the measured command runs."""
    from infra.kube.api import Api
    from infra.kube.manifests.apply import apply
    from infra.kube.manifests.render import Overlay, render
    from steps.platform.manifests import SET

    report = apply(Api.connect(kubeconfig), SET, render(Overlay(OVERLAY, labels=SET.labels)), lambda _: None)
    print(report.headline)


def _ours(kubeconfig: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.platform", "once", str(kubeconfig)]


def _kubectl(kubeconfig: Path, folder: Path) -> list[str]:
    return ["kubectl", "--kubeconfig", str(kubeconfig), "apply", "--server-side", "--force-conflicts", "-k", str(folder)]


def _same(folder: Path) -> Path:
    """Write the kustomization that our command builds, for kubectl."""
    from infra.kube.manifests.render import Overlay
    from steps.platform.manifests import SET

    made = folder.resolve() / "same"
    made.mkdir()
    (made / "kustomization.yaml").write_text(json.dumps(Overlay(OVERLAY, labels=SET.labels).kustomization(made)))
    return made


def _twice(argv: Sequence[str]) -> tuple[float, float]:
    """Return how long a first apply and an unchanged second one take."""
    return command(argv), command(argv)


def measure(folder: Path) -> list[Figure]:
    """Alternate, each on a fresh server."""
    same = _same(folder)
    first: dict[str, list[float]] = {"ours": [], "kubectl": []}
    second: dict[str, list[float]] = {"ours": [], "kubectl": []}
    for number in range(ROUNDS):
        for who in first:
            place = folder / f"{who}-{number}"
            place.mkdir()
            with kubernetes_api.running(place) as server:
                argv = _ours(server.kubeconfig) if who == "ours" else _kubectl(server.kubeconfig, same)
                for kept, seconds in zip((first, second), _twice(argv), strict=True):
                    kept[who].append(seconds)
    mine, theirs = ({who: statistics.median(times) for who, times in kept.items()} for kept in (first, second))
    peer = "kubectl apply --server-side"
    return [
        Figure("platform: first apply of prod", mine["ours"], mine["kubectl"], peer, 1.0),
        Figure("platform: unchanged run", theirs["ours"], mine["kubectl"], f"{peer}, first", 0.3),
        Figure("platform: unchanged run", theirs["ours"], theirs["kubectl"], f"{peer}, unchanged", 0.3),
    ]


def main() -> int:
    """Measure, show, write."""
    if sys.argv[1:2] == ["once"]:
        once(Path(sys.argv[2]))
        return 0
    with tempfile.TemporaryDirectory(prefix="hera-bench-") as folder:
        figures = measure(Path(folder))
    where = f"Commit {commit()}, {today()}, {os.cpu_count()} cores; medians of {ROUNDS} rounds, each on a fresh API server."
    how = "`python -m benchmarks.platform` measures them again. Whole commands: start, connect, render, apply."
    text = f"# Applying the platform's manifests\n\n{where} {how}\n\n{table(figures)}"
    return publish(text, figures, REPORT)


if __name__ == "__main__":
    sys.exit(main())
