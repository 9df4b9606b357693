"""The one error tree, ordered by what the reader does next.

    HeraError
    ├── UserMistake          change what you typed, or your account, then run again
    │   ├── UsageError             USAGE                64
    │   ├── SpecInvalid            SPEC_INVALID         65
    │   ├── NotFound               NOT_FOUND            66
    │   ├── AuthDenied             AUTH_DENIED          77
    │   ├── DependencyMissing      DEPENDENCY_MISSING   69
    │   ├── ConfigRejected         CONFIG_REJECTED      78
    │   ├── AlreadyExists          ALREADY_EXISTS       78
    │   └── DeletionProtected      DELETION_PROTECTED   79
    ├── WaitAndRetry         nothing is wrong with the request: the same one works later
    │   ├── StateLocked            STATE_LOCKED         75
    │   ├── AwaitingApproval       AWAITING_APPROVAL    80
    │   ├── Throttled              THROTTLED            81
    │   ├── CloudUnavailable       CLOUD_UNAVAILABLE    81
    │   ├── CapacityUnavailable    CAPACITY_UNAVAILABLE 81
    │   ├── DependencyViolation    DEPENDENCY_VIOLATION 81
    │   ├── TimedOut               TIMEOUT              81
    │   └── Interrupted            INTERRUPTED          82
    └── Stop                 somebody has to decide before anything goes on
        ├── QuotaExceeded          QUOTA_EXCEEDED       83
        ├── PlanStale              PLAN_STALE           84
        ├── ApprovalRejected       APPROVAL_REJECTED    85
        ├── LeftBehind             LEFT_BEHIND          86
        ├── StateCorrupt           STATE_CORRUPT        87
        ├── Unsupported            UNSUPPORTED          88
        └── StepFailed             STEP_FAILED          70

The numbers are exit codes of the command line and never change; 64 to 78 follow sysexits.h.
Codes cross process boundaries as JSON (`to_dict`, `from_dict`), so a step's error is the command's error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


class HeraError(Exception):
    """What happened, whether a retry helps, and what to type next.

    Args:
        message: What happened, in one or two sentences, without secrets.
        next_step: The command to type or the thing to change; the class's default when empty.
        detail: The original text (a cloud's or terraform's), for the reader who needs it.
    """

    code: ClassVar[str] = "STEP_FAILED"
    exit_code: ClassVar[int] = 70
    retryable: ClassVar[bool] = False
    default_next: ClassVar[str] = ""

    def __init__(self, message: str, *, next_step: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step or self.default_next
        self.detail = detail

    def to_dict(self) -> dict[str, Any]:
        """Return the error as JSON-safe data, the form that crosses process boundaries."""
        return {
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            "next": self.next_step,
            "detail": self.detail,
        }


class UserMistake(HeraError):
    """The request, the files or the account have to change."""


class WaitAndRetry(HeraError):
    """The same request works later."""

    retryable = True


class Stop(HeraError):
    """Somebody has to decide before anything goes on."""


class UsageError(UserMistake):
    """The command line makes no sense."""

    code, exit_code = "USAGE", 64


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a file: where, what was found, what is accepted."""

    path: str
    found: str
    accepted: str
    file: str = ""
    line: int = 0

    def __post_init__(self) -> None:
        if not self.found:  # whoever found it: nobody reads "found ;"
            object.__setattr__(self, "found", "empty text")

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        return f"{where}{self.path}: found {self.found}; accepted: {self.accepted}"


