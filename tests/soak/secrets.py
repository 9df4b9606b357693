"""The secrets operator killed at every step of a reconcile, and its cloud in trouble: no Secret is lost, wrong or partial.

`python -m tests.soak.secrets --rounds 100` plays the rounds against a real API server and writes
benchmarks/reports/secrets-kills.md. While the operator is down every source is rotated, Secrets are edited and removed, one
source vanishes, a PushSecret goes and another comes. Then the operator ends itself at the step (`tests.support.struck`): each
Secret has to be what it was before or what it is to become, whole. The next operator has to bring everything up to date, restarts
of consumers and the cloud included.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.kube.api import Api, Object
from tests.soak import campaign
from tests.support import apiserver, operator_process, secret_clouds
from tests.support.apiserver import ApiServer
from tests.support.operator_process import make, ready, until
from tests.support.secret_clouds import Gcp
from tests.support.struck import STEPS

REPORT = "benchmarks/reports/secrets-kills.md"
KEYS = 5
"""Keys of each of the two sources of a Secret."""
SIZE = 12
NAMESPACE = "default"
SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
OURS = f"/apis/secrets.hera.dev/v1/namespaces/{NAMESPACE}"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
LEAVING = "leaving"
CONSUMED = "es-0"
"""The Secret that the two Deployments use."""
PATIENCE = 60.0
OFTEN = {name: 8 for name in STEPS if not name.startswith("push") and "restart" not in name and "removal" not in name}
OFTEN |= {"in the store's answers": 20, "between two restarts": 2}
"""How often a step comes in a round, where that is more than once."""
API_GONE = "the API server killed, back after 4 s"
FAULTS = ("forbidden", "throttled", "down", "late", "half", "spoiled", API_GONE)
FIRST_FAULT = 1000
"""The number of the first round with a fault instead of a kill."""
Data = dict[str, str]


@dataclass(frozen=True)
class Round:
    """What came of one kill."""

    number: int
    step: str
    count: int
    there: int
    """Secrets that were there right after the kill."""
    renewed: int
    """How many of them were up to date by then."""
    seconds: float
    """Until everything was up to date again."""
    problems: list[str] = field(default_factory=list)


@dataclass
class World:
    """One API server and one cloud, for all rounds."""

    server: ApiServer
    api: Api
    cloud: Gcp
    log: Path

    def secrets(self) -> dict[str, Data]:
        """Return what every Secret of ours holds."""
        found = self.api.items(SECRETS, labelSelector="secrets.hera.dev/managed=true")
        return {
            item["metadata"]["name"]: {k: base64.b64decode(v).decode() for k, v in (item.get("data") or {}).items()}
            for item in found
        }

    @contextmanager
    def operator(self, *program: str, wait: bool = True) -> Iterator[subprocess.Popen[bytes]]:
        """Run the operator; nobody leads when it starts."""
        self.api.delete(f"/apis/coordination.k8s.io/v1/namespaces/{operator_process.NAMESPACE}/leases/hera-secrets-operator")
        kubeconfig, given = self.server.user(operator_process.USER), program or operator_process.PROGRAM
        with operator_process.running(kubeconfig, self.log, wait=wait, program=given) as operator:
            yield operator.process


def wanted(number: int) -> dict[str, Data]:
    """Return what the Secrets are to hold in a round."""
    return {
        f"es-{index}": {f"{half}{key}": f"{half}-{index}-{key}-v{number}" for half in "ab" for key in range(KEYS)}
        for index in range(SIZE)
    }


def rotate(cloud: Gcp, number: int) -> None:
    """Give every source its new version."""
    for name, data in wanted(number).items():
        for half in "ab":
            content = {key: value for key, value in data.items() if key.startswith(half)}
            cloud.put(f"{half}-{name}", json.dumps(content).encode())


def begin(world: World) -> None:
    """Have everything there and up to date, as of a round before the first."""
    make(world.api, "SecretStore", NAMESPACE, "store", {"provider": {world.cloud.entry: world.cloud.options}})
    rotate(world.cloud, -1)
    for name in wanted(0):
        sources = [{"extract": {"key": f"{half}-{name}"}} for half in "ab"]
        spec = {"secretStoreRef": {"name": "store"}, "refreshInterval": "1s", "dataFrom": sources}
        make(world.api, "ExternalSecret", NAMESPACE, name, spec)
    for name in ("first", "second"):
        world.api.create(DEPLOYMENTS, consumer(name))
    world.cloud.put(LEAVING, b"x")
    data = [{"secretKey": "x", "remoteRef": {"key": LEAVING}}]
    spec = {"secretStoreRef": {"name": "store"}, "refreshInterval": "1s", "data": data, "target": {"deletionPolicy": "Delete"}}
    make(world.api, "ExternalSecret", NAMESPACE, LEAVING, spec)
    world.api.create(SECRETS, {"metadata": {"name": "source"}, "data": {"a": "eHh4"}})
    push(world.api, -1)
    with world.operator():
        until(lambda: not unsettled(world, -1, restarts={}, leaving=True), "it does not begin", PATIENCE)


def consumer(name: str) -> Object:
    """Return a Deployment that wants to be restarted when the Secret changes."""
    container = {"name": "main", "image": "main", "envFrom": [{"secretRef": {"name": CONSUMED}}]}
    labels = {"app": name}
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    return {"metadata": {"name": name, "annotations": {"secrets.hera.dev/restart": "true"}}, "spec": spec}


def push(api: Api, number: int) -> None:
    """Make a round's PushSecret."""
    data = [{"match": {"secretKey": "a", "remoteRef": {"remoteKey": f"pushed-{number}"}}}]
    spec = {"secretStoreRefs": [{"name": "store"}], "selector": {"secret": {"name": "source"}}, "deletionPolicy": "Delete"}
    make(api, "PushSecret", NAMESPACE, f"push-{number}", spec | {"data": data})


