"""What Argo costs under our configuration and under its own: one host cluster, one after the other, one report.

Our configuration is the profile `dev` with the pipelines as they are. The other side is Argo as it comes (profile
`argo-default`) and create-cluster as anybody would write it first: the same six steps, images and commands, each in a pod of
its own. Everything else (cluster, images, stores, simulated cloud) is the same for both.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import platform
import secrets
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.measure import Figure, publish, table
from infra.kube.api import Api
from tests.soak.campaign import commit, today
from tests.support import argo, managed
from tests.support.cli import EXAMPLES, PROJECT, Cli

OURS, DEFAULT = "dev", "argo-default"
STEPS = ("admit", "network-plan", "network-apply", "cluster-plan", "cluster-apply", "record")
PODS_PER_STEP, OVERHEAD, RATE = 0.5, 0.25, 1 / 3
PATIENCE = 600.0
"""Seconds after which a run counts as stuck: under its own configuration Argo was seen to forget one."""
REPORT = PROJECT / "benchmarks" / "reports" / "argo.md"
KEEP = {"strategy": "OnWorkflowCompletion", "deleteDelayDuration": "300s"}
"""Pods of a measured run stay until their logs, in which the steps say how long they worked, have been read."""


@dataclass(frozen=True)
class Create:
    """One measured create-cluster."""

    wall: float
    work: float
    pods: int

    @property
    def overhead(self) -> float:
        """Seconds a step that are not the step's own work."""
        return (self.wall - self.work) / len(STEPS)


@dataclass(frozen=True)
class Side:
    """What one configuration did."""

    creates: tuple[Create, ...]
    prints: float

    @property
    def overhead(self) -> float:
        return statistics.median(create.overhead for create in self.creates)


def grouped(installed: argo.Object) -> argo.Object:
    """Return the installed create-cluster as it is, but that its pods stay."""
    spec: argo.Object = copy.deepcopy(installed["spec"])
    return spec | {"podGC": KEEP}


def plain(installed: argo.Object) -> argo.Object:
    """Return create-cluster with a pod for each step, from the installed one's images, environment and volumes."""
    templates = {template["name"]: template for template in installed["spec"]["templates"]}
    base, applier = templates["plan-network"], templates["apply-network"]["serviceAccountName"]
    common = [item for item in base["container"]["env"] if item["name"] != "HERA_OPERATION"]

    def step(name: str, link: str, **values: str) -> argo.Object:
        template: argo.Object = {key: copy.deepcopy(base[key]) for key in ("container", "volumes")}
        variables = [{"name": f"HERA_{key.upper()}", "value": value} for key, value in values.items()]
        template["container"] |= {"command": ["python", "-m", "steps.chain", link], "env": common + variables}
        inputs = [{"name": key} for key in ("changes", "plan_digest") if key in values]
        outputs = {"outputs": base["outputs"]} if link.endswith(".plan") else {}
        return template | {"name": name, "serviceAccountName": applier, "inputs": {"parameters": inputs}} | outputs

    def apply(stage: str) -> argo.Object:
        given = {key: f"{{{{inputs.parameters.{key}}}}}" for key in ("changes", "plan_digest")}
        return step(f"{stage}-apply", f"{stage}.apply", **given, approved_by="", self_approval="allowed")

    def task(name: str, after: str, plan: str = "") -> argo.Object:
        output = f"{{{{tasks.{plan}.outputs.parameters.%s}}}}"
        pairs = {"changes": output % "changes", "plan_digest": output % "plan-digest"} if plan else {}
        arguments = {"parameters": [{"name": key, "value": value} for key, value in pairs.items()]}
        return {"name": name, "template": name, "arguments": arguments} | ({"dependencies": [after]} if after else {})

    admit, network_plan, network_apply, cluster_plan, cluster_apply, record = STEPS
    tasks = [
        task(admit, ""),
        task(network_plan, admit),
        task(network_apply, network_plan, network_plan),
        task(cluster_plan, network_apply),
        task(cluster_apply, cluster_plan, cluster_plan),
    ]
    ended = {"operation": "create", "status": "{{workflow.status}}", "failures": "{{workflow.failures}}"}
    made = [
        {"name": "create", "dag": {"tasks": tasks}},
        step(admit, "lifecycle.admit", operation="create"),
        step(network_plan, "network.plan"),
        apply("network"),
        step(cluster_plan, "cluster.plan"),
        apply("cluster"),
        step(record, "lifecycle.record", **ended),
    ]
    kept = {key: installed["spec"][key] for key in ("arguments", "securityContext", "serviceAccountName")}
    return kept | {"entrypoint": "create", "onExit": record, "templates": made, "podGC": KEEP}


