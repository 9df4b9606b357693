"""Runs WorkflowTemplates on a real Argo and shows a finished workflow as the local engine shows its results.

Argo draws more than a reader needs: a node for each group of steps, each attempt of a retried step. Here attempts are counted on
the node that they belong to and groups are left out, as in `workflows.local`.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.host.parts import ensure
from infra.kube.api import Api

NAMESPACE = "hera"
GROUP = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}"
VERSION = {"apiVersion": "argoproj.io/v1alpha1"}
ENDED = ("Succeeded", "Failed", "Error")
LABEL = "hera.dev/suite"
"""On everything that a suite makes, with the suite's name, so that it finds and removes its own."""

Object = dict[str, Any]


@dataclass(frozen=True)
class Command:
    """The `argo` command with a user's kubeconfig."""

    binary: Path
    kubeconfig: Path

    def run(self, *words: str, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        for name in ("ARGO_SERVER", "ARGO_TOKEN"):
            environment.pop(name, None)
        done = subprocess.run(
            [str(self.binary), *words, "-n", NAMESPACE], env=environment, capture_output=True, text=True, timeout=timeout
        )
        assert not check or done.returncode == 0, f"argo {' '.join(words[:3])}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


@dataclass(frozen=True)
class Shown:
    """A node as the local engine shows it."""

    display: str
    phase: str
    message: str
    attempts: int
    exit_code: int | None
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    started: str
    finished: str


def command(kubeconfig: Path) -> Command:
    """Return the `argo` command for a management cluster; it is built when it is not there yet."""
    return Command(ensure("argo-server", progress=print) / "argo", kubeconfig)


def shown(workflow: Object) -> list[Shown]:
    """Return a workflow's nodes in the order they were made: attempts folded, groups and the root left out."""
    nodes: dict[str, Object] = workflow.get("status", {}).get("nodes") or {}
    tries = {child for node in nodes.values() if node["type"] == "Retry" for child in _attempts(node, nodes)}
    ordered = sorted(nodes.values(), key=lambda node: (node.get("startedAt") or "", _index(node)))
    return [
        _shown(node, nodes, workflow["metadata"]["name"])
        for node in ordered
        if node["type"] != "StepGroup" and node["id"] not in tries and node["name"] != workflow["metadata"]["name"]
    ]


def _index(node: Object) -> int:
    tail = node["name"].rsplit("(", 1)[-1].split(":")[0].rstrip(")")
    return int(tail) if tail.isdigit() else 0


def _attempts(node: Object, nodes: Mapping[str, Object]) -> list[str]:
    children = (nodes[child] for child in node.get("children") or () if child in nodes)
    return [child["id"] for child in children if not (child.get("nodeFlag") or {}).get("hooked")]


def _shown(node: Object, nodes: Mapping[str, Object], root: str) -> Shown:
    attempts = int(node["type"] in ("Pod", "Suspend", "Steps", "DAG", "Container"))
    last = node
    if node["type"] == "Retry":
        made = _attempts(node, nodes)
        attempts, last = len(made), nodes[made[-1]] if made else node
    outputs = last.get("outputs") or node.get("outputs") or {}
    code = outputs.get("exitCode")
    return Shown(
        node["displayName"].removeprefix(root),
        node.get("phase", ""),
        node.get("message", ""),
        attempts,
        None if code is None else int(code),
        values(node.get("inputs")),
        values(outputs),
        node.get("startedAt") or "",
        node.get("finishedAt") or "",
    )


def values(given: Object | None) -> dict[str, str]:
    return {item["name"]: str(item["value"]) for item in (given or {}).get("parameters") or () if "value" in item}


def tree(workflow: Object) -> str:
    """Return everything that is known of a workflow's nodes, for the message of a failure."""
    status = workflow.get("status", {})
    lines = [f"{workflow['metadata']['name']}: {status.get('phase')} {status.get('message', '')}"]
    for node in sorted((status.get("nodes") or {}).values(), key=lambda node: (node.get("startedAt") or "", node["name"])):
        times = f"{(node.get('startedAt') or '-')[11:19]}-{(node.get('finishedAt') or '-')[11:19]}"
        outputs = json.dumps(values(node.get("outputs")))[:200]
        lines.append(f"  {times} {node['type']:9} {node.get('phase', ''):9} {node['name']}: {node.get('message', '')} {outputs}")
    return "\n".join(lines)


def confined(template: Object, image: str) -> Object:
    """Return a template whose containers run under the namespace's Pod Security level, with `/hera` and `/tmp` to write to."""
    kind = next((key for key in ("container", "script") if key in template), "")
    if not kind:
        return template
    container = template[kind] | {
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "hera", "mountPath": "/hera"}, {"name": "tmp", "mountPath": "/tmp"}],
    }
    volumes = [{"name": name, "emptyDir": {}} for name in ("hera", "tmp")]
    return template | {kind: container, "volumes": volumes}


