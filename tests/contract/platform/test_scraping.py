"""Prometheus looks for what it may reach: its configuration, the manifests and the network policies name the same ports."""

from __future__ import annotations

import itertools
import re

import yaml

from tests.support import overlays, reachability
from tests.support.overlays import K8S
from tests.support.traffic import Evaluator

CONFIG = yaml.safe_load((K8S / "components" / "observability" / "config" / "prometheus.yml").read_text())
OUTSIDE_OF_OUR_NAMES = {"hera-operators", "argocd-applicationset-controller"}
"""The operators' own namespace, and a part of Argo CD that the policies' table does not have."""


def looked_for() -> set[tuple[str, str, str]]:
    """Return namespace, name and port of all components that are scraped."""
    job = next(job for job in CONFIG["scrape_configs"] if job["job_name"] == "components")
    regex = re.sub(r"\s", "", next(rule["regex"] for rule in job["relabel_configs"] if rule["action"] == "keep"))
    found = set()
    for alternative in re.split(r"\|(?![^(]*\))", regex):
        parts = [expanded(part) for part in alternative.split(";")]
        found |= set(itertools.product(*parts))
    return found  # type: ignore[return-value]


def expanded(part: str) -> list[str]:
    """Return what a regular expression of groups and alternatives stands for."""
    pieces = [
        ["", piece[1:-2]] if piece.endswith(")?") else piece[1:-1].split("|") if piece.startswith("(") else [piece]
        for piece in re.findall(r"\([^)]*\)\??|[^()]+", part)
    ]
    return ["".join(choice) for choice in itertools.product(*pieces)]


def test_what_is_looked_for_is_what_may_be_reached() -> None:
    policies = [obj for obj in overlays.built("prod") if obj["kind"] == "NetworkPolicy"]
    evaluator = Evaluator(policies)
    asked = [(one, other, port) for one, other, port in reachability.questions() if one.name == "prometheus"]
    open_ = {(other.name, str(port)) for one, other, port in asked if evaluator.allows(one, other, port)}
    wanted = {
        (name, port)
        for namespace, name, port in looked_for()
        if not {namespace, name} & OUTSIDE_OF_OUR_NAMES and not name.startswith("hera-")
    }
    assert wanted and wanted - open_ == set()


def test_what_we_make_has_the_ports_that_are_looked_for() -> None:
    made = {
        (obj["metadata"]["namespace"], obj["metadata"]["name"], str(port["containerPort"]))
        for obj in overlays.built("dev", ("observability",))
        if obj["kind"] in ("Deployment", "StatefulSet", "DaemonSet")
        for container in obj["spec"]["template"]["spec"]["containers"]
        for port in container["ports"]
    }
    ours = {item for item in looked_for() if item[0] in ("monitoring", "node-agents")}
    assert ours and ours - made == set()
