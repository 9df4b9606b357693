"""Measures every figure that has a budget and writes benchmarks/reports/figures.md."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks import critical_path
from benchmarks.measure import Figure, command, pair, seconds, table
from infra.objects_folder import FolderStore
from infra.simulator.cloud import SimulatedCloud
from infra.simulator.environment import environment
from steps.common.ledger import Ledgers
from tests.soak.campaign import commit, today
from tests.support.cli import EXAMPLES, PROJECT, Cli

LATENCY = 0.02
"""Scale of the clouds' real latencies for the critical-path figure: a control plane takes about 10 s."""


def _terraform_seconds(home: Path) -> float:
    """Return the time that terraform itself took, from the steps' own events."""
    total = 0.0
    for log in home.rglob("*.log"):
        for line in log.read_text(errors="replace").splitlines():
            if line.startswith("{") and '"event": "terraform"' in line:
                total += float(json.loads(line)["seconds"])
    return total


def _name(example: str) -> str:
    return str(yaml.safe_load((EXAMPLES / example).read_text())["metadata"]["name"])


def help_speed(folder: Path) -> Iterator[Figure]:
    """Time the first thing that anybody types."""
    ours = shutil.which("clusterctl") or str(Path(sys.executable).with_name("clusterctl"))
    a, b = pair(lambda: command([ours, "--help"]), lambda: command(["kubectl", "--help"]), 15)
    yield Figure("clusterctl --help", a, b, "kubectl --help", 1.5)


def create_overhead(folder: Path) -> Iterator[Figure]:
    """Time a create against terraform's own share of it, and an unchanged second one against the first."""
    walls, own, second = [], [], []
    for number in range(3):
        cli = Cli(folder / f"create-{number}")
        arguments = cli.command("create", "cluster", "-f", EXAMPLES / "aws-prod.yaml", "--simulate", "--yes")
        walls.append(command(arguments, cli.environment()))
        own.append(_terraform_seconds(cli.home))
        second.append(command(arguments, cli.environment()))
    best = min(range(3), key=lambda i: walls[i])
    yield Figure(
        "create: wall", walls[best], own[best], "terraform's own time in it", 1.10, note="orchestration overhead under 10 %"
    )
    yield Figure("create, unchanged", second[best], walls[best], "the first create", 0.2)


def latencies(folder: Path) -> Iterator[Figure]:
    """Time a create with the clouds' latencies, scaled, against the longest chain of its calls."""
    for example in ("aws-prod.yaml", "azure-prod.yaml", "gcp-prod.yaml"):
        cli = Cli(folder / f"latency-{example}")
        SimulatedCloud(cli.simulation / "cloud").set_latency_scale(LATENCY)
        arguments = cli.command("create", "cluster", "-f", EXAMPLES / example, "--simulate", "--yes")
        wall = command(arguments, cli.environment())
        path = critical_path.of_cluster(cli.simulation, _name(example))
        still = Cli(folder / f"still-{example}")
        fixed = command(still.command("create", "cluster", "-f", EXAMPLES / example, "--simulate", "--yes"), still.environment())
        real = (wall - fixed) / LATENCY + fixed
        note = f"latencies x {LATENCY}: wall {wall:.1f} s, {fixed:.1f} s of it without any latency; scaled to 1"
        yield Figure(f"create {example}, real latencies", real, path / LATENCY, "critical path", 1.1, note=note)


def many_clusters(folder: Path) -> Iterator[Figure]:
    """Time a list of 1,000 clusters."""
    cli = Cli(folder / "many")
    ledgers = Ledgers(FolderStore(cli.simulation))
    for number in range(1000):
        ledgers.update(f"c{number:04}", lambda old: old)
    files = sorted((cli.simulation / "clusters").glob("*/ledger.json"))
    reading = [sys.executable, "-c", "import json,sys\nfor f in sys.stdin.read().split(): json.load(open(f))"]

    def read() -> float:
        return seconds(lambda: subprocess.run(reading, input="\n".join(map(str, files)), text=True, check=True))

    a, b = pair(lambda: command(cli.command("get", "clusters"), cli.environment()), read, 5)
    yield Figure("get clusters, 1,000 in the ledger", a, 1.0, "one second", 1.0, note=f"python reading the same files: {b:.3f} s")


def simulator_plan(folder: Path) -> Iterator[Figure]:
    """Time a plan of 80 simulated resources against terraform's built-in provider with as many."""
    ours, peer = folder / "plan-ours", folder / "plan-peer"
    for path, body in (
        (ours, 'resource "aws_vpc" "x" {\n  count      = 80\n  cidr_block = "10.${count.index}.0.0/16"\n}\n'),
        (peer, 'resource "terraform_data" "x" {\n  count = 80\n  input = "10.${count.index}.0.0/16"\n}\n'),
    ):
        path.mkdir()
        (path / "main.tf").write_text(body)
    extra = {**os.environ, **environment(folder / "plan-cloud")}
    for path in (ours, peer):
        command(["terraform", f"-chdir={path}", "init"], extra)
    a, b = pair(
        lambda: command(["terraform", f"-chdir={ours}", "plan", "-out=p"], extra),
        lambda: command(["terraform", f"-chdir={peer}", "plan", "-out=p"], extra),
        5,
    )
    note = f"80 terraform_data, which live inside terraform, take {b:.3f} s"
    yield Figure("simulator: plan of 80 resources", a, 2.0, "two seconds", 1.0, note=note)


FIGURES = (help_speed, create_overhead, latencies, many_clusters, simulator_plan)


def _report(figures: list[Figure]) -> str:
    where = f"Commit {commit()}, {today()}, {os.cpu_count()} cores."
    return f"# Figures (simulated)\n\n{where} `make bench` measures them again.\n\n{table(figures)}"


def main() -> int:
    """Measure, show, write."""
    wanted = sys.argv[1:]
    figures = []
    with tempfile.TemporaryDirectory(prefix="hera-bench-") as folder:
        for measure in FIGURES:
            if wanted and measure.__name__ not in wanted:
                continue
            for figure in measure(Path(folder)):
                print(figure.row(), flush=True)
                figures.append(figure)
    if not wanted:
        (PROJECT / "benchmarks" / "reports" / "figures.md").write_text(_report(figures))
    return 0 if all(figure.within for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