class SpecInvalid(UserMistake):
    """The cluster spec is wrong; holds every problem, not only the first."""

    code, exit_code = "SPEC_INVALID", 65
    default_next = "change the file and run `clusterctl validate -f FILE`"

    def __init__(self, problems: Iterable[Problem], *, next_step: str = "", detail: str = "") -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__(
            f"{count} problem{'s' if count != 1 else ''} in the cluster spec\n"
            + "\n".join(f"  {problem}" for problem in self.problems),
            next_step=next_step,
            detail=detail,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the error with its problems as data."""
        return super().to_dict() | {"problems": [asdict(problem) for problem in self.problems]}


class NotFound(UserMistake):
    """No such cluster, file or object."""

    code, exit_code = "NOT_FOUND", 66


class AuthDenied(UserMistake):
    """No credentials, expired ones, or not enough rights."""

    code, exit_code = "AUTH_DENIED", 77


class DependencyMissing(UserMistake):
    """A program or package that this command needs is not installed."""

    code, exit_code = "DEPENDENCY_MISSING", 69


class ConfigRejected(UserMistake):
    """The cloud or terraform refuses a value."""

    code, exit_code = "CONFIG_REJECTED", 78
    default_next = "change the value in the cluster spec and run `clusterctl plan cluster -f FILE`"


class AlreadyExists(UserMistake):
    """The cloud holds an object of that name that Hera did not make."""

    code, exit_code = "ALREADY_EXISTS", 78
    default_next = "choose another name, or delete or import the object that is there"


class DeletionProtected(UserMistake):
    """The spec or the cloud protects the cluster from deletion."""

    code, exit_code = "DELETION_PROTECTED", 79
    default_next = "run `clusterctl delete cluster NAME --unprotect` if you mean it"


class StateLocked(WaitAndRetry):
    """Another run holds the state or the cluster."""

    code, exit_code = "STATE_LOCKED", 75


class AwaitingApproval(WaitAndRetry):
    """A plan waits for somebody's approval."""

    code, exit_code = "AWAITING_APPROVAL", 80


class Throttled(WaitAndRetry):
    """The cloud asks for fewer calls."""

    code, exit_code = "THROTTLED", 81


class CloudUnavailable(WaitAndRetry):
    """The cloud's API does not answer, or answers with an internal error."""

    code, exit_code = "CLOUD_UNAVAILABLE", 81


class CapacityUnavailable(WaitAndRetry):
    """The cloud has no machines of that type in that zone now."""

    code, exit_code = "CAPACITY_UNAVAILABLE", 81
    default_next = "wait and run `clusterctl resume cluster NAME`, or choose another machine type or zone"


class DependencyViolation(WaitAndRetry):
    """Something still uses the object; often it is gone a little later."""

    code, exit_code = "DEPENDENCY_VIOLATION", 81


class TimedOut(WaitAndRetry):
    """Something took longer than its limit."""

    code, exit_code = "TIMEOUT", 81


class Interrupted(WaitAndRetry):
    """The run was stopped by a signal; what was done is recorded."""

    code, exit_code = "INTERRUPTED", 82
    default_next = "run `clusterctl resume cluster NAME`"


class QuotaExceeded(Stop):
    """The account's quota does not allow it; a retry does not help."""

    code, exit_code = "QUOTA_EXCEEDED", 83
    default_next = "ask the cloud for a higher quota, then run `clusterctl resume cluster NAME`"


class PlanStale(Stop):
    """The world moved between plan and apply."""

    code, exit_code = "PLAN_STALE", 84
    default_next = "plan again: `clusterctl plan cluster -f FILE`"


class ApprovalRejected(Stop):
    """Somebody said no."""

    code, exit_code = "APPROVAL_REJECTED", 85


class LeftBehind(Stop):
    """A delete finished, yet the cloud still holds objects with the cluster's tag."""

    code, exit_code = "LEFT_BEHIND", 86


class StateCorrupt(Stop):
    """A state, ledger or plan file is not what its checksum says."""

    code, exit_code = "STATE_CORRUPT", 87


class Unsupported(Stop):
    """Something that this part does not know; refused by name instead of guessed."""

    code, exit_code = "UNSUPPORTED", 88


class StepFailed(Stop):
    """Everything that no rule recognised; the original text is in `detail`."""

    code, exit_code = "STEP_FAILED", 70


def _leaves(cls: type[HeraError]) -> Iterable[type[HeraError]]:
    for child in cls.__subclasses__():
        yield child
        yield from _leaves(child)


def by_code() -> Mapping[str, type[HeraError]]:
    """Return every error class that has a code of its own, by that code."""
    return {cls.code: cls for cls in _leaves(HeraError) if "code" in vars(cls)}


def from_dict(data: Mapping[str, Any]) -> HeraError:
    """Rebuild an error from `HeraError.to_dict`; an unknown code becomes `StepFailed`."""
    if data.get("code") == SpecInvalid.code and "problems" in data:
        return SpecInvalid([Problem(**problem) for problem in data["problems"]], next_step=str(data.get("next", "")))
    cls = by_code().get(str(data.get("code")), StepFailed)
    return cls(str(data.get("message", "")), next_step=str(data.get("next", "")), detail=str(data.get("detail", "")))
