"""The secrets operator, killed at a step of a reconcile that is named: `python -m tests.support.struck STEP COUNT FLAGS…`.

The process is the operator as it is; when it comes to the step for the COUNTth time it kills itself with SIGKILL, so nothing is
tidied up. `STEPS` names them in the order of a round.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

from infra.providers.gcp.secrets import SecretManager
from operator_kit import finalizers
from operator_kit.events import Recorder
from operator_kit.guard import Guarded
from secrets_operator import __main__, consumers, target
from secrets_operator.external import External
from secrets_operator.push import Push
from secrets_operator.shared import Shared

IN_FLIGHT = 0.004
"""A write is on its way for about so many seconds."""


@dataclass(frozen=True)
class Step:
    """Where to strike: before or after a function, or while it runs; `only` looks at its arguments and its answer."""

    owner: Any
    name: str
    when: Literal["before", "in", "after"]
    only: Callable[[tuple[Any, ...], Any], bool] = lambda arguments, answer: True


def _writes_a_secret(arguments: tuple[Any, ...], _: Any) -> bool:
    return arguments[1] in ("POST", "PATCH") and "/secrets" in arguments[2] and arguments[2].startswith("/api/v1/")


def _writes(part: str) -> Callable[[tuple[Any, ...], Any], bool]:
    return lambda arguments, _: arguments[1] in ("POST", "PATCH", "PUT", "DELETE") and part in arguments[2]


def _something(_: tuple[Any, ...], answer: Any) -> bool:
    return answer is not None


STEPS: Mapping[str, Step] = {
    "before the ExternalSecret is read": Step(External, "reconcile", "before"),
    "between ExternalSecret and Secret": Step(target, "read", "before"),
    "between Secret and store": Step(Shared, "read", "before"),
    "in the store's answers": Step(SecretManager, "_one", "after"),
    "between store and write": Step(target, "write", "before"),
    "in the write of the Secret": Step(Guarded, "_send", "in", _writes_a_secret),
    "after the write of the Secret": Step(target, "write", "after", _something),
    "between write and restarts": Step(consumers, "restart", "before"),
    "between two restarts": Step(Guarded, "_send", "after", _writes("/deployments/")),
    "after the restarts": Step(consumers, "restart", "after"),
    "before the status": Step(External, "_tell", "before"),
    "in the write of the status": Step(Guarded, "_send", "in", _writes("/status")),
    "between status and event": Step(Recorder, "tell", "before"),
    "after the event": Step(Recorder, "tell", "after"),
    "between the Secret's removal and status": Step(External, "_delete", "after"),
    "push: between finalizer and store": Step(finalizers, "put", "after"),
    "push: between store and status": Step(Push, "_push", "after"),
    "push: between removal and finalizer": Step(finalizers, "take", "before"),
}


def strike(step: Step, count: int) -> None:
    """Have this process end when it comes to a step for the `count`th time."""
    real, left, lock = getattr(step.owner, step.name), [count], threading.Lock()

    def come(arguments: tuple[Any, ...], answer: Any = None, *, after: float = 0.0) -> None:
        with lock:
            left[0] -= step.only(arguments, answer)
            if left[0] == 0 and step.only(arguments, answer):
                threading.Thread(target=_end, args=(after,)).start() if after else _end()

    @wraps(real)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if step.when == "before":
            come(arguments)
        if step.when == "in":
            come(arguments, after=random.uniform(0.0001, IN_FLIGHT))
        answer = real(*arguments, **named)
        if step.when == "after":
            come(arguments, answer)
        return answer

    setattr(step.owner, step.name, wrapped)


def _end(seconds: float = 0.0) -> None:
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    name, count = sys.argv[1:3]
    strike(STEPS[name], int(count))
    sys.argv[1:3] = []
    sys.exit(__main__.main())