def printing(installed: argo.Object) -> argo.Object:
    """Return a pipeline of one print."""
    image = next(str(template["container"]["image"]) for template in installed["spec"]["templates"] if "container" in template)
    template = {"name": "print", "container": {"image": image, "command": ["sh", "-c", "echo 1"]}}
    return {"entrypoint": "print", "templates": [argo.confined(template, image)]}


class Bench:
    """A host cluster with Hera on it, for one run of the benchmark."""

    def __init__(self, home: Path, name: str) -> None:
        self.cli, self.name, self.suite = Cli(home), name, f"bench-{secrets.token_hex(3)}"

    def bootstrap(self, *flags: str) -> None:
        """Install, or change the configuration of what is there."""
        words = ("bootstrap", "--target", "host", "--name", self.name, *flags)
        done = self.cli.run(*words, timeout=3600)
        if done.code:
            raise RuntimeError(f"clusterctl {' '.join(words)} ended with {done.code}:\n{done.err[-3000:]}")

    def side(self, profile: str, rounds: int, prints: int) -> Side:
        """Measure one configuration."""
        self.bootstrap("--simulate", "--profile", profile)
        api = managed.of(self.name, self.cli).api
        installed = api.get(f"{argo.GROUP}/workflowtemplates/create-cluster")
        shape = grouped(installed) if profile == OURS else plain(installed)
        for name, spec in (("create", shape), ("print", printing(installed))):
            metadata = {"name": f"{self.suite}-{profile}-{name}", "labels": {argo.LABEL: self.suite}}
            body = argo.VERSION | {"kind": "WorkflowTemplate", "metadata": metadata, "spec": spec}
            api.create(f"{argo.GROUP}/workflowtemplates", body)
        creates = tuple(self.create(api, profile, number) for number in range(rounds + 1))
        return Side(creates[1:], self.prints(api, profile, prints))

    def create(self, api: Api, profile: str, number: int) -> Create:
        """Time one create-cluster of a cluster of its own."""
        name = f"{profile}-{number}"
        spec = yaml.safe_load((EXAMPLES / "aws-dev.yaml").read_text())
        spec["metadata"]["name"] = name
        parameters = {"cluster": name, "spec": yaml.safe_dump(spec), "approval": "never"}
        started = time.monotonic()
        run = argo.submit(api, self.suite, f"{self.suite}-{profile}-create", parameters)
        workflow = _ended(api, run)
        wall = time.monotonic() - started
        if argo.phase(workflow) != "Succeeded":
            raise RuntimeError(argo.tree(workflow))
        pods = list(api.items(f"/api/v1/namespaces/{argo.NAMESPACE}/pods", labelSelector=f"workflows.argoproj.io/workflow={run}"))
        work = sum(_work(api, pod["metadata"]["name"]) for pod in pods)
        print(f"{profile}: create {number}: {wall:.1f} s, {work:.1f} s of it work, {len(pods)} pods", file=sys.stderr, flush=True)
        return Create(wall, work, len(pods))

    def prints(self, api: Api, profile: str, count: int) -> float:
        """Return how many workflows of one print end in a minute when so many are queued at once."""
        started, label = time.monotonic(), f"{self.suite}-{profile}"
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: argo.submit(api, label, f"{self.suite}-{profile}-print"), range(count)))
        while (left := _unfinished(api, label)) and time.monotonic() - started < 1800:
            time.sleep(0.5)
        seconds = time.monotonic() - started
        if left:
            raise RuntimeError(f"{left} of {count} workflows did not end in {seconds:.0f} s")
        print(f"{profile}: {count} prints in {seconds:.1f} s", file=sys.stderr, flush=True)
        argo.remove(api, label)
        return count / seconds * 60