def steps_image(api: Api) -> str:
    """Return the image that the installed pipelines run."""
    installed = api.get(f"{GROUP}/workflowtemplates/create-cluster")
    return next(str(template["container"]["image"]) for template in installed["spec"]["templates"] if "container" in template)


def install(api: Api, suite: str, document: Object, image: str, names: Iterable[str]) -> str:
    """Install one WorkflowTemplate under a name of the suite's own, references included, and return that name."""
    renamed = {name: f"{suite}-{name}" for name in names}
    spec = _renamed(document["spec"], renamed)
    spec["templates"] = [confined(template, image) for template in spec["templates"]]
    name = renamed[document["metadata"]["name"]]
    api.create(
        f"{GROUP}/workflowtemplates",
        VERSION | {"kind": "WorkflowTemplate", "metadata": {"name": name, "labels": {LABEL: suite}}, "spec": spec},
    )
    return name


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    """Return a part of a template with every `templateRef` that names one of `names` pointing to its new name."""
    if isinstance(part, list):
        return [_renamed(item, names) for item in part]
    if not isinstance(part, dict):
        return part
    part = {key: _renamed(value, names) for key, value in part.items()}
    reference = part.get("templateRef")
    return part | {"templateRef": reference | {"name": names[reference["name"]]}} if reference else part


def submit(api: Api, suite: str, template: str, parameters: Mapping[str, str] | None = None, name: str = "") -> str:
    """Start a workflow of an installed template and return its name."""
    given = [{"name": key, "value": value} for key, value in (parameters or {}).items()]
    metadata = {"labels": {LABEL: suite}} | ({"name": name} if name else {"generateName": f"{template}-"})
    spec: Object = {"workflowTemplateRef": {"name": template}} | ({"arguments": {"parameters": given}} if given else {})
    made = api.create(f"{GROUP}/workflows", VERSION | {"kind": "Workflow", "metadata": metadata, "spec": spec})
    return str(made["metadata"]["name"])


def phase(workflow: Object) -> str:
    return str(workflow.get("status", {}).get("phase") or "Pending")


def waiting(workflow: Object) -> list[str]:
    """Return the display names of suspend nodes that wait for an answer."""
    nodes = (workflow.get("status", {}).get("nodes") or {}).values()
    open_ = (node for node in nodes if node["type"] == "Suspend" and node.get("phase") == "Running")
    return [node["displayName"] for node in open_ if any("supplied" in (item.get("valueFrom") or {}) for item in _asked(node))]


def _asked(node: Object) -> list[Object]:
    return list((node.get("outputs") or {}).get("parameters") or ())


def collect(
    api: Api,
    suite: str,
    starts: Mapping[str, Callable[[], str]],
    *,
    at_once: int,
    seconds: float,
    look: Callable[[str, Object], None] | None = None,
) -> dict[str, Object]:
    """Start workflows, so many at once, and return each when it has ended, or as it was when the time was over.

    Args:
        api: The management cluster.
        suite: The label's value.
        starts: What starts each workflow and returns its name, by the caller's own key.
        at_once: How many may run.
        seconds: How long all of it may take.
        look: Sees every workflow that still runs, to answer what it asks.
    """
    left, running, done = list(starts), {}, {}
    deadline = time.monotonic() + seconds
    while len(done) < len(starts) and time.monotonic() < deadline:
        while left and len(running) < at_once:
            key = left.pop(0)
            running[starts[key]()] = key
        found = {item["metadata"]["name"]: item for item in api.items(f"{GROUP}/workflows", labelSelector=f"{LABEL}={suite}")}
        for name, key in list(running.items()):
            workflow = found.get(name, {"metadata": {"name": name}})
            if phase(workflow) in ENDED:
                done[key] = workflow
                del running[name]
            elif look:
                look(key, workflow)
        time.sleep(0.5)
    late = {key: api.get(f"{GROUP}/workflows/{name}") for name, key in running.items()}
    return done | late


def remove(api: Api, suite: str) -> None:
    """Remove all that a suite made."""
    for kind in ("workflows", "workflowtemplates"):
        for item in list(api.items(f"{GROUP}/{kind}", labelSelector=f"{LABEL}={suite}")):
            api.delete(f"{GROUP}/{kind}/{item['metadata']['name']}")
