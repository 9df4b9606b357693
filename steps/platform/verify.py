"""Whether the platform works, asked of the cluster itself: not what was applied, but what it does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import AuthDenied, CloudUnavailable, ConfigRejected, StepFailed, TimedOut
from infra.kube.manifests.compare import compare
from infra.kube.manifests.objects import named
from infra.kube.manifests.ready import can_wait, until, wait_ready
from infra.kube.manifests.render import render
from steps.common import events
from steps.common.context import Context
from steps.common.stage import Stage
from steps.platform.contract import STAGE
from steps.platform.manifests import SET, Manifests

if TYPE_CHECKING:
    from infra.kube.api import Api

_ROLLOUT = 300.0
_EFFECT = 60.0
"""Seconds until a policy or a role takes effect everywhere in an API server."""
_POLICIES = ("ValidatingAdmissionPolicy", "PodSecurity")
_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


@dataclass(frozen=True)
class Finding:
    """One question and its answer."""

    check: str
    well: bool
    detail: str = ""


def verify(context: Context) -> None:
    """Ask everything, write the answers down, fail when one of them is no."""
    manifests = Manifests(context)
    if manifests.api is None:
        context.artifact("verify.json", "[]")
        context.output("summary", f"{STAGE}: not verified, there is no Kubernetes API")
        return events.note("nothing to verify: there is no Kubernetes API")
    outputs = Stage(context, STAGE).record.outputs
    findings = [_manifests(manifests.api, manifests, outputs), *(_ask(*question) for question in _questions(manifests.api))]
    context.artifact("verify.json", json.dumps([asdict(item) for item in findings]))
    bad = [item for item in findings if not item.well]
    context.output("summary", f"{STAGE}: {len(findings) - len(bad)} of {len(findings)} checks passed")
    for item in findings:
        events.note(f"{'well' if item.well else 'NOT WELL'}: {item.check} {item.detail}".strip())
    if bad:
        raise StepFailed(
            f"the platform of {context.name} does not work: {'; '.join(item.check for item in bad)}",
            next_step=f"run `clusterctl resume cluster {context.name}`",
            detail="\n".join(f"{item.check}: {item.detail}" for item in bad),
        )
    return None


def _manifests(api: Api, manifests: Manifests, outputs: dict[str, Any]) -> Finding:
    """Compare, and look whether rollouts are through."""
    question = "the cluster holds the manifests, and what they start runs"
    found = compare(api, SET, render(manifests.overlay(outputs)))
    if not found.same:
        different = [item.title for item in (*found.missing, *found.changed, *found.surplus)]
        return Finding(question, False, f"different: {', '.join(different[:5]) or 'another version was applied'}")
    try:
        wait_ready(api, [named(item) for item in found.wanted if can_wait(item.kind)], events.note, _ROLLOUT, "")
    except TimedOut as problem:
        return Finding(question, False, f"{problem.message}\n{problem.detail}")
    return Finding(question, True)


def _questions(api: Api) -> list[tuple[str, Callable[[], bool]]]:
    return [
        ("a container that may be root is refused", lambda: _refuses(api, _pod(root=True))),
        ("a container that asks for nothing special is let in", lambda: not _refuses(api, _pod(root=False))),
        ("viewers may look at pods", lambda: _may(api, "hera:viewers", "list", "pods")),
        ("viewers may not read Secrets", lambda: not _may(api, "hera:viewers", "get", "secrets")),
        ("developers may not change network policies", lambda: not _may(api, "hera:developers", "update", "networkpolicies")),
    ]


def _ask(question: str, answer: Callable[[], bool]) -> Finding:
    try:
        until(answer, _EFFECT, lambda: question, "")
    except TimedOut as problem:
        return Finding(question, False, problem.detail)
    return Finding(question, True)


def _refuses(api: Api, pod: dict[str, Any]) -> bool:
    """Tell whether an object would be refused; nothing is made."""
    try:
        api.create("/api/v1/namespaces/apps/pods?dryRun=All", pod)
    except (AuthDenied, ConfigRejected) as answer:
        if any(word in answer.message for word in _POLICIES):
            return True
        # A quota that is not counted yet, an account that is not made yet: the answer comes later.
        raise CloudUnavailable(answer.message) from answer
    return False


def _pod(*, root: bool) -> dict[str, Any]:
    confined = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": not root,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {
        "name": "probe",
        "image": f"registry.invalid/probe@sha256:{'0' * 64}",
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "32Mi"}},
        "securityContext": confined,
    }
    spec = {"containers": [container], "automountServiceAccountToken": False}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe", "namespace": "apps"}, "spec": spec}


def _may(api: Api, group: str, verb: str, resource: str) -> bool:
    attributes = {"namespace": "apps", "verb": verb, "resource": resource}
    attributes |= {"group": "networking.k8s.io"} if resource == "networkpolicies" else {}
    spec = {"user": "hera-verify", "groups": [group, "system:authenticated"], "resourceAttributes": attributes}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    return bool(api.create(_REVIEWS, review)["status"]["allowed"])
