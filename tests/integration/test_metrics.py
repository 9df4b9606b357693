"""What a real Argo, API server and kubelet count is what `infra.metrics`, the rules and the dashboards believe they count."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from infra import metrics
from tests.doubles import otlp
from tests.doubles.otlp import Received
from tests.support import exposition
from tests.support.argo import GROUP, collect, submit
from tests.support.cli import EXAMPLES
from tests.support.managed import Managed
from tests.support.ports import free_port

pytestmark = pytest.mark.management

SUITE = "metrics"
CLUSTER = "counted"
HISTOGRAM = {"le"}
UNSEEN = "argo_workflows_error_count"
"""Is there once there was an error."""
TRACED: list[Received] = []
"""The spans of the command that made the cluster."""


def scraped(management: Managed, path: str) -> list[Sample]:
    """Return what is at a path of the API server, or of a pod or node behind it."""
    argv = ["kubectl", "--kubeconfig", str(management.host.kubeconfig), "get", "--raw", path]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [sample for family in text_string_to_metric_families(done.stdout) for sample in family.samples]


@pytest.fixture(scope="module")
def counted(management: Managed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sample]]:
    """What the controller has counted after a create, a comparison that found something and a run that failed."""
    spec: Path = tmp_path_factory.mktemp("spec") / "cluster.yaml"
    spec.write_text((EXAMPLES / "aws-dev.yaml").read_text().replace("name: sandbox", f"name: {CLUSTER}", 1))
    words = ("create", "cluster", "-f", spec, "--simulate", "--yes", "--engine", "argo")
    with otlp.running(free_port()) as collector:
        management.cli.run(*words, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url).ok()
    TRACED.extend(collector.spans)
    with management.cloud() as cloud:
        (network,) = cloud.objects(type="aws_vpc", tags={"hera-cluster": CLUSTER})
        cloud.change(network.id, {"enable_dns_hostnames": False})
    assert management.cli.run("drift", "cluster", CLUSTER, "--simulate", "--engine", "argo").code == 2
    starts = {"fails": lambda: submit(management.api, SUITE, "delete-cluster", {"cluster": "nowhere", "simulate": "true"})}
    ended = collect(management.api, SUITE, starts, at_once=1, seconds=120)
    assert ended["fails"]["status"]["phase"] == "Failed"
    pods = management.api.items("/api/v1/namespaces/argo/pods", labelSelector="app=workflow-controller")
    name = next(pod["metadata"]["name"] for pod in pods)
    yield scraped(management, f"/api/v1/namespaces/argo/pods/https:{name}:9090/proxy/metrics")
    management.cli.run("delete", "cluster", CLUSTER, "--simulate", "--yes", "--engine", "argo").ok()


def values(samples: list[Sample], name: str) -> dict[tuple[str, ...], float]:
    """Return a figure of ours by its labels' values, in the table's order; other tests' clusters are left out."""
    metric = next(item for item in metrics.PIPELINES if item.name == name)
    ours = (CLUSTER, "nowhere")
    found = [s for s in samples if s.name == metrics.ARGO + name and s.labels.get("cluster", CLUSTER) in ours]
    return {tuple(sample.labels.get(label, "") for label in metric.labels): sample.value for sample in found}


@pytest.mark.parametrize("metric", metrics.PIPELINES, ids=lambda metric: metric.name)
def test_the_controller_counts_what_the_table_says(counted: list[Sample], metric: metrics.Metric) -> None:
    for series in metric.series:
        labels = [set(sample.labels) - HISTOGRAM for sample in counted if sample.name == metrics.ARGO + series]
        assert labels and all(found == set(metric.labels) for found in labels), (series, labels)


