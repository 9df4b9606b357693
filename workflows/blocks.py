"""What every pipeline is made of, written once: how a step becomes a container, and how the workflow around it is set up.

A pipeline names steps by their contract only. Everything a cluster operator would want to be the same in every pipeline
(security context, volumes, deadlines, retries, labels) is decided here and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from hera.workflows import (
    Artifact,
    ConfigMapEnv,
    ConfigMapEnvFrom,
    Container,
    EmptyDirVolume,
    Env,
    NoneArchiveStrategy,
    Parameter,
    Resources,
    RetryStrategy,
    SecretEnvFrom,
    WorkflowTemplate,
)
from hera.workflows.models import (
    Backoff,
    Capabilities,
    LabelValueFrom,
    PodGC,
    PodSecurityContext,
    SeccompProfile,
    SecurityContext,
    TTLStrategy,
    ValueFrom,
    WorkflowMetadata,
)

from infra import tracing
from steps.contract import COMMON, REPORT, RETRYABLE_EXIT_CODES, SPEC_FILE, Step, variable
from workflows import images, metrics

ROOT = "/hera"
USER = 65532
"""The image's unprivileged user; volumes belong to its group."""

PLANNER, APPLIER, RECORDER = "hera-planner", "hera-applier", "hera-recorder"
"""Service accounts by kind of work: look, change, write down how a run ended."""

LIMIT_SECONDS = 7 * 86400
"""How long a whole run may take, waiting for a person included."""

GRACE_SECONDS = 300
"""How long a stopped step may take: terraform finishes the call it is in and writes its state."""

PARAMETERS = (
    Parameter(name="cluster", description="The cluster's name."),
    Parameter(name="spec", value="", description="The cluster spec as YAML; empty where the ledger or a ConfigMap has it."),
    Parameter(name="spec-from", value="none", description="Name of a ConfigMap whose key `spec.yaml` is the spec; `none`."),
    Parameter(name="simulate", value="false", enum=["true", "false"], description="`true` uses the simulated cloud."),
    Parameter(name="state", value="", description="URL of the store that holds states and the ledger."),
    Parameter(name="actor", value="", description="Who asks."),
    Parameter(name=tracing.PARAMETER, value="", description="The trace that this run is part of (W3C traceparent)."),
)
"""What every pipeline takes; a pipeline adds its own."""


def workflow_values() -> dict[str, str]:
    """Return what carries each of the steps' common parameters in a workflow."""
    carried = {name: f"{{{{workflow.parameters.{name}}}}}" for name in COMMON if name not in ("run", "namespace")}
    return carried | {"run": "{{workflow.name}}", "namespace": "{{workflow.namespace}}"}


def container(
    name: str,
    step: Step,
    values: Mapping[str, str] | None = None,
    published: Mapping[str, str] | None = None,
    account: str = PLANNER,
) -> Container:
    """Return the container template that runs a step.

    Args:
        name: The template's name, the word a person reads in the Argo UI.
        step: The step's contract.
        values: Parameters that are the same at every call; the step's other parameters become inputs of the template.
        published: Outputs that become outputs of the whole workflow, with the name they get there.
        account: The service account, which is what the container may do in the cloud and in Kubernetes.
    """
    fixed = workflow_values() | dict(values or {})
    inputs = [parameter for parameter in step.parameters if parameter not in fixed]
    carried = fixed | {parameter: f"{{{{inputs.parameters.{parameter}}}}}" for parameter in inputs}
    environment = {variable(parameter): carried[parameter] for parameter in (*COMMON, *step.parameters)}
    return Container(
        name=name,
        labels={"hera.dev/step": name, "hera.dev/cluster": "{{workflow.parameters.cluster}}"},
        metrics=metrics.of_container(step),
        inputs=[Parameter(name=parameter) for parameter in inputs],
        outputs=[*_output_parameters(step, published or {}), *_artifacts(step.artifacts)],
        command=step.command,
        image=images.STEPS,
        image_pull_policy=images.PULL_POLICY,
        service_account_name=account,
        annotations={"hera.dev/actor": "{{workflow.parameters.actor}}"},
        env=[
            Env(name="HERA_ROOT", value=ROOT),
            Env(name=tracing.PARENT, value=f"{{{{workflow.parameters.{tracing.PARAMETER}}}}}"),
            *(Env(name=key, value=value) for key, value in (environment | step.environment).items()),
            ConfigMapEnv(
                name="HERA_SPEC_TEXT",
                config_map_name="{{workflow.parameters.spec-from}}",
                config_map_key=SPEC_FILE,
                optional=True,
            ),
        ],
        env_from=[
            ConfigMapEnvFrom(name="hera-environment", optional=True),
            SecretEnvFrom(name="hera-credentials", optional=True),
        ],
        active_deadline_seconds=step.minutes * 60,
        retry_strategy=_retry() if step.retry else None,
        **_confined(),
    )


