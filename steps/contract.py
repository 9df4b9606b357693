"""How pipelines name a step without importing its work: command, parameters in, parameters and files out.

A container's command is `python -m steps.<folder> <action>`. Every parameter arrives as an environment variable
(`plan-digest` is `HERA_PLAN_DIGEST`), never as an argument, so nothing needs quoting and nothing shows in a process list.
Files live under `$HERA_ROOT` (`/hera` in a container, a folder of its own per node on one machine): output parameters in
`outputs/<name>`, artifacts in `artifacts/<name>`. Progress is JSON, one event a line, on stdout. A failing step prints an
`error` event with the code, writes it to `outputs/error`, and exits with the code's number (see `infra.errors`).

Several steps may share one container (`chain`): a pod costs seconds, a step after another one nothing. Such a container's
command is `python -m steps.chain LINK…`, each link `folder.action`, or `folder.action:PREFIX` to set its outputs and artifacts
apart from those of other links; events carry their link's name as `step`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

COMMON = ("cluster", "spec", "spec-from", "simulate", "state", "actor", "run", "namespace")
"""Parameters of every step: cluster's name; the spec as YAML text (may be empty where the ledger has it); the ConfigMap that
holds the spec instead, or `none`; `true` to use the simulator; where states and the ledger live (a URL); who asked; the
workflow's name and namespace."""

SPEC_FILE = "spec.yaml"
"""The key under which a ConfigMap holds a spec; the container gets its text as `HERA_SPEC_TEXT`."""

REPORT = "report"
"""The output in which a container's steps leave their times and outcomes, for metrics."""

APPLY_PARAMETERS = ("changes", "plan-digest", "approved-by", "self-approval")
"""Of every stage's apply: what the plan would do (`none`: there is nothing to apply), its digest, who agreed to it, and whether
who asked may be the one who agreed (`allowed`, `refused`)."""

RETRYABLE_EXIT_CODES = (81,)
"""Exit codes that a pipeline may try again at once: throttling, unavailability, capacity, dependencies, time-outs."""


def variable(parameter: str) -> str:
    """Return the environment variable that carries a parameter."""
    return "HERA_" + parameter.upper().replace("-", "_")


@dataclass(frozen=True)
class Step:
    """One action of one step folder."""

    module: str
    action: str
    parameters: tuple[str, ...] = ()
    """Beyond `COMMON`."""
    outputs: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    retry: bool = False
    """Whether trying again helps when the exit code is one of `RETRYABLE_EXIT_CODES`."""
    minutes: int = 10
    """Time limit: the container's activeDeadlineSeconds is sixty times this."""
    environment: dict[str, str] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    """What a chain runs, as its arguments name it."""

    @property
    def name(self) -> str:
        """The step's name as a link of a chain: `network.plan`."""
        return f"{self.module.removeprefix('steps.')}.{self.action}"

    @property
    def command(self) -> list[str]:
        """The container's command."""
        return ["python", "-m", self.module, *(self.links or (self.action,))]


def chain(*steps: Step | tuple[Step, str]) -> Step:
    """Return the steps as one: run in order in one container, ended by the first that fails.

    A pair's second part is the prefix of that step's outputs and artifacts. The whole is retried when the last link that
    failed may be; a link that has done its work before, in this run, says so and does not do it again.
    """
    pairs = [item if isinstance(item, tuple) else (item, "") for item in steps]

    def named(names: tuple[str, ...], prefix: str) -> tuple[str, ...]:
        return tuple(f"{prefix}-{name}" if prefix else name for name in names)

    return Step(
        "steps.chain",
        "",
        parameters=tuple(dict.fromkeys(name for step, _ in pairs for name in step.parameters)),
        outputs=tuple(name for step, prefix in pairs for name in named(step.outputs, prefix)),
        artifacts=tuple(name for step, prefix in pairs for name in named(step.artifacts, prefix)),
        retry=any(step.retry for step, _ in pairs),
        minutes=sum(step.minutes for step, _ in pairs),
        links=tuple(f"{step.name}:{prefix}" if prefix else step.name for step, prefix in pairs),
    )
