"""Every figure that is ours: its name, kind and labels, in one place, so that code, rules and dashboards mean the same thing.

Pipelines' figures are counted by Argo's controller, which puts `argo_workflows_` before each name (`workflows.metrics` says
when). Operators' are in `operator_kit.metrics`. Backups' are names only until there are backups: rules and the dashboard wait.
"""

from __future__ import annotations

from dataclasses import dataclass

ARGO = "argo_workflows_"
"""What Argo's controller puts before the names of what it counts."""


@dataclass(frozen=True)
class Metric:
    """One figure."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()

    @property
    def series(self) -> tuple[str, ...]:
        """The names under which Prometheus stores it."""
        if self.kind == "histogram":
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (self.name,)


PIPELINE_OK = Metric("hera_pipeline_ok", "gauge", "1 when the last run succeeded, else 0", ("pipeline", "cluster"))
PIPELINE_FINISHED = Metric(
    "hera_pipeline_finished_timestamp_seconds", "gauge", "When the last run ended", ("pipeline", "cluster", "outcome")
)
PIPELINE_SECONDS = Metric(
    "hera_pipeline_seconds",
    "histogram",
    "Time of a run, waiting for people included",
    ("pipeline", "outcome"),
    (10, 30, 60, 120, 300, 600, 1200, 2400, 3600, 7200, 14400),
)
STEP_SECONDS = Metric(
    "hera_step_seconds",
    "histogram",
    "Time of a step, without its pod's start",
    ("stage", "action", "cloud", "outcome"),
    (1, 3, 10, 30, 60, 120, 300, 600, 1200, 2400, 3600),
)
STEP_ERRORS = Metric(
    "hera_step_errors_total", "counter", "Steps that failed, by error code", ("stage", "action", "cloud", "code")
)
CLUSTER = Metric("hera_cluster", "gauge", "1 while a cluster stands, 0 once it is deleted", ("cluster", "cloud", "environment"))
DRIFT = Metric("hera_cluster_drift", "gauge", "1 when a stage is not as it was applied", ("cluster", "stage"))

PIPELINES = (PIPELINE_OK, PIPELINE_FINISHED, PIPELINE_SECONDS, STEP_SECONDS, STEP_ERRORS, CLUSTER, DRIFT)

BACKUP_LAST = Metric(
    "hera_backup_last_success_timestamp_seconds", "gauge", "When the newest good backup was finished", ("cluster", "kind")
)
BACKUP_SECONDS = Metric(
    "hera_backup_seconds",
    "histogram",
    "Time of a backup or restore",
    ("cluster", "kind", "operation"),
    (1, 5, 15, 60, 300, 900, 3600),
)
BACKUP_OBJECTS = Metric("hera_backup_objects", "gauge", "Objects or keys in the newest good backup", ("cluster", "kind"))
BACKUP_BYTES = Metric("hera_backup_bytes", "gauge", "Bytes of the newest good backup in the store", ("cluster", "kind"))
BACKUP_FAILURES = Metric(
    "hera_backup_failures_total", "counter", "Backups that failed, by error code", ("cluster", "kind", "code")
)

BACKUPS = (BACKUP_LAST, BACKUP_SECONDS, BACKUP_OBJECTS, BACKUP_BYTES, BACKUP_FAILURES)
