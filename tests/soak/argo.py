"""Strikes runs on a real management cluster, resumes them, and compares the simulated cloud with the states.

One batch: three clusters, one on each cloud, are created at once on Argo while faults of one kind strike; each is resumed until
it stands, and what stands is compared with the states and with a new plan. Then they are deleted while faults of another kind
strike, resumed, and the cloud must be empty, with no lock left. A fault of one run strikes each of the three; a fault
of the node strikes three times, at three moments.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.errors import NotFound, UsageError
from infra.kube.errors import Unavailable
from tests.soak.campaign import Log, arguments, in_a_cell, today, write_report
from tests.soak.faults import OF_A_RUN, OF_THE_NODE, Scene
from tests.support.cli import EXAMPLES, Done
from tests.support.managed import Managed, managed

KINDS = tuple(OF_A_RUN) + tuple(OF_THE_NODE)
CLOUDS = ("aws", "azure", "gcp")
STRIKES = 3
"""Strikes in each half of a batch: one a cluster, or three moments of the node."""
LATENCY = 0.004
"""Scale of real latencies: an EKS control plane takes about 2 s, so that faults fall inside applies."""
RESUMES = 3
"""Resumes allowed until the asked state is reached."""
BACK_SECONDS = 5.0
"""Seconds between two tries to strike something that is being started again."""
PATIENCE = 240.0
"""Seconds that a strike waits for its moment, and a command for its end."""


@dataclass(frozen=True)
class Batch:
    """Three clusters, the faults of their creation and the faults of their deletion."""

    number: int
    size: str
    creating: tuple[str, ...]
    deleting: tuple[str, ...]
    moments: tuple[float, ...]
    """Seconds after a step has begun, one a strike; first those of the creation."""
    more: tuple[str, ...] = ()
    """Examples beyond one of each cloud."""

    def clusters(self) -> list[tuple[str, Path]]:
        examples = (*(f"{cloud}-{self.size}" for cloud in CLOUDS), *self.more)
        return [(f"{example}-{self.number}", EXAMPLES / f"{example}.yaml") for example in examples]


SAMPLE = Batch(
    0,
    "dev",
    creating=("step-killed", "pod-erased", "workflow-deleted", "controller-killed", "apiserver-killed", "store-full"),
    deleting=("pod-evicted", "stopped", "terminated", "step-terminated", "kubelet-killed", "containerd-killed", "stores-killed"),
    moments=(1.0,) * 13,
    more=("aws-prod",),
)
"""Every kind once."""


@dataclass(frozen=True)
class Half:
    """What came of one half of a batch."""

    batch: Batch
    operation: str
    faults: tuple[str, ...]
    struck: tuple[str, ...]
    resumes: int
    seconds: float
    problems: tuple[str, ...]


def batches(count: int, seed: int) -> Iterator[Batch]:
    """Yield the campaign: two kinds of fault a batch, every kind in turn, creation and deletion taking turns."""
    dice = random.Random(seed)
    for number in range(count):
        first, second = KINDS[(2 * number) % len(KINDS)], KINDS[(2 * number + 1) % len(KINDS)]
        moments = tuple(round(dice.uniform(0.0, 4.0), 2) for _ in range(2 * STRIKES))
        yield Batch(number, ("dev", "prod")[number % 2], (first,) * STRIKES, (second,) * STRIKES, moments)


class Campaign:
    """Plays batches on one management cluster."""

    def __init__(self, cluster: Managed, folder: Path) -> None:
        self._on, self._folder = cluster, folder
        self._asked: list[Future[Done]] = []

    def play(self, batch: Batch) -> Iterator[Half]:
        """Play a batch; yields its two halves."""
        for name, example in batch.clusters():
            spec = yaml.safe_load(example.read_text())
            spec["metadata"]["name"] = name
            self._spec(name).write_text(yaml.safe_dump(spec))
        number = len(batch.creating)
        yield self._half(batch, "create", batch.creating, batch.moments[:number])
        yield self._half(batch, "delete", batch.deleting, batch.moments[number:])

    def _spec(self, name: str) -> Path:
        return self._folder / f"{name}.yaml"

    def _half(self, batch: Batch, operation: str, faults: tuple[str, ...], moments: tuple[float, ...]) -> Half:
        began = time.monotonic()
        names = [name for name, _ in batch.clusters()]
        with ThreadPoolExecutor(2 * len(names) + 1) as pool:
            runs = [pool.submit(self._ask, operation, name) for name in names]
            self._asked = runs
            struck = self._strike(pool, faults, operation, names, moments)
            first = [run.result() for run in runs]
            ends = list(pool.map(lambda pair: self._resume(operation, *pair), zip(names, first, strict=True)))
        problems = [problem for _, problem in ends if problem]
        problems += [] if problems else self._judge(operation, names)
        problems += [f"{fault} struck nothing" for fault, hit in zip(faults, struck, strict=True) if not hit]
        resumes = max(count for count, _ in ends)
        return Half(batch, operation, faults, tuple(struck), resumes, round(time.monotonic() - began, 1), tuple(problems))

    def _ask(self, operation: str, name: str) -> Done:
        if operation == "create":
            return self._run("create", "cluster", "-f", self._spec(name), "--simulate")
        return self._run("delete", "cluster", name, "--unprotect")

    def _run(self, *words: str | Path) -> Done:
        return self._on.cli.run(*words, "--engine", "argo", "--yes", timeout=2 * PATIENCE)

    def _strike(
        self, pool: ThreadPoolExecutor, faults: tuple[str, ...], operation: str, names: list[str], moments: tuple[float, ...]
    ) -> list[str]:
        """Strike each run with its fault, and the node with one fault after the other."""
        planned = list(enumerate(zip(faults, moments, strict=True)))
        targets = iter(names)
        runs = {
            number: pool.submit(self._strike_run, fault, operation, next(targets), moment)
            for number, (fault, moment) in planned
            if fault in OF_A_RUN
        }
        struck = {
            number: self._strike_node(fault, operation, names, moment)
            for number, (fault, moment) in planned
            if fault in OF_THE_NODE
        }
        struck |= {number: strike.result() for number, strike in runs.items()}
        return [struck[number] for number, _ in planned]

    def _strike_node(self, fault: str, operation: str, names: list[str], moment: float) -> str:
        """Strike while work goes on; again a little later when what was to be struck is not back from the last strike."""
        for pause in (moment, *[BACK_SECONDS] * 6):
            if not self._wait_for_work(names, operation):
                break
            time.sleep(pause)
            if hit := OF_THE_NODE[fault](self._scene()):
                return hit
        return ""

    def _strike_run(self, fault: str, operation: str, name: str, moment: float) -> str:
        """Strike when the run's work is under way; once more, without a pause, when the first came between two pods."""
        for pause in (moment, 0.0, 0.0, 0.0):
            run = self._wait_for_work([name], operation)
            if not run:
                break
            time.sleep(pause)
            with suppress(Unavailable):  # another fault has the API server down: there will be a better moment
                if hit := OF_A_RUN[fault](self._scene(run)):
                    return hit
        return ""

    def _scene(self, run: str = "") -> Scene:
        return Scene(self._on.host, self._on.api, self._on.name, run=run)

    def _wait_for_work(self, names: list[str], operation: str) -> str:
        """Wait until a step of one of the clusters' runs is at work; returns the run, or nothing when none came."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not all(asked.done() for asked in self._asked):
            with suppress(Unavailable):
                for run in self._on.running(f"{operation}-cluster", names):
                    if self._scene(run).pods():
                        return run
            time.sleep(0.3)
        return ""

    def _resume(self, operation: str, name: str, first: Done) -> tuple[int, str]:
        """Resume until the asked state is reached; what died before anybody wrote it down is asked again."""
        last = first
        for attempt in range(RESUMES + 1):
            if last.code == 0:
                return attempt, ""
            last = self._run("resume", "cluster", name, *(("--unprotect",) if operation == "delete" else ()))
            if operation == "delete" and (last.code == UsageError.exit_code or (last.code == 0 and self._is_known(name))):
                last = self._ask(
                    operation, name
                )  # the delete had not begun: `resume` refused it, or knows of nothing but the create
            elif last.code == NotFound.exit_code:
                if operation == "delete":
                    return attempt + 1, ""
                last = self._ask(operation, name)
        return RESUMES, f"{name}: exit {last.code} after {RESUMES} resumes: {last.err[-1500:]}"

    def _is_known(self, name: str) -> bool:
        return self._on.cli.run("describe", "cluster", name).code == 0

    def _judge(self, operation: str, names: list[str]) -> list[str]:
        """Compare the world with what was asked."""
        problems = self._on.difference(names)
        problems += [f"lock left: {lock}" for lock in self._on.locks(names)]
        if operation == "create":
            with ThreadPoolExecutor(len(names)) as pool:
                return problems + [problem for problem in pool.map(self._plan, names) if problem]
        return problems + [f"left in the cloud: {kind} {identifier}" for kind, identifier in self._on.in_cloud()]

    def _plan(self, name: str) -> str:
        """Return what is wrong when a plan of what stands finds something to do."""
        plan = self._on.cli.run("plan", "cluster", "-f", self._spec(name), "--simulate", "--engine", "argo")
        return f"plan of {name} after resume: exit {plan.code}: {plan.out[-500:]} {plan.err[-500:]}" if plan.code else ""


def prepare(cluster: Managed) -> None:
    """Make the store one that can be filled, and the simulated clouds as slow as faults need them."""
    cluster.limit_store()
    with cluster.cloud() as cloud:
        cloud.reset()
        cloud.set_latency_scale(LATENCY)


def report(path: Path, options: argparse.Namespace, results: list[Half]) -> None:
    """Write the campaign's figures."""
    struck = sum(1 for half in results for hit in half.struck if hit)
    bad = [half for half in results if half.problems]
    kinds, resumes = len({fault for half in results for fault in half.faults}), max((half.resumes for half in results), default=0)
    facts = [
        f"Commit {options.commit}, {today()}, seed {options.seed}, latency scale {LATENCY}; host target.",
        f"{struck} faults of {kinds} kinds struck runs at work, three clusters (one on each cloud) at a time; "
        f"{len(bad)} halves of batches with a problem; resumes needed: {resumes} at most.",
    ]
    head = ("batch", "clusters", "operation", "fault", "struck", "resumes", "seconds", "problems")
    rows = [
        (
            half.batch.number,
            half.batch.size,
            half.operation,
            ", ".join(sorted(set(half.faults))),
            "; ".join(half.struck),
            half.resumes,
            half.seconds,
            in_a_cell(half.problems),
        )
        for half in results
    ]
    write_report(path, "Faults on the management cluster (simulated clouds)", facts, head, rows)


