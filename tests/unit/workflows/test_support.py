"""What the local engine does not know it refuses by name, before anything starts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.errors import NotFound, Unsupported, UsageError
from workflows import catalogue
from workflows.local.engine import Result
from workflows.local.templates import load

CONTAINER = {"image": "x", "command": ["touch", "started"]}


def template(**fields: Any) -> dict[str, Any]:
    return {"name": "main", "container": CONTAINER, **fields}


def task(**fields: Any) -> dict[str, Any]:
    return {"name": "main", "dag": {"tasks": [{"name": "a", "template": "main", **fields}]}}


def container(**fields: Any) -> dict[str, Any]:
    return template(container={**CONTAINER, **fields})


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("spec.suspend", template(), {"suspend": True}),
    ("spec.synchronization", template(), {"synchronization": {}}),
    ("spec.templateDefaults", template(), {"templateDefaults": {}}),
    ("spec.volumes[s].secret", template(), {"volumes": [{"name": "s", "secret": {"secretName": "s"}}]}),
    ("spec.arguments.parameters[p].valueFrom", template(), {"arguments": {"parameters": [{"name": "p", "valueFrom": {}}]}}),
    ("spec.hooks.running.expression", template(), {"hooks": {"running": {"template": "main"}}}),
    ("spec.templates[main].daemon", template(daemon=True), {}),
    ("spec.templates[main].sidecars", template(sidecars=[]), {}),
    ("spec.templates[main].memoize", template(memoize={}), {}),
    ("spec.templates[main].timeout", template(timeout="1s"), {}),
    ("spec.templates[main].http", {"name": "main", "http": {}}, {}),
    ("spec.templates[main]: a template has exactly one", {"name": "main"}, {}),
    ("spec.templates[main].activeDeadlineSeconds", task() | {"activeDeadlineSeconds": 1}, {}),
    ("spec.templates[main].container.command", template(container={"image": "x"}), {}),
    ("spec.templates[main].container.envFrom[0].configMapRef", container(envFrom=[{"configMapRef": {"name": "a"}}]), {}),
    ("spec.templates[main].container.envFrom[0].secretRef", container(envFrom=[{"secretRef": {"name": "a"}}]), {}),
    ("spec.templates[main].container.workingDir", container(workingDir="/"), {}),
    (
        "spec.templates[main].container.env[A].valueFrom.fieldRef",
        container(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]),
        {},
    ),
    (
        "spec.templates[main].container.env[A].valueFrom.configMapKeyRef",
        container(env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "k"}}}]),
        {},
    ),
    (
        "spec.templates[main].outputs.parameters[o].valueFrom.path: the local engine knows only paths under /hera/",
        template(outputs={"parameters": [{"name": "o", "valueFrom": {"path": "/tmp/o"}}]}),
        {},
    ),
    (
        "spec.templates[main].outputs.artifacts[o].path",
        template(outputs={"artifacts": [{"name": "o", "path": "/hera/../etc/passwd"}]}),
        {},
    ),
    ("spec.templates[main].inputs.artifacts[i].s3", template(inputs={"artifacts": [{"name": "i", "s3": {}}]}), {}),
    ("spec.templates[main].retryStrategy.retryPolicy", template(retryStrategy={"retryPolicy": "OnTransientError"}), {}),
    ("spec.templates[main].retryStrategy.expression", template(retryStrategy={"expression": "sprig.x('')"}), {}),
    ("spec.templates[main].dag.tasks[a].inline", task(inline={}), {}),
    ("spec.templates[main].dag.tasks[a].when", task(when="{{x}} ? 1 : 2"), {}),
    ("spec.templates[main].dag.tasks[a].depends: `Done`", task(depends="a.Done"), {}),
    ("spec.templates[main].dag.tasks[a].depends: the task `a` depends on `b`", task(depends="b"), {}),
    ("spec.templates[main].dag.tasks[a].depends: `a.AllFailed` wants a task with items", task(depends="a.AllFailed"), {}),
    ("spec.templates[main].dag.tasks: these wait for each other: a", task(dependencies=["a"]), {}),
    ("spec.templates[main].dag.tasks[a].continueOn", task(depends="a", continueOn={"failed": True}), {}),
    ("spec.templates[main].dag.tasks[a].templateRef.clusterScope", task(templateRef={"clusterScope": True}), {}),
]


def test_what_a_cluster_may_give_is_left_out_here(runs: Callable[..., Result]) -> None:
    optional = {"name": "a", "optional": True}
    body = template(
        container={
            "image": "x",
            "command": ["sh", "-c", 'test -z "${A+x}"'],
            "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {**optional, "key": "k"}}}],
            "envFrom": [{"configMapRef": optional}, {"secretRef": optional}],
        }
    )
    document = {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": {"name": "optional"}}
    assert runs({**document, "spec": {"entrypoint": "main", "templates": [body]}}).phase == "Succeeded"


@pytest.mark.parametrize(("path", "body", "spec"), REFUSED, ids=[path for path, _, _ in REFUSED])
def test_refused_by_name(
    path: str, body: dict[str, Any], spec: dict[str, Any], runs: Callable[..., Result], tmp_path: Path
) -> None:
    document = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "refused"},
        "spec": {"entrypoint": "main", "templates": [body], **spec},
    }
    with pytest.raises(Unsupported) as refusal:
        runs(document)
    assert path in refusal.value.message
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", catalogue.names())
def test_every_pipeline_is_supported(name: str) -> None:
    assert load(name).main.name == name


def test_a_missing_pipeline_file_or_template_is_not_found(runs: Callable[..., Result], tmp_path: Path) -> None:
    for missing in ("create-castle", str(tmp_path / "none.yaml")):
        with pytest.raises(NotFound):
            load(missing)
    document = {"kind": "Workflow", "metadata": {"generateName": "x-"}, "spec": {"entrypoint": "gone", "templates": []}}
    with pytest.raises(NotFound, match="gone"):
        runs(document)


@pytest.mark.parametrize(
    ("parameters", "message"), [({}, "`cluster` has no value"), ({"cluster": "c", "approval": "maybe"}, "one of always, destru")]
)
def test_a_parameter_that_is_missing_or_not_accepted_is_the_user_s_mistake(
    parameters: dict[str, str], message: str, tmp_path: Path
) -> None:
    from workflows.local.engine import run

    class Nobody:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

    with pytest.raises(UsageError, match=message):
        run("create-cluster", parameters, root=tmp_path, observer=Nobody(), approver=Nobody())