def _ended(api: Api, run: str) -> argo.Object:
    until = time.monotonic() + PATIENCE
    while argo.phase(workflow := api.get(f"{argo.GROUP}/workflows/{run}")) not in argo.ENDED:
        if time.monotonic() > until:
            raise RuntimeError(f"{run} did not end in {PATIENCE:.0f} s; its controller is to be looked at\n{argo.tree(workflow)}")
        time.sleep(0.2)
    return workflow


def _unfinished(api: Api, label: str) -> int:
    chosen = f"{argo.LABEL}={label},workflows.argoproj.io/completed!=true"
    return sum(1 for _ in api.items(f"{argo.GROUP}/workflows", labelSelector=chosen))


def _work(api: Api, pod: str) -> float:
    """Return how long a pod's steps worked, as they say themselves."""
    lines = (line for line in api.logs(argo.NAMESPACE, pod, "main") if '"event": "link"' in line)
    return sum(float(json.loads(line).get("seconds", 0)) for line in lines)


def figures(ours: Side, default: Side) -> Iterator[Figure]:
    """Compare the two sides."""
    walls = [statistics.median(create.wall for create in side.creates) for side in (ours, default)]
    works = [statistics.median(create.work for create in side.creates) for side in (ours, default)]
    note = f"wall {walls[0]:.1f} s and {walls[1]:.1f} s, of which work {works[0]:.1f} s and {works[1]:.1f} s"
    yield Figure("create-cluster: overhead per step", ours.overhead, default.overhead, "Argo's default", OVERHEAD, note=note)
    pods = max(create.pods for create in ours.creates)
    yield Figure("create-cluster: pods", pods, len(STEPS), "a pod per step", PODS_PER_STEP, unit="pods")
    rates = f"{ours.prints:.0f} a minute against {default.prints:.0f}"
    yield Figure("queued prints: time for each", 60 / ours.prints, 60 / default.prints, "Argo's default", RATE, note=rates)


def report(found: list[Figure], rounds: int, prints: int) -> str:
    """Return the report."""
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.release()}"
    where = f"Commit {commit()}, {today()}, {machine}; one host cluster for both sides."
    again = f"`python -m benchmarks.argo` measures again: {rounds} creates of examples/aws-dev.yaml a side after one to warm up"
    tail = (
        "Overhead is the wall time from the request to the end, less what the steps say they worked, by six steps. Ours is the "
        "profile `dev` with the pipelines as they are; the peer is `argo-default` with a pod for each of the six steps."
    )
    head = f"# Argo: our configuration against its default (simulated cloud)\n\n{where} {again}, medians; {prints} prints.\n\n"
    return f"{head}{table(found)}\n{tail}\n"


def main() -> int:
    """Measure, show, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one create and five prints a side, no report: does it work?")
    parser.add_argument("--name", default="bench", help="the host cluster's name")
    parser.add_argument("--home", type=Path, default=Path("/tmp/hera-bench-argo"), help="HERA_HOME of the run")
    parser.add_argument("--keep", action="store_true", help="leave the cluster")
    args = parser.parse_args()
    rounds, prints = (1, 5) if args.quick else (3, 100)
    bench = Bench(args.home, args.name)
    try:
        ours = bench.side(OURS, rounds, prints)
        found = list(figures(ours, bench.side(DEFAULT, rounds, prints)))
    finally:
        if not args.keep:
            bench.bootstrap("--down", "--yes")
    return publish(report(found, rounds, prints), found, REPORT, quick=args.quick)


if __name__ == "__main__":
    sys.exit(main())