def _read(data: dict[str, Any]) -> Half:
    lists = ("faults", "struck", "problems")
    batch: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in data["batch"].items()}
    return Half(**{**data, "batch": Batch(**batch), **{key: tuple(data[key]) for key in lists}})


def _line(half: Half) -> str:
    verdict = "; ".join(half.problems) or "ok"
    where = f"{half.batch.number:3} {half.operation:6} {half.batch.size:5} {', '.join(sorted(set(half.faults))):18}"
    return f"{where} {half.seconds:6}s resumes {half.resumes}  {verdict}"


def main() -> int:
    """Play the campaign, going on where an earlier start of the same seed and commit ended."""
    options = arguments(__doc__, rounds=7, jobs=1, report="benchmarks/reports/argo-faults.md").parse_args()
    log = Log("argo", options, _read)
    known = {half.batch.number for half in log.results if half.operation == "delete"}
    left = log.left(batches(options.rounds, options.seed), known, options.only)
    with managed("soak", log.folder / "home") as cluster:
        prepare(cluster)
        campaign = Campaign(cluster, log.folder)
        for batch in left:
            for half in campaign.play(batch):
                log.add(half, _line(half))
    if not options.only:
        report(options.report, options, log.results)
    return 1 if any(half.problems for half in log.results) else 0


if __name__ == "__main__":
    sys.exit(main())
