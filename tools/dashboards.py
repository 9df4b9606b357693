"""Write Grafana's dashboards: panels are a title, a unit and queries here, and JSON that nobody has to edit there.

    python -m tools.dashboards            write k8s/components/observability/dashboards
    python -m tools.dashboards --check    fail if a file is not what would be written

A test sends each query to a Prometheus that holds our figures; one that finds nothing fails it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "k8s" / "components" / "observability" / "dashboards"
WIDTH, HEIGHT = 24, 7
SOURCE = {"type": "prometheus", "uid": "prometheus"}


@dataclass(frozen=True)
class Panel:
    """One picture: each query with the legend of its lines."""

    title: str
    queries: tuple[tuple[str, str], ...]
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 12
    about: str = ""


@dataclass(frozen=True)
class Dashboard:
    """A page; each variable is a name and the query that lists its values."""

    name: str
    title: str
    panels: tuple[Panel, ...]
    variables: tuple[tuple[str, str], ...] = ()


def _stat(title: str, query: str, unit: str = "short", about: str = "") -> Panel:
    return Panel(title, ((query, ""),), "stat", unit, 6, about)


def _table(title: str, query: str, unit: str = "short") -> Panel:
    return Panel(title, ((query, ""),), "table", unit)


A = "argo_workflows_"

FLEET = Dashboard(
    "fleet",
    "Hera: fleet",
    (
        _stat("Clusters", f"sum(max by (cluster) ({A}hera_cluster))"),
        _stat("Drifted", f"count(max by (cluster) ({A}hera_cluster_drift) == 1) or vector(0)", about="Repair: apply, or adopt."),
        _stat("Last run failed", f"count(min by (cluster) ({A}hera_pipeline_ok) == 0) or vector(0)"),
        _stat("Runs now", f'sum({A}gauge{{phase="Running"}})', about="Waiting for approval counts as running."),
        _table("Clusters by cloud and environment", f"sum by (cloud, environment) (max by (cluster, cloud, environment) ({A}hera_cluster))"),
        _table("Not as applied", f"max by (cluster, stage) ({A}hera_cluster_drift)"),
        Panel("Runs that ended, by outcome, an hour", ((f"sum by (outcome) (increase({A}hera_pipeline_seconds_count[1h]))", "{{outcome}}"),)),
        _table("Time since the last good comparison", f'time() - max by (cluster) ({A}hera_pipeline_finished_timestamp_seconds{{pipeline="drift-cluster",outcome="Succeeded"}})', "s"),
    ),
)  # fmt: skip

CLUSTER = Dashboard(
    "cluster",
    "Hera: one cluster",
    (
        _stat("Stands", f'max({A}hera_cluster{{cluster="$cluster"}})'),
        _stat("Last runs went well", f'min({A}hera_pipeline_ok{{cluster="$cluster"}})'),
        _stat("Drifted stages", f'sum(max by (stage) ({A}hera_cluster_drift{{cluster="$cluster"}}))'),
        _stat("Age of the newest backup", 'max(hera:backup_age_seconds{cluster="$cluster"})', "s"),
        _table("Last runs", f'max by (pipeline, outcome) ({A}hera_pipeline_finished_timestamp_seconds{{cluster="$cluster"}}) * 1000', "dateTimeAsIso"),
        Panel("Drift by stage", ((f'max by (stage) ({A}hera_cluster_drift{{cluster="$cluster"}})', "{{stage}}"),)),
        Panel("Nodes ready", (('sum(kube_node_status_condition{condition="Ready",status="true"})', "ready"), ("count(kube_node_info)", "all"))),
        Panel("Node conditions", (('sum by (condition) (kube_node_status_condition{condition!="Ready",status="true"})', "{{condition}}"),)),
        Panel("CPU of nodes", (('1 - avg by (node) (rate(node_cpu_seconds_total{mode="idle"}[5m]))', "{{node}}"),), unit="percentunit"),
        Panel("Memory of nodes", (("1 - min by (node) (node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)", "{{node}}"),), unit="percentunit"),
        Panel("Pods that start again", (("sum by (namespace) (increase(kube_pod_container_status_restarts_total[1h]))", "{{namespace}}"),)),
        Panel("API server, 99th percentile", (('histogram_quantile(0.99, sum by (le, verb) (rate(apiserver_request_duration_seconds_bucket{verb!~"WATCH|CONNECT"}[5m])))', "{{verb}}"),), unit="s"),
    ),
    variables=(("cluster", f"label_values({A}hera_cluster, cluster)"),),
)  # fmt: skip

PIPELINES = Dashboard(
    "pipelines",
    "Hera: pipelines",
    (
        _stat("Runs now", f'sum({A}gauge{{phase="Running"}})'),
        _stat("Waiting for the controller", f'sum({A}queue_depth_gauge{{queue_name="workflow_queue"}})'),
        _stat("Controllers that lead", f"sum({A}is_leader)"),
        _stat("Errors of steps, a day", f"sum(increase({A}hera_step_errors_total[1d]))"),
        Panel("Time of a run, 95th percentile", (("hera:pipeline_seconds:p95", "{{pipeline}}"),), unit="s"),
        Panel("Time of a step, 95th percentile", (("hera:step_seconds:p95", "{{stage}} {{action}} {{cloud}}"),), unit="s"),
        Panel("Steps by outcome, an hour", ((f"sum by (stage, action, outcome) (increase({A}hera_step_seconds_count[1h]))", "{{stage}} {{action}} {{outcome}}"),)),
        Panel("Errors by code, an hour", ((f"sum by (code, cloud) (increase({A}hera_step_errors_total[1h]))", "{{code}} {{cloud}}"),)),
        Panel("Runs by phase", ((f"sum by (phase) ({A}gauge)", "{{phase}}"),)),
        Panel("A look at one run, 95th percentile", ((f"histogram_quantile(0.95, sum by (le) (rate({A}operation_duration_seconds_bucket[10m])))", "operation"),), unit="s", about="The controller's own work on a run."),
        Panel("Asked of the API server", ((f"sum by (status_code) (rate({A}k8s_request_total[5m]))", "{{status_code}}"),), unit="reqps"),
        _table("Last outcome", f"min by (pipeline, cluster) ({A}hera_pipeline_ok)"),
    ),
)  # fmt: skip

BACKUPS = Dashboard(
    "backups",
    "Hera: backups",
    (
        _stat("Oldest newest backup", "max(hera:backup_age_seconds)", "s", "The cluster that would lose most."),
        _stat("Failures, a day", "sum(increase(hera_backup_failures_total[1d]))"),
        _stat("Bytes kept", "sum(hera_backup_bytes)", "bytes"),
        _stat("Objects kept", "sum(hera_backup_objects)"),
        _table("Age of the newest good backup", "max by (cluster, kind) (hera:backup_age_seconds)", "s"),
        Panel("Failures by code, an hour", (("sum by (kind, code) (increase(hera_backup_failures_total[1h]))", "{{kind}} {{code}}"),)),
        Panel("Time, 95th percentile", (("histogram_quantile(0.95, sum by (le, kind, operation) (rate(hera_backup_seconds_bucket[1d])))", "{{kind}} {{operation}}"),), unit="s"),
        Panel("Size of the newest backup", (("max by (cluster, kind) (hera_backup_bytes)", "{{cluster}} {{kind}}"),), unit="bytes"),
    ),
)  # fmt: skip

OPERATORS = Dashboard(
    "operators",
    "Hera: operators",
    (
        _stat("Operators with a leader", "sum(max by (operator) (hera_operator_leader))"),
        _stat("Objects that wait", "sum(hera_operator_queue)"),
        _stat("Rounds, a second", "sum(rate(hera_operator_reconciles_total[5m]))", "ops"),
        _stat("Worst share of failed rounds", "max(hera:operator_errors:ratio) or vector(0)", "percentunit"),
        Panel("Rounds by outcome", (("sum by (operator, kind, outcome) (rate(hera_operator_reconciles_total[5m]))", "{{operator}} {{kind}} {{outcome}}"),), unit="ops"),
        Panel("Time of a round, 95th percentile", (("hera:operator_seconds:p95", "{{operator}} {{kind}}"),), unit="s"),
        Panel("Queue", (("max by (operator) (hera_operator_queue)", "{{operator}}"),)),
        Panel("Who leads", (("hera_operator_leader", "{{operator}} {{pod}}"),)),
        Panel("Writes to the API server", (("sum by (operator, verb) (rate(hera_operator_api_writes_total[5m]))", "{{operator}} {{verb}}"),), unit="ops"),
        Panel("Secrets asked of stores", (("sum by (store) (rate(hera_secrets_reads_total[5m]))", "{{store}}"),), unit="ops"),
    ),
)  # fmt: skip

ALL = (FLEET, CLUSTER, PIPELINES, BACKUPS, OPERATORS)


def rendered(dashboard: Dashboard) -> str:
    """Return a dashboard as Grafana reads it."""
    page = {
        "uid": f"hera-{dashboard.name}",
        "title": dashboard.title,
        "tags": ["hera"],
        "editable": False,
        "schemaVersion": 39,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [_variable(name, query) for name, query in dashboard.variables]},
        "panels": [_panel(*item) for item in zip(dashboard.panels, _places(dashboard.panels), strict=True)],
    }
    return json.dumps(page, indent=1) + "\n"


def _variable(name: str, query: str) -> dict[str, Any]:
    return {"name": name, "type": "query", "datasource": SOURCE, "query": query, "refresh": 2, "sort": 1}


def _panel(panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    instant = panel.kind != "timeseries"
    targets = [
        {
            "refId": chr(ord("A") + number),
            "datasource": SOURCE,
            "expr": query,
            "legendFormat": legend,
            "instant": instant,
            "format": "table" if panel.kind == "table" else "time_series",
        }
        for number, (query, legend) in enumerate(panel.queries)
    ]
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": targets,
    }


def _places(panels: Sequence[Panel]) -> list[dict[str, int]]:
    """Put panels beside each other until a row is full."""
    places, left, top = [], 0, 0
    for panel in panels:
        if left + panel.width > WIDTH:
            left, top = 0, top + HEIGHT
        places.append({"x": left, "y": top, "w": panel.width, "h": HEIGHT})
        left += panel.width
    return places


def main(arguments: Sequence[str]) -> int:
    """Write, or compare; return the exit code."""
    wanted = {FOLDER / f"{dashboard.name}.json": rendered(dashboard) for dashboard in ALL}
    if "--check" in arguments:
        wrong = [path.name for path, text in wanted.items() if not path.is_file() or path.read_text() != text]
        print("\n".join(f"{name} is not what `python -m tools.dashboards` writes" for name in wrong), end="\n" if wrong else "")
        return 1 if wrong else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in wanted.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
