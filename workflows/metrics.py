"""What Argo's controller counts of our pipelines: a run at its end, each step in a container at the container's end.

Steps share pods, so a pod's time says little. Each step leaves its time, outcome and error code in the container's output
`report` (`steps.common.report`), and the controller takes them from there. The local engine counts nothing.
"""

from __future__ import annotations

from hera.workflows.models import Amount, Counter, Gauge, Histogram, MetricLabel, Metrics, Prometheus

from infra import metrics
from infra.metrics import Metric
from steps.contract import REPORT, Step

_CLUSTER = "{{workflow.parameters.cluster}}"
_NOW = "{{=workflow.status == '' ? '' : string(now().Unix())}}"
"""Naming the status keeps the controller from working it out when the run begins."""


def of_run(pipeline: str) -> Metrics:
    """Return what is counted when a run has ended."""
    same = {"pipeline": pipeline, "cluster": _CLUSTER}
    outcome = {"outcome": "{{workflow.status}}"}
    return Metrics(
        prometheus=[
            _metric(metrics.PIPELINE_OK, "{{=workflow.status == 'Succeeded' ? '1' : '0'}}", same),
            _metric(metrics.PIPELINE_FINISHED, _NOW, same | outcome),
            _metric(metrics.PIPELINE_SECONDS, "{{workflow.duration}}", {"pipeline": pipeline} | outcome),
        ]
    )


def of_container(step: Step) -> Metrics:
    """Return what is counted when a container has ended: each step in it, and what it found out about the cluster."""
    found: list[Prometheus] = []
    for link in step.links or (step.name,):
        name, _, prefix = link.partition(":")
        found += [_seconds(name), *_about_cluster(name, prefix)]
    labels = {"stage": _reported("failed.stage"), "action": _reported("failed.action"), "cloud": _reported("cloud")}
    errors = _metric(metrics.STEP_ERRORS, "1", labels | {"code": _reported("code")}, f"'{_reported('code')}' != ''")
    return Metrics(prometheus=[*found, errors])


def _seconds(link: str) -> Prometheus:
    stage, _, action = link.partition(".")
    outcome = _reported(f"{link}.outcome")
    labels = {"stage": stage, "action": action, "cloud": _reported("cloud"), "outcome": outcome}
    return _metric(metrics.STEP_SECONDS, _reported(f"{link}.seconds", "0"), labels, f"'{outcome}' != ''")


def _about_cluster(link: str, prefix: str) -> list[Prometheus]:
    stage, _, action = link.partition(".")
    went_well = f"'{_reported(f'{link}.outcome')}' == 'succeeded'"
    if action == "drift":
        output = f"{prefix}-drift" if prefix else "drift"
        value = _late(f"outputs.parameters['{output}'] == 'true' ? '1' : '0'")
        return [_metric(metrics.DRIFT, value, {"cluster": _CLUSTER, "stage": stage}, went_well)]
    stands = {"cluster.apply": "1", "lifecycle.prove": "0"}.get(link)
    if stands is None:
        return []
    labels = {"cluster": _CLUSTER, "cloud": _reported("cloud"), "environment": _reported("environment")}
    return [_metric(metrics.CLUSTER, stands, labels, went_well)]


def _reported(key: str, default: str = "") -> str:
    """Return the expression for what a container's steps left under a key."""
    return _late(f"get(fromJSON(outputs.parameters.{REPORT}), '{key}') ?? '{default}'")


def _late(expression: str) -> str:
    """Return a tag that is worked out when the container has ended.

    Only then there is a `status`. Without it the controller tries at the start, when an output is nothing but its path.
    """
    return f"{{{{=status == '' ? '' : ({expression})}}}}"


def _metric(metric: Metric, value: str, labels: dict[str, str], when: str | None = None) -> Prometheus:
    assert tuple(labels) == metric.labels, f"{metric.name} has the labels {metric.labels}, not {tuple(labels)}"
    counted = Prometheus(
        name=metric.name, help=metric.help, labels=[MetricLabel(key=key, value=text) for key, text in labels.items()], when=when
    )
    if metric.kind == "histogram":
        counted.histogram = Histogram(value=value, buckets=[Amount(root=bucket) for bucket in metric.buckets])
    elif metric.kind == "counter":
        counted.counter = Counter(value=value)
    else:
        counted.gauge = Gauge(value=value, realtime=False)
    return counted
