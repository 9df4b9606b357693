"""Fifty leaders lost in five ways: killed, stopped, frozen, cut off, clocks moved; two never write at once.

`python -m tests.soak.leader --rounds 50` plays the rounds against a real API server and writes benchmarks/reports/leader.md. Two
replicas of `tests.support.counting` add to one counter; every version of the counter is watched, and the history must be one
that a single writer could have made: each version adds one, terms only grow, each term has one holder.

Clocks are moved by libfaketime, for one replica's process alone: all that it asks for the time on the wall is an hour off.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from infra.kube.api import Api
from tests.soak import campaign
from tests.support import apiserver
from tests.support.apiserver import ApiServer
from tests.support.clock import Clock
from tests.support.waiting import until
from tests.support.wire import Wire

REPORT = "benchmarks/reports/leader.md"
WAYS = ("killed", "stopped", "frozen", "cut", "clock")
LIMITS = {"killed": 17.0, "stopped": 3.0, "frozen": 17.0, "cut": 17.0, "clock": 17.0}
"""Seconds until another replica writes."""
SLACK = 1.0
"""For a machine that is busy with other things."""
PATIENCE = 60.0
SEEN_SECONDS = 5.0
"""Until a moved clock was asked and a renewal told of it."""


@dataclass(frozen=True)
class Round:
    """What came of one loss."""

    number: int
    way: str
    seconds: float
    writes: int
    after_return: int
    """Writes of the first leader after the second one's first."""
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Version:
    """One version of the counter."""

    value: int
    term: int
    holder: str
    at: float


