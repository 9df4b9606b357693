"""The cluster pipelines: what runs, in which order, and what happens at the end. Steps are named by contract only."""

from __future__ import annotations

from hera.workflows import DAG, Container, CronWorkflow, Parameter, Task, WorkflowTemplate
from hera.workflows.models import DAGTask, WorkflowTemplateRef

from steps.cluster import contract as cluster
from steps.lifecycle import contract as lifecycle
from steps.network import contract as network
from steps.preview import contract as preview
from workflows.approval import POLICY, approval, ask, rejected, stage_tasks
from workflows.blocks import container, pipeline


def _admit(operation: str) -> Container:
    return container("admit", lifecycle.ADMIT, {"operation": operation})


def _record(operation: str) -> Container:
    ended = {"operation": operation, "status": "{{workflow.status}}", "failures": "{{workflow.failures}}"}
    return container("record", lifecycle.RECORD, ended)


def create_cluster() -> WorkflowTemplate:
    """Create or change a cluster: per stage a plan, an approval when the policy asks, and the apply of that very plan."""
    question, no = ask(), rejected()
    plans = {
        "network": container("network-plan", network.PLAN, published={"changes": "network-changes"}),
        "cluster": container("cluster-plan", cluster.PLAN, published={"changes": "cluster-changes"}),
    }
    applies = {
        "network": container("network-apply", network.APPLY),
        "cluster": container("cluster-apply", cluster.APPLY),
    }
    approvals = {stage: approval(stage, question) for stage in plans}
    admit, record = _admit("create"), _record("create")
    tasks: list[Task | DAGTask] = [last := Task(name="admit", template=admit)]
    for stage, plan in plans.items():
        added = stage_tasks(stage, plan, approvals[stage], no, applies[stage], after=last)
        tasks += added
        last = added[-1]
    dag = DAG(name="create", tasks=tasks)
    return pipeline(
        "create-cluster",
        "Create cluster",
        "Create or change a cluster: plan, approve and apply the network, then the cluster.",
        [POLICY],
        entrypoint="create",
        on_exit="record",
        templates=[dag, admit, *plans.values(), *approvals.values(), question, no, *applies.values(), record],
    )


def delete_cluster() -> WorkflowTemplate:
    """Delete a cluster: drain what Kubernetes made, destroy in reverse, prove by ownership tag that nothing is left."""
    chain = [
        _admit("delete"),
        container("drain", lifecycle.DRAIN, {"unprotect": "{{workflow.parameters.unprotect}}"}),
        container("cluster-destroy", cluster.DESTROY),
        container("network-destroy", network.DESTROY),
        container("prove", lifecycle.PROVE),
    ]
    record = _record("delete")
    names = [str(template.name) for template in chain]
    tasks: list[Task | DAGTask] = [
        Task(name=name, template=template, dependencies=before or None)
        for name, template, before in zip(names, chain, [[], *([name] for name in names)], strict=False)
    ]
    dag = DAG(name="delete", tasks=tasks)
    return pipeline(
        "delete-cluster",
        "Delete cluster",
        "Drain, destroy the cluster and then the network, and prove that nothing is left.",
        [Parameter(name="unprotect", value="false", enum=["true", "false"], description="`true` lifts deletion protection.")],
        entrypoint="delete",
        on_exit="record",
        templates=[dag, *chain, record],
    )


def drift_cluster() -> WorkflowTemplate:
    """Compare a cluster with the world, both stages at once; the answers are outputs of the workflow."""
    admit, record = _admit("drift"), _record("drift")
    looks = [
        container("network-drift", network.DRIFT, published={"drift": "network-drift", "summary": "network-summary"}),
        container("cluster-drift", cluster.DRIFT, published={"drift": "cluster-drift", "summary": "cluster-summary"}),
    ]
    tasks = [Task(name=str(template.name), template=template, dependencies=["admit"]) for template in looks]
    dag = DAG(name="drift", tasks=[Task(name="admit", template=admit), *tasks])
    return pipeline(
        "drift-cluster",
        "Find drift",
        "Compare what was applied with what is there; outputs say `true` or `false` per stage.",
        entrypoint="drift",
        on_exit="record",
        templates=[dag, admit, *looks, record],
    )


def plan_cluster() -> WorkflowTemplate:
    """Plan all stages in one look; nothing is stored that could be applied."""
    plan = container("preview", preview.PLAN, published={"changes": "changes", "summary": "summary"})
    dag = DAG(name="plan", tasks=[Task(name="plan", template=plan)])
    return pipeline(
        "plan-cluster",
        "Plan cluster",
        "Show what a create would do, all stages in one plan.",
        entrypoint="plan",
        templates=[dag, plan],
    )


def drift() -> CronWorkflow:
    """Look for drift once a day. Suspended as shipped: an overlay names the cluster and the state store, then resumes it."""
    return CronWorkflow(
        name="drift",
        labels={"app.kubernetes.io/name": "drift", "app.kubernetes.io/part-of": "hera"},
        schedules=["17 3 * * *"],
        timezone="Etc/UTC",
        starting_deadline_seconds=3600,
        concurrency_policy="Forbid",
        successful_jobs_history_limit=3,
        failed_jobs_history_limit=7,
        cron_suspend=True,
        arguments=[Parameter(name="cluster", value=""), Parameter(name="actor", value="cron:drift")],
        workflow_template_ref=WorkflowTemplateRef(name="drift-cluster"),
    )


ALL = (create_cluster, delete_cluster, drift_cluster, plan_cluster, drift)
"""Every definition that is rendered."""