def restarted(api: Api) -> dict[str, str]:
    """Return for which version of the Secret each Deployment was last restarted."""
    templates = {item["metadata"]["name"]: item["spec"]["template"]["metadata"] for item in api.items(DEPLOYMENTS)}
    key = f"version.secrets.hera.dev/{CONSUMED}"
    return {name: (found.get("annotations") or {}).get(key, "") for name, found in templates.items()}


def disturb(world: World, number: int, before: int, chance: random.Random) -> None:
    """Change everything while the operator is down; the Secret with consumers is edited or rotated, never removed."""
    rotate(world.cloud, number)
    for name in wanted(number):
        lot = chance.random()
        if lot < 0.3 and name != CONSUMED:
            world.api.delete(f"{SECRETS}/{name}")
        elif lot < 0.6:
            world.api.patch(f"{SECRETS}/{name}", {"data": {"a0": "eHh4", "b1": None}})
    world.cloud.project.secrets.pop(LEAVING)
    world.api.delete(f"{OURS}/pushsecrets/push-{before}")
    push(world.api, number)


def unsettled(world: World, number: int, restarts: dict[str, str], *, leaving: bool, gone: int | None = None) -> list[str]:
    """Say what is not yet as it has to be."""
    now, goal = world.secrets(), wanted(number)
    found = [f"{name} is not up to date" for name in goal if now.get(name) != goal[name]]
    found += [] if (LEAVING in now) == leaving else [f"{LEAVING} is {'' if LEAVING in now else 'not '}there"]
    found += [f"{name} was not restarted" for name, version in restarted(world.api).items() if version == restarts.get(name)]
    found += [] if f"pushed-{number}" in world.cloud.project.secrets else ["nothing is pushed"]
    found += [f"pushed-{gone} stays in the cloud"] if f"pushed-{gone}" in world.cloud.project.secrets else []
    pushes = [item["metadata"]["name"] for item in world.api.items(f"{OURS}/pushsecrets")]
    found += [f"{name} stays" for name in pushes if name != f"push-{number}"]
    told = ready(world.api, NAMESPACE, LEAVING)[1]
    found += [] if told == ("SecretSynced" if leaving else "SecretDeleted") else [f"{LEAVING} says {told}"]
    said = [name for name in goal if ready(world.api, NAMESPACE, name)[0] != "True"]
    return found + [f"{name} is not Ready" for name in said]


def play(world: World, number: int, before: int, seed: int) -> Round:
    """Disturb everything, kill the operator at a step, look, and have the next one make everything good."""
    chance, step = random.Random(f"{seed}-{number}"), list(STEPS)[number % len(STEPS)]
    count = 1 + chance.randrange(OFTEN.get(step, 1))
    disturb(world, number, before, chance)
    left, restarts, problems = world.secrets(), restarted(world.api), []
    with world.operator("tests.support.struck", step, str(count), wait=False) as process:
        try:
            if process.wait(PATIENCE) != -signal.SIGKILL:
                problems.append(f"it ended with {process.returncode}")
        except subprocess.TimeoutExpired:
            problems.append("it did not come to this step")
    there, goal = world.secrets(), wanted(number)
    problems += [f"{name} is lost" for name in left if name not in there and name != LEAVING]
    problems += [f"{name} is wrong or partial" for name, data in there.items() if data not in (left.get(name), goal.get(name))]
    renewed = sum(there.get(name) == data for name, data in goal.items())
    with world.operator():
        seconds = patiently(lambda: unsettled(world, number, restarts, leaving=False, gone=before), problems)
        world.cloud.put(LEAVING, b"x")
        force = {"metadata": {"annotations": {"secrets.hera.dev/force-sync": str(time.time())}}}
        world.api.patch(f"{OURS}/externalsecrets/{LEAVING}", force)
        patiently(lambda: unsettled(world, number, restarts, leaving=True, gone=before), problems)
    return Round(number, step, count, len(there), renewed, round(seconds, 2), problems)


