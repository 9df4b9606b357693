"""What k8s/overlays build, once per process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from infra.kube.manifests.render import Overlay, build, render
from tests.support.cli import PROJECT

K8S = PROJECT / "k8s"
ENVIRONMENTS = ("dev", "staging", "prod")
COMPONENTS = ("digests", "metrics-server", "node-metadata", "observability", "public-api-server", "restoring")
FIRST = ("Namespace", "PriorityClass", "ServiceAccount", "ClusterRole", "Role")
Object = dict[str, Any]


def text(folder: Path) -> str:
    """Return what kustomize writes."""
    return build(folder).text


def load(content: str) -> list[Object]:
    """Return objects in the order in which they can be made."""
    objects = list(yaml.load_all(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    return sorted(objects, key=lambda obj: FIRST.index(obj["kind"]) if obj["kind"] in FIRST else len(FIRST))


@cache
def built(environment: str, components: Sequence[str] = ()) -> tuple[Object, ...]:
    """Return an overlay's objects, with components on top as a platform step puts them."""
    overlay = Overlay(K8S / "overlays" / environment, tuple(K8S / "components" / name for name in components))
    return tuple(load(render(overlay).text))


def reference(obj: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what names an object."""
    return str(obj["kind"]), str(obj["metadata"].get("namespace", "")), str(obj["metadata"]["name"])
