"""Figures for a Prometheus to read: ours from the code that makes them, others' from a list; at each reading they have grown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from infra import metrics
from infra.metrics import Metric
from operator_kit.metrics import Metrics
from tests.support.background import serving

VALUES: Mapping[str, tuple[str, ...]] = {
    "cluster": ("shop", "lab"),
    "pipeline": ("drift-cluster", "create-cluster"),
    "outcome": ("Succeeded", "Failed"),
    "stage": ("network", "cluster"),
    "action": ("plan", "apply"),
    "cloud": ("aws", "gcp"),
    "environment": ("dev", "prod"),
    "code": ("THROTTLED", "QUOTA_EXCEEDED"),
    "kind": ("objects", "redis"),
    "operation": ("backup", "restore"),
}

OTHERS = """\
argo_workflows_gauge{phase="Running"} 3
argo_workflows_queue_depth_gauge{queue_name="workflow_queue"} 2
argo_workflows_is_leader 1
argo_workflows_error_count{cause="OperationPanic"} 1
argo_workflows_k8s_request_total{kind="pods",verb="Get",status_code="200"} 9
argo_workflows_operation_duration_seconds_bucket{le="0.1"} 5
argo_workflows_operation_duration_seconds_bucket{le="+Inf"} 5
apiserver_client_certificate_expiration_seconds_bucket{le="604800"} 1
apiserver_client_certificate_expiration_seconds_bucket{le="+Inf"} 7
apiserver_request_duration_seconds_bucket{verb="GET",le="0.1"} 5
apiserver_request_duration_seconds_bucket{verb="GET",le="+Inf"} 5
kubelet_certificate_manager_client_ttl_seconds{node="n1"} 9999999
kubelet_certificate_manager_server_ttl_seconds{node="n1"} 9999999
kube_node_info{node="n1"} 1
kube_node_status_condition{node="n1",condition="Ready",status="true"} 1
kube_node_status_condition{node="n1",condition="MemoryPressure",status="true"} 0
kube_pod_container_status_restarts_total{namespace="apps",pod="web",container="web"} 1
node_cpu_seconds_total{node="n1",cpu="0",mode="idle"} 0.5
node_memory_MemAvailable_bytes{node="n1"} 5
node_memory_MemTotal_bytes{node="n1"} 10
container_fs_usage_bytes{node="n1",id="/",device="/dev/sda1"} 5
container_fs_limit_bytes{node="n1",id="/",device="/dev/sda1"} 10
fluentbit_output_dropped_records_total{pod="fluent-bit-1",name="cloud"} 1
otelcol_exporter_send_failed_spans_total{exporter="otlp"} 1
"""
"""Of others' figures those that rules and dashboards use, with the labels that they use."""

_GROWS = re.compile(r"^(\w+(?:_total|_bucket|_count)(?:\{.*\})?) (\S+)$", re.MULTILINE)


class Exposition:
    """All of it, as text."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._pipelines = [self._made(metric, metrics.ARGO) for metric in metrics.PIPELINES]
        self._backups = [self._made(metric, "") for metric in metrics.BACKUPS]
        self._operator = Metrics("secrets")
        self._reads = Counter("hera_secrets_reads", "Secrets asked of a store", ["store"], registry=self._operator.registry)
        self._readings = 0

    def text(self) -> str:
        """Return the figures, grown by one reading."""
        self._readings += 1
        for metric, made in (*self._pipelines, *self._backups):
            for number, labels in enumerate(_two(metric.labels)):
                _grow(made.labels(*labels), number)
        for outcome in ("ok", "auth_denied"):
            self._operator.round("ExternalSecret", outcome, 0.1)
        self._operator.wrote("patch")
        self._operator.queue.labels("secrets").set(2)
        self._operator.leader.labels("secrets").set(1)
        self._reads.labels("vault").inc()
        others = _GROWS.sub(lambda found: f"{found[1]} {float(found[2]) * self._readings}", OTHERS)
        return generate_latest(self._registry).decode() + self._operator.text().decode() + others

    def _made(self, metric: Metric, prefix: str) -> tuple[Metric, Counter | Gauge | Histogram]:
        name = prefix + metric.name.removesuffix("_total")
        if metric.kind == "histogram":
            made: Counter | Gauge | Histogram = Histogram(
                name, metric.help, metric.labels, buckets=metric.buckets, registry=self._registry
            )
        else:
            made = {"counter": Counter, "gauge": Gauge}[metric.kind](name, metric.help, metric.labels, registry=self._registry)
        return metric, made


def _two(labels: Iterable[str]) -> list[tuple[str, ...]]:
    """Return two sets of values that differ in every label."""
    return [tuple(VALUES[label][number] for label in labels) for number in (0, 1)]


def _grow(made: Counter | Gauge | Histogram, number: int) -> None:
    """Count one more; a gauge is 1 in one place and 0 in the other."""
    if isinstance(made, Histogram):
        made.observe(12)
    elif isinstance(made, Counter):
        made.inc()
    else:
        made.set(1 - number)


@contextmanager
def served(port: int) -> Iterator[None]:
    """Serve the figures at /metrics."""
    exposition = Exposition()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = exposition.text().encode()
            self.send_response(200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", port), Handler)):
        yield
