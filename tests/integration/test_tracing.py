"""A run is one trace: the command, the pipeline, each answer, each step and each terraform in it, one below the other."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles import otlp
from tests.doubles.otlp import Collector, Received
from tests.support.cli import EXAMPLES, Cli
from tests.support.ports import free_port

SPEC = EXAMPLES / "aws-dev.yaml"
STEPS = ("lifecycle.admit", "network.plan", "network.apply", "cluster.plan", "cluster.apply", "lifecycle.record")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with otlp.running(free_port()) as found:
        yield found


def tree(spans: list[Received]) -> dict[str, str]:
    """Return each span's name with its parent's."""
    names = {span.id: span.name for span in spans}
    return {span.name: names.get(span.parent, span.parent) for span in spans}


def test_a_create_is_one_trace(cli: Cli, collector: Collector) -> None:
    words = ("create", "cluster", "-f", SPEC, "--simulate", "--yes", "--engine", "local")
    cli.run(*words, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url).ok()
    spans = {span.id: span for span in collector.spans}
    assert len({span.trace for span in spans.values()}) == 1
    assert len(spans) == len(collector.spans)
    parents = tree(collector.spans)
    assert parents["clusterctl create cluster"] == ""
    assert parents["pipeline create-cluster"] == "clusterctl create cluster"
    assert {step: parents[f"step {step}"] for step in STEPS} == dict.fromkeys(STEPS, "pipeline create-cluster")
    assert parents["approval network-approve"] == parents["approval cluster-approve"] == "pipeline create-cluster"
    applied = {spans[span.parent].name for span in spans.values() if span.name == "terraform apply"}
    assert applied == {"step network.apply", "step cluster.apply"}
    assert not any(span.failed for span in spans.values())
    for span in spans.values():
        parent = spans.get(span.parent, span)
        assert parent.begin - 0.01 <= span.begin <= span.end <= parent.end + 0.01, (span.name, parent.name)


def test_a_failure_shows_where_it_happened(cli: Cli, collector: Collector) -> None:
    words = ("delete", "cluster", "nowhere", "--simulate", "--yes", "--engine", "local")
    assert cli.run(*words, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url).code == 66
    failed = [span.name for span in collector.spans if span.failed]
    assert failed and failed[-1] == "clusterctl delete cluster"


def test_the_trace_of_who_calls_goes_on(cli: Cli, collector: Collector) -> None:
    """A CI job that is traced itself has the run in its own trace."""
    trace, parent = "ab" * 16, "cd" * 8
    extra = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "TRACEPARENT": f"00-{trace}-{parent}-01"}
    cli.run("version", **extra).ok()
    assert [(span.trace, span.parent, span.name) for span in collector.spans] == [(trace, parent, "clusterctl version")]


def test_a_collector_that_is_gone_is_said_and_costs_seconds(cli: Cli) -> None:
    began = time.monotonic()
    done = cli.run("version", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}").ok()
    assert time.monotonic() - began < 15
    assert re.search("export|span", done.err, re.IGNORECASE) and done.out


def test_nobody_asked_nothing_sent(cli: Cli, collector: Collector) -> None:
    cli.run("version").ok()
    assert collector.spans == []


def test_parameters_carry_the_trace_only_when_there_is_one(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "k8s" / "base" / "workflows" / "create-cluster.yaml").read_text()
    containers = text.count("name: HERA_ROOT")
    assert containers >= 4 and text.count("name: TRACEPARENT\n        value: '{{workflow.parameters.traceparent}}'") == containers
