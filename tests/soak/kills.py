"""Kills a run at a random moment, resumes it, and compares the simulated cloud with the states: nothing lost, nothing twice.

One round: a fresh home, one of the six examples, an operation (create, change, delete), a victim (the step, terraform, a
provider plugin, everything of the run at once, the command itself), a signal, a moment. After `clusterctl resume` ends with 0,
the inventory must equal the states, a new comparison must show no change, no lock may be held; then the cluster is deleted
and the cloud must be empty.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from infra.objects_folder import FolderStore
from infra.simulator.cloud import SimulatedCloud
from infra.spec.load import load_cluster
from steps.common.ledger import Ledgers
from tests.soak.campaign import Log, arguments, in_a_cell, today, write_report
from tests.support.cli import EXAMPLES, Cli
from tests.support.inventory import difference, in_cloud
from tests.support.specs import with_bigger_pool

OPERATIONS = ("create", "create", "change", "delete")
VICTIMS = ("step", "terraform", "provider", "run", "command")
SIGNALS = (signal.SIGKILL, signal.SIGTERM)
LATENCY = 0.004
"""Scale of real latencies: an EKS control plane takes about 2 s, so that kills fall inside applies."""
SOONER = (1.0, 0.6, 0.3)
"""A run that ended before its kill is played again with an earlier one."""
RESUMES = 3
"""Resumes allowed until the asked state is reached; one is enough unless the kill fell before anything was recorded."""


@dataclass(frozen=True)
class Round:
    number: int
    example: str
    operation: str
    victim: str
    signal: str
    moment: float


@dataclass(frozen=True)
class Result:
    round: Round
    killed: str
    resumes: int
    seconds: float
    problems: tuple[str, ...]


def rounds(count: int, seed: int) -> Iterator[Round]:
    """Yield the campaign; the same seed gives the same one, and every cloud comes equally often."""
    dice = random.Random(seed)
    examples = sorted(path.name for path in EXAMPLES.glob("*.yaml"))
    for number in range(count):
        yield Round(
            number,
            examples[number % len(examples)],
            dice.choice(OPERATIONS),
            dice.choice(VICTIMS),
            dice.choice(SIGNALS).name,
            dice.random(),
        )


def descendants(pid: int) -> list[tuple[int, str]]:
    """Return the living processes below one, with their command lines."""
    table: dict[int, list[tuple[int, str]]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue
            table.setdefault(parent, []).append((int(entry.name), line))
    found, queue = [], [pid]
    while queue:
        for child in table.get(queue.pop(), []):
            found.append(child)
            queue.append(child[0])
    return found


def strike(victim: str, pid: int, number: signal.Signals) -> str:
    """Send the signal to the victim; returns whom it hit, empty when there was none."""
    below = descendants(pid)
    chosen = {
        "step": [p for p, line in below if "steps." in line or "zygote" in line],
        "terraform": [p for p, line in below if line.split(" ")[0].endswith("terraform") or " terraform " in line][:1],
        "provider": [p for p, line in below if "infra.simulator" in line],
        "run": [p for p, _ in below],
        "command": [pid],
    }[victim]
    for target in chosen:
        try:
            os.kill(target, number)
        except ProcessLookupError:
            continue
    return f"{number.name} to {victim} ({len(chosen)} processes)" if chosen else ""


def recorded(cli: Cli, name: str) -> bool:
    """Tell whether the ledger knows the spec as it was last asked for."""
    ledger = Ledgers(FolderStore(cli.simulation)).find(name)
    return ledger is not None and ledger.spec == load_cluster(cli.home / "cluster.yaml").dump()


class Campaign:
    """The rounds, in a folder that remembers which are done."""

    def __init__(self, folder: Path, durations: dict[str, float]) -> None:
        self._folder, self._durations = folder, durations

    def play(self, round: Round) -> Result:
        """Play one round in a home of its own."""
        started = time.monotonic()
        home = self._folder / f"round-{round.number}"
        for sooner in SOONER:
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            killed, resumes, problems = self._play(replace(round, moment=round.moment * sooner), Cli(home), home)
            if killed or problems:
                break
        if not problems:
            shutil.rmtree(home, ignore_errors=True)
        return Result(round, killed, resumes, round_seconds(started), tuple(problems))

    def _play(self, round: Round, cli: Cli, home: Path) -> tuple[str, int, list[str]]:
        spec = home / "cluster.yaml"
        spec.write_text((EXAMPLES / round.example).read_text())
        name = yaml.safe_load(spec.read_text())["metadata"]["name"]
        SimulatedCloud(cli.simulation / "cloud").set_latency_scale(LATENCY)
        if round.operation != "create":
            cli.run("create", "cluster", "-f", spec, "--simulate", "--yes").ok()
        if round.operation == "change":
            spec.write_text(with_bigger_pool(spec))
        killed = self._interrupt(round, cli, spec, name)
        resumes, problems = self._resume(cli, round, name)
        return killed, resumes, problems or self._judge(cli, round, name)

    def _interrupt(self, round: Round, cli: Cli, spec: Path, name: str) -> str:
        create = ("create", "cluster", "-f", str(spec), "--simulate", "--yes")
        command = ("delete", "cluster", name, "--yes", "--unprotect") if round.operation == "delete" else create
        key = f"{round.operation} {round.example}"
        process = cli.start(*command, log=cli.home / "run.log")
        began = time.monotonic()
        until = began + round.moment * self._durations.get(key, 8.0)
        while time.monotonic() < until and process.poll() is None:
            time.sleep(0.01)
        killed = strike(round.victim, process.pid, signal.Signals[round.signal]) if process.poll() is None else ""
        process.wait(timeout=300)
        if not killed:
            self._durations[key] = time.monotonic() - began
        return killed

    def _resume(self, cli: Cli, round: Round, name: str) -> tuple[int, list[str]]:
        """Resume until the asked state is reached; what died before anybody wrote it down is typed again, as its user would."""
        last = ""
        if round.operation == "change" and not recorded(cli, name):
            cli.run("create", "cluster", "-f", cli.home / "cluster.yaml", "--simulate", "--yes")
        for attempt in range(1, RESUMES + 1):
            done = cli.run("resume", "cluster", name, "--yes", *(("--unprotect",) if round.operation == "delete" else ()))
            last = f"resume exit {done.code}: {done.err[-1500:]}"
            if done.code == 0:
                return attempt, []
            gone = done.code == 66
            if gone and round.operation == "delete" and not list(in_cloud(cli.simulation)):
                return attempt, []
            if gone and round.operation != "delete":
                cli.run("create", "cluster", "-f", cli.home / "cluster.yaml", "--simulate", "--yes")
        return RESUMES, [last]

    def _judge(self, cli: Cli, round: Round, name: str) -> list[str]:
        """Compare the world with what was asked, then delete and look once more."""
        problems = difference(cli.simulation, name)
        if round.operation != "delete":
            plan = cli.run("plan", "cluster", "-f", cli.home / "cluster.yaml", "--simulate")
            if plan.code != 0:
                problems.append(f"plan after resume: exit {plan.code}: {plan.out[-800:]}")
            deleted = cli.run("delete", "cluster", name, "--yes", "--unprotect")
            if deleted.code != 0:
                problems.append(f"delete: exit {deleted.code}: {deleted.err[-1500:]}")
        problems += [f"left in the cloud: {kind} {identifier}" for kind, identifier in in_cloud(cli.simulation)]
        problems += [f"lock left: {file}" for file in cli.simulation.glob("clusters/*/lock.json")]
        return problems


def round_seconds(started: float) -> float:
    return round(time.monotonic() - started, 1)


def report(path: Path, options: argparse.Namespace, results: list[Result]) -> None:
    """Write the campaign's figures."""
    bad = [result for result in results if result.problems]
    hit = [result for result in results if result.killed]
    resumes = max((result.resumes for result in results), default=0)
    facts = [
        f"Commit {options.commit}, {today()}, seed {options.seed}, latency scale {LATENCY}.",
        f"{len(results)} rounds, {len(hit)} with a process killed in the run, {len(bad)} with a problem; "
        f"resumes needed: {resumes} at most.",
    ]
    rows = [
        (
            result.round.number,
            result.round.example,
            result.round.operation,
            f"{result.killed or 'ended first'} at {result.round.moment:.0%}",
            result.resumes,
            result.seconds,
            in_a_cell(result.problems),
        )
        for result in results
    ]
    head = ("round", "example", "operation", "killed", "resumes", "seconds", "problems")
    write_report(path, "Kills and resumes (simulated)", facts, head, rows)


def _read(data: dict[str, Any]) -> Result:
    return Result(**{**data, "round": Round(**data["round"]), "problems": tuple(data["problems"])})


def _line(result: Result) -> str:
    played, verdict = result.round, "; ".join(result.problems) or "ok"
    return f"{played.number:3} {played.operation:6} {played.example:16} {result.killed or '-':40} {result.seconds:6}s  {verdict}"


def main() -> int:
    """Play the campaign, going on where an earlier start of the same seed ended."""
    options = arguments(__doc__, rounds=60, jobs=2, report="benchmarks/reports/kills.md").parse_args()
    log = Log("kills", options, _read)
    campaign = Campaign(log.folder, {f"{r.round.operation} {r.round.example}": r.seconds for r in log.results if not r.killed})
    known = {result.round.number for result in log.results}
    left = log.left(rounds(options.rounds, options.seed), known, options.only)
    with ThreadPoolExecutor(options.jobs) as pool:
        for result in pool.map(campaign.play, left):
            log.add(result, _line(result))
    if not options.only:
        report(options.report, options, log.results)
    return 1 if any(result.problems for result in log.results) else 0


if __name__ == "__main__":
    sys.exit(main())