class Replica:
    """One process, behind a wire of its own."""

    def __init__(self, server: ApiServer, namespace: str, name: str, clock: Clock) -> None:
        self.name, self.clock = name, clock
        self.wire = Wire(server.port)
        kubeconfig = server.user(apiserver.ADMIN, self.wire.port)
        argv = [sys.executable, "-m", "tests.support.counting", str(kubeconfig), namespace, name]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={**os.environ, **clock.environment()})
        self.said: list[dict[str, object]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.said.append(json.loads(line))

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def close(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        self.wire.close()


class History:
    """Every version of the counter, as the API server's watch tells it."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.versions: list[Version] = []
        self._api, self._namespace = api, namespace
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        path = f"/api/v1/namespaces/{self._namespace}/configmaps"
        for kind, item in self._api.watch(path, fieldSelector="metadata.name=counter"):
            if kind == "DELETED":
                return
            data = item["data"]
            self.versions.append(Version(int(data["value"]), int(data["term"]), data["holder"], time.monotonic()))

    def first_by(self, holder: str) -> Version | None:
        return next((item for item in self.versions if item.holder == holder), None)

    def leader(self) -> str:
        return self.versions[-1].holder if self.versions else ""


def problems(versions: Sequence[Version]) -> list[str]:
    """Return why no single writer could have made this history."""
    found = []
    holders: dict[int, str] = {}
    for before, now in zip(versions, versions[1:], strict=False):
        if now.value != before.value + 1:
            found.append(f"{before.value} was followed by {now.value}")
        if now.term < before.term:
            found.append(f"term {now.term} wrote after term {before.term}")
        if holders.setdefault(now.term, now.holder) != now.holder:
            found.append(f"term {now.term} was {holders[now.term]}'s and {now.holder}'s")
    return found


def play(server: ApiServer, number: int, seed: int) -> Round:
    """Lose one leader, and see what the other and the counter do."""
    way, chance = WAYS[number % len(WAYS)], random.Random(f"{seed}-{number}")
    api, namespace = server.connect(), f"round-{number}-{chance.randrange(16**6):06x}"
    api.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    counter = {"metadata": {"name": "counter"}, "data": {"value": "0", "term": "0", "holder": ""}}
    api.create(f"/api/v1/namespaces/{namespace}/configmaps", counter)
    history = History(server.connect(), namespace)
    with replicas(server, namespace) as pair:
        until(lambda: history.leader() != "", "nobody leads", PATIENCE)
        first = next(item for item in pair if item.name == history.leader())
        second = next(item for item in pair if item is not first)
        until(
            lambda: any(said["what"] == "started" for said in second.said),
            "the second replica does not start",
            PATIENCE,
        )
        time.sleep(2 + chance.random() * 2)
        found = [] if way != "clock" else _move_clocks(api, namespace, first, second, history)
        lost = time.monotonic()
        _lose(first, way)
        until(lambda: history.leader() == second.name, "nobody took over", PATIENCE)
        taken = history.first_by(second.name)
        assert taken is not None
        time.sleep(1 + chance.random() * 3)
        _bring_back(first, way)
        time.sleep(3)
    api.delete(f"/api/v1/namespaces/{namespace}/configmaps/counter")
    found += problems(history.versions)
    seconds = taken.at - lost
    if seconds > LIMITS[way] + SLACK:
        found.append(f"taken over after {seconds:.1f} s")
    late = [item for item in history.versions if item.holder == first.name and item.at > taken.at]
    found += [f"{len(late)} writes of the first leader after the second one's"] if late else []
    return Round(number, way, round(seconds, 2), history.versions[-1].value, len(late), found)


@contextmanager
def replicas(server: ApiServer, namespace: str) -> Iterator[list[Replica]]:
    with ExitStack() as stack:
        pair = []
        for name in ("red", "blue"):
            pair.append(Replica(server, namespace, name, Clock(server.folder / f"{namespace}-{name}")))
            stack.callback(pair[-1].close)
        yield pair


def _move_clocks(api: Api, namespace: str, first: Replica, second: Replica, history: History) -> list[str]:
    """An hour forwards here, backwards there, then the other way round: only what the Lease tells people changes."""
    found = []
    for here, there in ((1, 0), (1, -1), (-1, 1)):
        first.clock.move(here)
        second.clock.move(there)
        time.sleep(SEEN_SECONDS)
        ahead = _renewed(api, namespace) - time.time()
        if abs(ahead - here * 3600) > 60:
            found.append(f"the leader's clock is {ahead:.0f} s off where {here} h was wanted")
    return found + ([] if history.first_by(second.name) is None else ["a moved clock ended a term"])


def _renewed(api: Api, namespace: str) -> float:
    """Return when the Lease was renewed, by the clock of who leads."""
    lease = api.get(f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/counter")
    return datetime.fromisoformat(lease["spec"]["renewTime"]).timestamp()


def _lose(replica: Replica, way: str) -> None:
    if way == "cut":
        replica.wire.cut()
    else:
        replica.send({"killed": signal.SIGKILL, "stopped": signal.SIGTERM, "frozen": signal.SIGSTOP}.get(way, signal.SIGKILL))


def _bring_back(replica: Replica, way: str) -> None:
    if way == "frozen":
        replica.send(signal.SIGCONT)
    replica.wire.mend()


def main() -> int:
    parser = campaign.arguments(__doc__ or "", rounds=50, jobs=5, report=REPORT)
    options = parser.parse_args()
    log: campaign.Log[Round] = campaign.Log("leader", options, lambda data: Round(**data))
    done = {item.number for item in log.results}
    wanted = [number for number in options.only or range(options.rounds) if number not in done]
    with (
        tempfile.TemporaryDirectory() as folder,
        apiserver.running(Path(folder)) as server,
        ThreadPoolExecutor(options.jobs) as pool,
    ):
        for result in pool.map(lambda number: play(server, number, options.seed), wanted):
            log.add(result, f"{result.number:3} {result.way:8} {result.seconds:6.2f} s  {result.problems or 'well'}")
    if not options.only:
        report(log.results, options)
    return 1 if any(item.problems for item in log.results) else 0


def report(results: Sequence[Round], options: argparse.Namespace) -> None:
    """Write the figures."""
    facts = [
        f"{len(results)} rounds on {campaign.today()}, commit {options.commit}, seed {options.seed}; two replicas and a real API "
        "server (etcd and kube-apiserver, no node) on one machine. Lease 15 s, renewal trusted for 10 s, renewed every 2 s.",
        "A round fails when a version of the counter does not add one, when a term writes after a later one, when a term has two "
        "holders, when the first leader writes after the second, or when nobody takes over in time.",
        f"Problems: {sum(bool(item.problems) for item in results)}.",
        f"Versions of the counter that were checked: {sum(item.writes for item in results)}.",
        *(_figures(way, [item.seconds for item in results if item.way == way]) for way in WAYS),
    ]
    ordered = sorted(results, key=lambda item: item.number)
    rows = [
        (item.number, item.way, item.seconds, item.writes, item.after_return, campaign.in_a_cell(item.problems))
        for item in ordered
    ]
    head = ("round", "leader", "other writes after (s)", "versions", "late writes", "problems")
    campaign.write_report(options.report, "Leaders lost", facts, head, rows)


def _figures(way: str, seconds: Sequence[float]) -> str:
    return f"- {way}: {len(seconds)} rounds, longest {max(seconds, default=0):.2f} s, limit {LIMITS[way]:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
