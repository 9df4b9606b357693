"""How a pipeline asks a person, bound to one plan: a suspend node that takes a yes or a no and who said it.

Three of Argo's habits shape this. A reference to an output of a skipped node never resolves and hangs the workflow, so the
suspend node sits in a template of its own, which always has an answer. `argo resume` of one node asks for no outputs, so a
node that ran and has none counts as a no, as does whatever is neither a yes nor the policy's word. And a suspend node has no
way to end as failed by its outputs, so a container says the no, with the exit code that means it.
"""

from __future__ import annotations

from hera.workflows import Container, Parameter, Step, Steps, Suspend, Task
from hera.workflows.models import SuppliedValueFrom, ValueFrom

from infra.errors import ApprovalRejected
from steps.contract import Step as StepContract
from workflows.blocks import RECORDER, container

POLICY = Parameter(
    name="approval",
    value="always",
    enum=["always", "destructive", "never"],
    description="When a person has to agree: to every change, to destruction and replacement only, or never.",
)

SELF_APPROVAL = Parameter(
    name="self-approval",
    value="allowed",
    enum=["allowed", "refused"],
    description="Whether who asked for the run may also be the one who approves it.",
)

UNASKED = "unasked"
"""What stands for the answer when the policy wants nobody to be asked, or nothing changes."""

_NEEDED = (
    "'{{inputs.parameters.changes}}' != 'none' && ('{{workflow.parameters.approval}}' == 'always' || "
    "('{{workflow.parameters.approval}}' == 'destructive' && '{{inputs.parameters.changes}}' == 'destructive'))"
)

_REFUSE = """\
by=$(printf %s "$HERA_APPROVED_BY" | tr -cd 'A-Za-z0-9@._ -')
message="the plan of stage $HERA_STAGE was rejected by ${by:-somebody}"
error=$(printf '"code": "%s", "message": "%s", "retryable": false, "next": "", "detail": ""' "$HERA_CODE" "$message")
mkdir -p "$HERA_ROOT/outputs"
printf '{%s}' "$error" >"$HERA_ROOT/outputs/error"
printf '{"event": "error", "time": "%s", %s}\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$error"
exit "$HERA_EXIT_CODE"
"""


def ask() -> Suspend:
    """Return the suspend template: it shows a plan's digest and summary and waits for `approved` and `approved-by`."""
    return Suspend(
        name="approve",
        inputs=[
            Parameter(name="stage"),
            Parameter(name="plan-digest"),
            Parameter(name="summary"),
            Parameter(name="approved", value="no", enum=["yes", "no"]),
        ],
        outputs=[
            Parameter(name="approved", value_from=ValueFrom(supplied=SuppliedValueFrom())),
            Parameter(name="approved-by", value_from=ValueFrom(supplied=SuppliedValueFrom())),
        ],
    )


def approval(stage: str, template: Suspend) -> Steps:
    """Return the template that asks when the policy and the changes want it, and always has an answer."""
    question = Step(
        name=f"{stage}-approve",
        template=template,
        when=_NEEDED,
        arguments={
            "stage": stage,
            "plan-digest": "{{inputs.parameters.plan-digest}}",
            "summary": "{{inputs.parameters.summary}}",
        },
    )
    steps = Steps(
        name=f"{stage}-approval",
        inputs=[Parameter(name="changes"), Parameter(name="plan-digest"), Parameter(name="summary")],
        outputs=[_answer(stage, "approved", UNASKED), _answer(stage, "approved-by", "")],
    )
    steps.sub_steps = [question]
    return steps


def _answer(stage: str, name: str, unasked: str) -> Parameter:
    node = f"steps['{stage}-approve']"
    expression = f"{node}.status == 'Skipped' ? '{unasked}' : {node}.outputs.parameters['{name}']"
    # The default speaks when the node ran and has no value: `argo resume` of one node asks for none.
    return Parameter(name=name, value_from=ValueFrom(expression=expression, default="no" if name == "approved" else ""))


def rejected() -> Container:
    """Return the container template that ends a workflow because somebody said no."""
    step = StepContract("", "", parameters=("stage", "approved-by"), minutes=1)
    template = container("rejected", step, account=RECORDER)
    template.command, template.args, template.metrics = ["sh", "-c"], [_REFUSE], None
    template.termination_message_policy = "FallbackToLogsOnError"
    template.env = [
        *(template.env if isinstance(template.env, list) else []),
        {"HERA_CODE": ApprovalRejected.code, "HERA_EXIT_CODE": str(ApprovalRejected.exit_code)},
    ]
    return template


def question_tasks(
    stage: str, planned: Task, approve: Steps, no: Container, apply: Container, *, last: bool = False
) -> list[Task]:
    """Return what follows a stage's plan: the question, what a no leads to, and the apply of that very plan.

    The last stage's apply is left out when there is nothing to apply; an earlier one's pod has the next plan to make.
    """
    output = f"{{{{tasks.{planned.name}.outputs.parameters.%s}}}}"
    answer = f"{{{{tasks.{stage}-approval.outputs.parameters.%s}}}}"
    asked = Task(
        name=f"{stage}-approval",
        template=approve,
        dependencies=[planned.name],
        arguments={name: output % name for name in ("changes", "plan-digest", "summary")},
    )
    refused = Task(
        name=f"{stage}-rejected",
        template=no,
        dependencies=[asked.name],
        when=f"!('{answer % 'approved'}' in ('yes', '{UNASKED}'))",
        arguments={"stage": stage, "approved-by": answer % "approved-by"},
    )
    applied = Task(
        name=str(apply.name),
        template=apply,
        dependencies=[refused.name],
        when=f"'{output % 'changes'}' != 'none'" if last else None,
        arguments={
            "changes": output % "changes",
            "plan-digest": output % "plan-digest",
            "approved-by": answer % "approved-by",
        },
    )
    return [asked, refused, applied]