def test_the_figures_are_right(counted: list[Sample]) -> None:
    assert values(counted, "hera_cluster") == {(CLUSTER, "aws", "dev"): 1}
    assert values(counted, "hera_cluster_drift") == {(CLUSTER, "network"): 1, (CLUSTER, "cluster"): 0, (CLUSTER, "platform"): 0}
    assert values(counted, "hera_pipeline_ok") == {
        ("create-cluster", CLUSTER): 1,
        ("drift-cluster", CLUSTER): 1,
        ("delete-cluster", "nowhere"): 0,
    }
    assert values(counted, "hera_step_errors_total")["lifecycle", "admit", "", "NOT_FOUND"] >= 1
    ended = values(counted, "hera_pipeline_finished_timestamp_seconds")
    assert set(ended) == {
        ("create-cluster", CLUSTER, "Succeeded"),
        ("drift-cluster", CLUSTER, "Succeeded"),
        ("delete-cluster", "nowhere", "Failed"),
    }
    assert all(time.time() - 600 < moment <= time.time() for moment in ended.values()), ended
    assert ended["create-cluster", CLUSTER, "Succeeded"] < ended["drift-cluster", CLUSTER, "Succeeded"]


def test_every_step_has_its_time(counted: list[Sample]) -> None:
    name = f"{metrics.ARGO}hera_step_seconds"
    aws = [sample for sample in counted if sample.labels.get("cloud") == "aws" and sample.labels.get("outcome") == "succeeded"]
    times = {(s.labels["stage"], s.labels["action"]): s.value for s in aws if s.name == f"{name}_count"}
    seconds = {(s.labels["stage"], s.labels["action"]): s.value for s in aws if s.name == f"{name}_sum"}
    assert {(stage, action) for stage in ("network", "cluster") for action in ("plan", "apply", "drift")} <= times.keys()
    assert 0.5 < seconds["network", "apply"] / times["network", "apply"] < 120


def test_no_run_says_that_a_figure_could_not_be_worked_out(management: Managed, counted: list[Sample]) -> None:
    runs = list(management.api.items(f"{GROUP}/workflows", labelSelector=f"hera.dev/cluster in ({CLUSTER},nowhere)"))
    assert len(runs) >= 3
    said = [item for run in runs for item in run["status"].get("conditions") or () if item["type"] == "MetricsError"]
    assert said == []


def test_the_trace_of_the_command_reaches_the_steps(management: Managed, counted: list[Sample]) -> None:
    """What pods send has nowhere to go here; that they were told whose spans theirs are below can be seen."""
    (pipeline,) = (span for span in TRACED if span.name == "pipeline create-cluster")
    assert {"approval network-approve", "approval cluster-approve"} <= {span.name for span in TRACED}
    selector = f"hera.dev/cluster={CLUSTER},hera.dev/pipeline=create-cluster"
    (run,) = management.api.items(f"{GROUP}/workflows", labelSelector=selector)
    given = {item["name"]: item.get("value") for item in run["spec"]["arguments"]["parameters"]}
    assert given["traceparent"].startswith(f"00-{pipeline.trace}-{pipeline.id}-")


@pytest.mark.parametrize("prefix", ["argo_workflows_", "apiserver_", "container_"])
def test_others_count_what_we_believe(management: Managed, counted: list[Sample], prefix: str) -> None:
    """The kubelet's own are left out: it tells of certificates that it renews, and this one's are given."""
    node = next(iter(management.api.items("/api/v1/nodes")))["metadata"]["name"]
    kubelet = f"/api/v1/nodes/{node}/proxy/metrics"
    paths = {"apiserver_": "/metrics", "container_": f"{kubelet}/cadvisor"}
    found = counted if prefix == "argo_workflows_" else scraped(management, paths[prefix])
    real: dict[str, set[str]] = {}
    for sample in found:
        real.setdefault(sample.name, set()).update(sample.labels)
    believed = {
        sample.name: set(sample.labels) - {"node"}  # the node's name is given by Prometheus
        for family in text_string_to_metric_families(exposition.OTHERS)
        for sample in family.samples
        if sample.name.startswith(prefix) and sample.name != UNSEEN
    }
    assert believed
    assert {name: labels - real.get(name, set()) for name, labels in believed.items() if labels - real.get(name, set())} == {}
    assert set(believed) - set(real) == set()
