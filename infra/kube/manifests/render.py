"""From a kustomization to objects.

What only one cluster needs (components, annotations of accounts) is put on top by kustomize too, so that what goes to the API
server is what a person sees who builds the same folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.errors import ConfigRejected, DependencyMissing, StepFailed
from infra.kube.manifests.objects import Object, Reference, reference


@dataclass(frozen=True)
class Rendered:
    """What a kustomization builds: the text, and the objects once they are asked for."""

    text: str

    @cached_property
    def digest(self) -> str:
        """The digest of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def objects(self) -> tuple[Object, ...]:
        """The objects, as kustomize orders them."""
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return tuple(obj for obj in yaml.load_all(self.text, loader) if obj)

    @cached_property
    def by_reference(self) -> Mapping[Reference, Object]:
        """The objects by what names them; raises `ConfigRejected` for one that has no name or is there twice."""
        found: dict[Reference, Object] = {}
        for obj in self.objects:
            try:
                item = reference(obj)
            except (KeyError, TypeError) as error:
                raise ConfigRejected(f"a manifest without apiVersion, kind or name: {json.dumps(obj)[:200]}") from error
            if item in found:
                raise ConfigRejected(f"{item.title} is in the manifests twice")
            found[item] = obj
        return found


@dataclass(frozen=True)
class Overlay:
    """A kustomization and what one cluster has on top of it."""

    folder: Path
    components: Sequence[Path] = ()
    annotations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """NAMESPACE/ACCOUNT to annotations of that service account."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of every object."""

    def kustomization(self, where: Path) -> dict[str, Any]:
        """Return the kustomization in a folder that stands for all of it; paths have to be relative."""
        made: dict[str, Any] = {"resources": [_relative(self.folder, where)]}
        if self.components:
            made["components"] = [_relative(path, where) for path in self.components]
        if self.annotations:
            made["patches"] = [_annotating(account, dict(values)) for account, values in sorted(self.annotations.items())]
        if self.labels:
            made["labels"] = [{"pairs": dict(self.labels)}]
        return made


def render(overlay: Overlay) -> Rendered:
    """Build an overlay with all that is on top of it."""
    with tempfile.TemporaryDirectory(prefix="hera-manifests-") as made:
        where = Path(made).resolve()
        (where / "kustomization.yaml").write_text(json.dumps(overlay.kustomization(where)))
        return build(where, str(overlay.folder))


def build(folder: Path, name: str = "") -> Rendered:
    """Return what `kubectl kustomize` builds; needs no cluster."""
    if not shutil.which("kubectl"):
        raise DependencyMissing(
            "kubectl is needed to build the manifests", next_step="install kubectl (kubernetes.io/docs/tasks/tools)"
        )
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepFailed(f"kubectl kustomize {name or folder.name} failed", detail=done.stderr)
    return Rendered(done.stdout)


def _relative(path: Path, where: Path) -> str:
    return os.path.relpath(path.resolve(), where)


def _annotating(account: str, annotations: Mapping[str, str]) -> dict[str, Any]:
    namespace, _, name = account.partition("/")
    metadata = {"name": name, "namespace": namespace, "annotations": annotations}
    patch = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    return {
        "target": {"version": "v1", "kind": "ServiceAccount", "name": name, "namespace": namespace},
        "patch": json.dumps(patch),
    }
