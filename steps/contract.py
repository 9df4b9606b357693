"""How pipelines name a step without importing its work: command, parameters in, parameters and files out.

A container's command is `python -m steps.<folder> <action>`. Every parameter arrives as an environment variable
(`plan-digest` is `HERA_PLAN_DIGEST`), never as an argument, so nothing needs quoting and nothing shows in a process list.
Files live under `$HERA_ROOT` (`/hera` in a container, a folder of its own per node on one machine): output parameters in
`outputs/<name>`, artifacts in `artifacts/<name>`. Progress is JSON, one event a line, on stdout. A failing step prints an
`error` event with the code, writes it to `outputs/error`, and exits with the code's number (see `infra.errors`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

COMMON = ("cluster", "spec", "simulate", "state", "actor", "run")
"""Parameters of every step: cluster's name; the spec as YAML text (may be empty where the ledger has it); `true` to use the
simulator; where states and the ledger live (a URL); who asked; the workflow's name."""

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

    @property
    def command(self) -> list[str]:
        """The container's command."""
        return ["python", "-m", self.module, self.action]
