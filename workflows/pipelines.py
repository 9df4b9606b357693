"""The cluster pipelines: what runs, in which order, and what happens at the end. Steps are named by contract only.

A pod costs seconds and a person's answer needs none, so steps that follow each other without a question share a pod. The last of
them records that the run succeeded; the exit handler needs a pod only when it did not.
"""

from __future__ import annotations

from hera.workflows import DAG, Container, CronWorkflow, Parameter, Step, Steps, Task, WorkflowTemplate
from hera.workflows.models import DAGTask, WorkflowTemplateRef

from steps.cluster import contract as cluster
from steps.contract import chain
from steps.lifecycle import contract as lifecycle
from steps.network import contract as network
from steps.platform import contract as platform
from steps.preview import contract as preview
from workflows.approval import POLICY, SELF_APPROVAL, approval, ask, question_tasks, rejected
from workflows.blocks import APPLIER, PLANNER, RECORDER, container, pipeline


def _succeeded(operation: str) -> dict[str, str]:
    """Return what the last link of a chain records: it is only reached when all went well."""
    return {"operation": operation, "status": "Succeeded", "failures": ""}


def _finish(operation: str) -> list[Steps | Container]:
    """Return the exit handler: a pod that records how the run ended, unless that is recorded already."""
    ended = {"operation": operation, "status": "{{workflow.status}}", "failures": "{{workflow.failures}}"}
    record = container("record", lifecycle.RECORD, ended, account=RECORDER)
    finish = Steps(name="finish")
    finish.sub_steps = [Step(name="record", template=record, when="'{{workflow.status}}' != 'Succeeded'")]
    return [finish, record]


def create_cluster() -> WorkflowTemplate:
    """Create or change a cluster: per stage a plan, an approval when the policy asks, and the apply of that very plan."""
    self_approval = {"self-approval": "{{workflow.parameters.self-approval}}"}
    plan_network = container(
        "plan-network", chain(lifecycle.ADMIT, network.PLAN), {"operation": "create"}, {"changes": "network-changes"}
    )
    apply_network = container(
        "apply-network", chain(network.APPLY, cluster.PLAN), self_approval, {"changes": "cluster-changes"}, APPLIER
    )
    apply_cluster = container(
        "apply-cluster",
        chain(cluster.APPLY, platform.PLAN, lifecycle.RECORD),
        self_approval | _succeeded("create"),
        {"changes": "platform-changes"},
        APPLIER,
    )
    apply_platform = container(
        "apply-platform",
        chain(platform.APPLY, platform.VERIFY, lifecycle.RECORD),
        self_approval | _succeeded("create"),
        account=APPLIER,
    )
    question, no = ask(), rejected()
    ask_network, ask_cluster, ask_platform = (approval(stage, question) for stage in ("network", "cluster", "platform"))
    first = Task(name="plan-network", template=plan_network)
    for_network = question_tasks("network", first, ask_network, no, apply_network)
    for_cluster = question_tasks("cluster", for_network[-1], ask_cluster, no, apply_cluster)
    for_platform = question_tasks("platform", for_cluster[-1], ask_platform, no, apply_platform, last=True)
    tasks: list[Task | DAGTask] = [first, *for_network, *for_cluster, *for_platform]
    dag = DAG(name="create", tasks=tasks)
    return pipeline(
        "create-cluster",
        "Create cluster",
        "Create or change a cluster: plan, approve and apply the network, then the cluster, then its platform.",
        "create",
        [POLICY, SELF_APPROVAL],
        entrypoint="create",
        on_exit="finish",
        templates=[
            dag, plan_network, ask_network, apply_network, ask_cluster, apply_cluster, ask_platform, apply_platform, question, no,
            *_finish("create"),
        ],
    )  # fmt: skip


def delete_cluster() -> WorkflowTemplate:
    """Delete a cluster: drain what Kubernetes made, destroy in reverse, prove by ownership tag that nothing is left."""
    stages = (platform.DESTROY, cluster.DESTROY, network.DESTROY)
    links = chain(lifecycle.ADMIT, lifecycle.DRAIN, *stages, lifecycle.PROVE, lifecycle.RECORD)
    values = _succeeded("delete") | {"unprotect": "{{workflow.parameters.unprotect}}"}
    delete = container("delete-cluster", links, values, account=APPLIER)
    dag = DAG(name="delete", tasks=[Task(name="delete-cluster", template=delete)])
    return pipeline(
        "delete-cluster",
        "Delete cluster",
        "Drain, destroy the platform, the cluster and then the network, and prove that nothing is left.",
        "delete",
        [Parameter(name="unprotect", value="false", enum=["true", "false"], description="`true` lifts deletion protection.")],
        entrypoint="delete",
        on_exit="finish",
        templates=[dag, delete, *_finish("delete")],
    )


def drift_cluster() -> WorkflowTemplate:
    """Compare a cluster with the world, stage by stage; the answers are outputs of the workflow."""
    looks = ((network.DRIFT, "network"), (cluster.DRIFT, "cluster"), (platform.DRIFT, "platform"))
    links = chain(lifecycle.ADMIT, *looks, lifecycle.RECORD)
    names = [f"{stage}-{output}" for _, stage in looks for output in ("drift", "summary")]
    look = container("find-drift", links, _succeeded("drift"), {name: name for name in names}, PLANNER)
    dag = DAG(name="drift", tasks=[Task(name="find-drift", template=look)])
    return pipeline(
        "drift-cluster",
        "Find drift",
        "Compare what was applied with what is there; outputs say `true` or `false` per stage.",
        "drift",
        entrypoint="drift",
        on_exit="finish",
        templates=[dag, look, *_finish("drift")],
    )


def plan_cluster() -> WorkflowTemplate:
    """Plan all stages in one look; nothing is stored that could be applied."""
    plan = container("preview", preview.PLAN, published={"changes": "changes", "summary": "summary"})
    dag = DAG(name="plan", tasks=[Task(name="plan", template=plan)])
    return pipeline(
        "plan-cluster",
        "Plan cluster",
        "Show what a create would do, all stages in one plan.",
        "plan",
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
