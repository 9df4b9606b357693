"""Tracing costs nothing where nobody collects, and a run that nobody watches still is one trace."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from argparse import Namespace

import pytest

from clusterctl import clusters, runs
from clusterctl.clusters import Place
from clusterctl.pipelines import Request
from infra import tracing
from workflows.argo.runs import Run

PARENT = f"00-{'ab' * 16}-{'cd' * 8}-01"


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:9"], ids=["nobody collects", "somebody does"])
def test_opentelemetry_is_imported_only_when_somebody_collects(endpoint: str) -> None:
    code = (
        "import sys\nfrom infra import tracing\nwith tracing.span('x') as s: s.tell(a=1)\nprint('opentelemetry' in sys.modules)"
    )
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_TIMEOUT": "0.1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == str(bool(endpoint)), done.stderr


def test_without_opentelemetry_the_work_is_done_and_said_so() -> None:
    code = "import sys\nsys.modules['opentelemetry'] = None\nfrom infra import tracing\nwith tracing.span('x'): print('done')"
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert "hera-platform[tracing]" in done.stderr


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({"TRACEPARENT": PARENT, "HERA_RUN": "drift-1"}, re.escape(PARENT)),
        ({"TRACEPARENT": "", "HERA_RUN": "drift-1", "HERA_NAMESPACE": "hera"}, "00-[0-9a-f]{32}-[0-9a-f]{16}-01"),
        ({}, ""),
    ],
    ids=["given", "a run of a schedule", "neither"],
)
def test_the_parent(environment: dict[str, str], wanted: str) -> None:
    assert re.fullmatch(wanted, tracing.root(environment))


def test_steps_of_one_run_agree_and_those_of_another_do_not() -> None:
    first, again, other = (tracing.root({"HERA_RUN": run, "HERA_NAMESPACE": "hera"}) for run in ("a", "a", "b"))
    assert first == again != other


def test_a_pipeline_is_given_no_trace_when_there_is_none() -> None:
    place = Place(simulated=True, state="file:///nowhere")
    assert tracing.PARAMETER not in Request("create-cluster", "", "shop", place).parameters()


def test_a_run_that_is_tried_again_has_a_trace_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "managed_place", lambda args: Place("file:///nowhere", True, "argo"))
    given = {"cluster": "shop", "approval": "never", tracing.PARAMETER: PARENT}
    parameters = [{"name": name, "value": value} for name, value in given.items()]
    spec = {"workflowTemplateRef": {"name": "create-cluster"}, "arguments": {"parameters": parameters}}
    labels = {"hera.dev/pipeline": "create-cluster", "hera.dev/cluster": "shop"}
    request = runs.again(Namespace(timeout=0, wait=False), Run({"metadata": {"name": "old", "labels": labels}, "spec": spec}))
    assert dict(request.extra) == {"approval": "never"}
