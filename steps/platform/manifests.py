"""The platform's manifests, the half of the stage that terraform does not know: an overlay of k8s/ and what the cloud adds.

Without a Kubernetes API (a simulation that was given none) the manifests are rendered and checked, and that is said.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.errors import ConfigRejected, NotFound, WaitAndRetry
from infra.kube.manifests import apply as applying
from infra.kube.manifests.applyset import ApplySet
from infra.kube.manifests.compare import Difference, compare, differences
from infra.kube.manifests.drain import drain
from infra.kube.manifests.objects import Reference
from infra.kube.manifests.render import Overlay, Rendered, render
from infra.plans.summary import AttributeChange, Change, as_text
from steps.common import events
from steps.common.context import Context
from steps.common.stage import Stage
from steps.platform.contract import KUBECONFIG, STAGE

if TYPE_CHECKING:
    from infra.kube.api import Api

K8S = Path(__file__).resolve().parents[2] / "k8s"
SET = ApplySet("hera-platform")
EXEMPT = "hera.dev/policies"
_GUARDS = frozenset({
    "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "NetworkPolicy", "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
})  # fmt: skip
"""Kinds whose change is a change of who may do what."""


@dataclass
class Manifests:
    """What is on one cluster."""

    context: Context

    @cached_property
    def api(self) -> Api | None:
        """The cluster's Kubernetes API; None where there is none to talk to."""
        from infra.kube.api import Api

        given = os.environ.get(KUBECONFIG, "")
        if given:
            return Api.connect(Path(given))
        return None if self.context.simulated else self._own()

    def _own(self) -> Api | None:
        """Connect as the cluster's outputs say; a cluster that has no endpoint yet, or no more, has no API."""
        import json
        import tempfile

        from infra.kube.api import Api

        outputs = Stage(self.context, "cluster").outputs()
        if not outputs.get("endpoint") or not outputs.get("ca_certificate"):
            return None
        with tempfile.NamedTemporaryFile("w", prefix="hera-kubeconfig-", suffix=".json") as file:
            json.dump(self.context.provider.kubeconfig(self.context.cluster, outputs), file)
            file.flush()
            return Api.connect(Path(file.name))

    def overlay(self, outputs: Mapping[str, Any]) -> Overlay:
        """Return the environment's overlay with what the module's outputs add."""
        return Overlay(
            K8S / "overlays" / self.context.cluster.spec.environment,
            tuple(K8S / "components" / name for name in outputs.get("manifest_components") or ()),
            {account: values for account, values in (outputs.get("account_annotations") or {}).items() if values},
            SET.labels,
        )

    def digest(self) -> str:
        """Return the digest of the files that are rendered."""
        seen = hashlib.sha256()
        for folder in ("base", "components", f"overlays/{self.context.cluster.spec.environment}"):
            for path in sorted((K8S / folder).rglob("*.yaml")):
                seen.update(str(path.relative_to(K8S)).encode() + b"\0" + path.read_bytes() + b"\0")
        return seen.hexdigest()

    def plan(self, outputs: Mapping[str, Any]) -> tuple[Change, ...]:
        """Return what the API server would change: a dry run of the server's own."""
        if self.api is None:
            self._check_only(outputs)
            return ()
        if not outputs:
            events.note(
                "what the cloud adds to the manifests (annotations of accounts, components) is known after the first apply"
            )
        rendered = render(self.overlay(outputs))
        found = compare(self.api, SET, rendered)
        return () if found.same else tuple(change(item) for item in differences(self.api, SET, found))

    def apply(self, outputs: Mapping[str, Any]) -> None:
        """Apply in waves, remove what is gone, wait until it runs."""
        if self.api is None:
            return self._check_only(outputs)
        self._exempt(self.api, outputs.get("system_namespaces") or ())
        hint = f"clusterctl resume cluster {self.context.name}"
        report = applying.apply(self.api, SET, render(self.overlay(outputs)), events.note, next_step=hint)
        return events.note(f"manifests: {report.headline}")

    def destroy(self) -> None:
        """Drain what controllers made in the cloud, then remove the manifests, last made first."""
        if self.api is None:
            return events.note("no Kubernetes API to remove manifests from: what is on the cluster goes with it")
        hint = f"clusterctl delete cluster {self.context.name}"
        try:
            for line in drain(self.api, events.note):
                events.warning(f"{line}; the cloud is asked next")
            count = applying.destroy(self.api, SET, events.note, next_step=hint)
        except WaitAndRetry as problem:  # a cluster that is broken or half made has to be deletable too
            return events.warning(f"the cluster was not emptied, its cloud objects are looked for instead: {problem.message}")
        return events.note(f"manifests: {count} removed")

    def _check_only(self, outputs: Mapping[str, Any]) -> None:
        """Render and check as far as that goes without a server, and say so."""
        why = (
            "there is no Kubernetes API in the simulation" if self.context.simulated else "the cluster has no Kubernetes API yet"
        )
        if not shutil.which("kubectl"):
            return events.note(f"{why}, and no kubectl to render the manifests with: they were not looked at")
        rendered = render(self.overlay(outputs))
        check(rendered)
        return events.note(f"{why}: {len(rendered.objects)} manifests were rendered and checked, not applied")

    @staticmethod
    def _exempt(api: Api, namespaces: tuple[str, ...] | list[str]) -> None:
        """Label the cloud's own namespaces, those that are there, so that admission policies leave them alone."""
        for name in namespaces:
            path = f"/api/v1/namespaces/{name}"
            try:
                labels = api.get(path)["metadata"].get("labels") or {}
            except NotFound:
                continue
            if labels.get(EXEMPT) != "exempt":
                api.patch(path, {"metadata": {"labels": {EXEMPT: "exempt"}}})
                events.note(f"namespace {name} is the cloud's own: policies leave it alone")


def check(rendered: Rendered) -> None:
    """Refuse what no server would take: objects without a name, twice the same, in a namespace that nobody makes."""
    items = rendered.by_reference
    spaces = {item.name for item in items if item.kind == "Namespace"} | {"kube-system", "default"}
    lost = sorted(item.title for item in items if item.namespace and item.namespace not in spaces)
    if lost:
        raise ConfigRejected(f"{len(lost)} manifests name a namespace that is not there: {', '.join(lost[:5])}")


def change(found: Difference) -> Change:
    """Return a difference as a plan's reader sees it."""
    fields = tuple(AttributeChange(item.path, as_text(item.before), as_text(item.after)) for item in found.fields)
    problem = (AttributeChange("refused", None, found.problem),) if found.problem else ()
    security = ("who may do what",) if found.reference.kind in _GUARDS and found.action != "create" else ()
    return Change(_address(found.reference), f"kubernetes {found.reference.kind}", found.action, fields + problem, security)


def _address(item: Reference) -> str:
    return f"{STAGE}: {item.title}"
