"""The API server's answers as errors of the one tree; codes are those of the tree, names are what callers catch."""

from __future__ import annotations

import json
from typing import Any

from infra.errors import AlreadyExists, AuthDenied, CloudUnavailable, ConfigRejected, HeraError, NotFound, StepFailed, Throttled
from infra.objects import PreconditionFailed

_REACH = "check the connection to the management cluster, then type the command again"


class Unavailable(CloudUnavailable):
    """The API server does not answer, or says that it cannot now."""


class Conflict(PreconditionFailed):
    """Somebody else changed the object in between, or owns the field."""


class Gone(PreconditionFailed):
    """A watch asked for a version that the server no longer has."""


def unreachable(server: str, error: Exception) -> HeraError:
    """Return the error for an API server that does not answer, or is another one than the kubeconfig says."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        hint = "clusterctl bootstrap --check, or use the kubeconfig of the cluster that is there now"
        return AuthDenied(f"the Kubernetes API at {server} is not the one of this kubeconfig", next_step=hint, detail=str(error))
    return Unavailable(f"the Kubernetes API at {server} does not answer", next_step=_REACH, detail=str(error))


def refused(status: int, body: bytes, what: str) -> HeraError:
    """Return the error for an answer that is no success; `what` is the call, for the reader."""
    answer = _status(body)
    reason, message = str(answer.get("reason", "")), str(answer.get("message", "")) or body.decode(errors="replace")[:500]
    text = f"{what}: {message or f'HTTP {status}'}"
    if status == 409:
        return AlreadyExists(text, next_step="use another name") if reason == "AlreadyExists" else Conflict(text)
    if status in (401, 403):
        return AuthDenied(text, next_step="ask for the right, or use another context of your kubeconfig")
    if status == 429:
        return Throttled(text)
    if status == 410:
        return Gone(text)
    if status >= 500:
        return Unavailable(text, next_step=_REACH)
    return _CLASSES.get(status, StepFailed)(text)


_CLASSES: dict[int, type[HeraError]] = {400: ConfigRejected, 404: NotFound, 405: ConfigRejected, 422: ConfigRejected}


def _status(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