def patiently(missing: Callable[[], list[str]], problems: list[str]) -> float:
    """Wait until nothing is missing; what still is after a while is a problem."""
    try:
        return until(lambda: not missing(), "", PATIENCE)
    except AssertionError:
        problems += missing()
        return PATIENCE


def play_fault(world: World, number: int, before: int, fault: str) -> Round:
    """Rotate everything while the cloud or the API server has trouble, look, and have it end."""
    problems: list[str] = []
    left, goal, restarts = world.secrets(), wanted(number), restarted(world.api)
    with world.operator():
        world.cloud.break_down(fault)
        push(world.api, number)
        world.api.delete(f"{OURS}/pushsecrets/push-{before}")
        rotate(world.cloud, number)
        if fault == API_GONE:
            world.server.restart(seconds_down=4)
        else:
            patiently(
                lambda: [f"{name} says nothing" for name in goal if ready(world.api, NAMESPACE, name)[0] != "False"], problems
            )
        there = world.secrets()
        for name, data in left.items():
            if there.get(name) != data and not (fault == API_GONE and there.get(name) == goal.get(name)):
                problems.append(f"{name} is lost, wrong or partial")
        world.cloud.mend()
        seconds = patiently(lambda: unsettled(world, number, restarts, leaving=True, gone=before), problems)
    renewed = sum(there.get(name) == data for name, data in goal.items())
    return Round(number, fault, 1, len(there), renewed, round(seconds, 2), problems)


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Bring up what all rounds share."""
    with (
        pytest.MonkeyPatch.context() as patch,
        apiserver.running(folder / "api", [operator_process.USER]) as server,
        secret_clouds.running("gcpsm", folder / "cloud", patch) as cloud,
    ):
        assert isinstance(cloud, Gcp)
        found = World(server, operator_process.install(server), cloud, folder / "operator.log")
        begin(found)
        yield found


def main() -> int:
    parser = campaign.arguments(__doc__ or "", rounds=100, jobs=1, report=REPORT)
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after this long, and go on the next time")
    options = parser.parse_args()
    log: campaign.Log[Round] = campaign.Log("secrets", options, lambda data: Round(**data))
    done, ends, before = {item.number for item in log.results}, time.monotonic() + options.seconds, -1
    with tempfile.TemporaryDirectory() as name, world(Path(name)) as shared:
        for number in options.only or [*range(options.rounds), *range(FIRST_FAULT, FIRST_FAULT + 2 * len(FAULTS))]:
            if number not in done and time.monotonic() < ends:
                fault = FAULTS[number % FIRST_FAULT % len(FAULTS)] if number >= FIRST_FAULT else ""
                result = play_fault(shared, number, before, fault) if fault else play(shared, number, before, options.seed)
                before = number
                log.add(result, f"{number:3} {result.step} ({result.count}): {result.seconds} s, {result.problems or 'well'}")
    if not options.only:
        report(log.results, options)
    return 1 if any(item.problems for item in log.results) else 0


def report(results: Sequence[Round], options: argparse.Namespace) -> None:
    """Write the figures."""
    played = Counter(item.step for item in results)
    facts = [
        f"{len(results)} rounds on {campaign.today()}, commit {options.commit}, seed {options.seed}; a real API server (etcd and "
        "kube-apiserver, no node), the operator as a process, Google's real SDK against tests/doubles/secretmanager.py.",
        f"While the operator is down {SIZE} Secrets of two sources each are rotated, edited or removed, a source of a Secret "
        "with deletionPolicy Delete vanishes, a PushSecret goes and another comes. The operator then kills itself (SIGKILL) when "
        "it comes to the step for the given time. The last rounds rotate everything while the running operator meets a fault: "
        "the cloud forbids, throttles, is down, comes too late, answers half of the keys, spoils what it sends; the API server "
        "is killed.",
        "A round fails when a Secret is then neither as before nor as it is to become, or lost; or when the next operator does "
        f"not bring everything up to date in {PATIENCE:.0f} s: Secrets, statuses, restarts of consumers, what is in the cloud.",
        f"Rounds with problems: {sum(bool(item.problems) for item in results)}. Longest until everything was up to date: "
        f"{max((item.seconds for item in results), default=0):.1f} s.",
        "\n".join(f"- {step}: {played[step]} rounds" for step in (*STEPS, *FAULTS)),
    ]
    ordered = sorted(results, key=lambda item: item.number)
    rows = [
        (item.number, item.step, item.count, item.there, item.renewed, item.seconds, campaign.in_a_cell(item.problems))
        for item in ordered
    ]
    head = ("round", "killed, or fault", "time", "Secrets there", "of them up to date", "all up to date after (s)", "problems")
    campaign.write_report(
        options.report, "The secrets operator killed at every step, and its cloud in trouble", facts, head, rows
    )


if __name__ == "__main__":
    sys.exit(main())