def _output_parameters(step: Step, published: Mapping[str, str]) -> list[Parameter]:
    # A failing step writes only `error`; the default keeps the others from hiding its failure behind "no such file".
    defaults = dict.fromkeys((*step.outputs, "error"), "") | {REPORT: "{}"}
    return [
        Parameter(
            name=name, value_from=ValueFrom(path=f"{ROOT}/outputs/{name}", default=default), global_name=published.get(name)
        )
        for name, default in defaults.items()
    ]


def _artifacts(names: Iterable[str]) -> list[Artifact]:
    return [
        Artifact(name=name.replace(".", "-"), path=f"{ROOT}/artifacts/{name}", optional=True, archive=NoneArchiveStrategy())
        for name in names
    ]


def _retry() -> RetryStrategy:
    # No maxDuration: Argo makes it the pod's deadline, which would kill an apply that works.
    codes = ", ".join(str(code) for code in RETRYABLE_EXIT_CODES)
    return RetryStrategy(
        limit="4",
        retry_policy="Always",
        backoff=Backoff(duration="5s", factor=3, cap="2m"),
        expression=f"asInt(lastRetry.exitCode) in [{codes}]",
    )


def _confined() -> dict[str, Any]:
    return {
        "security_context": SecurityContext(
            run_as_non_root=True,
            run_as_user=USER,
            read_only_root_filesystem=True,
            allow_privilege_escalation=False,
            capabilities=Capabilities(drop=["ALL"]),
            seccomp_profile=SeccompProfile(type="RuntimeDefault"),
        ),
        "volumes": [EmptyDirVolume(name="hera", mount_path=ROOT), EmptyDirVolume(name="tmp", mount_path="/tmp")],
        "resources": Resources(cpu_request="100m", memory_request="256Mi", memory_limit="2Gi"),
    }


def pipeline(
    name: str, title: str, description: str, operation: str, parameters: Iterable[Parameter] = (), **spec: Any
) -> WorkflowTemplate:
    """Return a WorkflowTemplate with what all pipelines share; the caller adds the templates."""
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "hera"}
    return WorkflowTemplate(
        name=name,
        labels=labels,
        annotations={"workflows.argoproj.io/title": title, "workflows.argoproj.io/description": description},
        metrics=metrics.of_run(name),
        arguments=[*PARAMETERS, *parameters],
        service_account_name="hera-pipelines",
        security_context=PodSecurityContext(run_as_non_root=True, run_as_user=USER, fs_group=USER),
        pod_spec_patch=json.dumps({"terminationGracePeriodSeconds": GRACE_SECONDS}),
        active_deadline_seconds=LIMIT_SECONDS,
        pod_gc=PodGC(strategy="OnWorkflowSuccess"),
        ttl_strategy=TTLStrategy(seconds_after_success=7 * 86400, seconds_after_failure=30 * 86400),
        workflow_metadata=WorkflowMetadata(
            labels={"app.kubernetes.io/part-of": "hera", "hera.dev/pipeline": name, "hera.dev/operation": operation},
            labels_from={"hera.dev/cluster": LabelValueFrom(expression="workflow.parameters.cluster")},
        ),
        **spec,
    )
