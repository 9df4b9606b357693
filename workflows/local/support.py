"""What the local engine knows, field by field; anything else is refused by name before anything starts.

Three kinds of field: those it acts on, those that mean nothing on one machine (images, resources, pods, clean-up) and are
ignored, and all others. A refusal names the field's path, so a reader can find it in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from infra.errors import Unsupported
from workflows.local import conditions, depends, expressions

_POD = """affinity archiveLocation automountServiceAccountToken executor hostAliases metadata metrics nodeSelector
    podPriorityClassName podSpecPatch priorityClassName schedulerName securityContext serviceAccountName tolerations"""

_KNOWN: dict[str, tuple[str, str]] = {
    "document": ("apiVersion kind metadata spec", ""),
    "spec": (
        "activeDeadlineSeconds arguments entrypoint hooks onExit parallelism templates volumes",
        f"""{_POD} archiveLogs artifactGC artifactRepositoryRef dnsConfig dnsPolicy hostNetwork imagePullSecrets
        podDisruptionBudget podGC podMetadata priority ttlStrategy volumeClaimGC workflowMetadata""",
    ),
    "template": (
        "activeDeadlineSeconds container dag inputs name outputs parallelism retryStrategy script steps suspend volumes",
        _POD,
    ),
    "container": (
        "args command env envFrom name source",
        """image imagePullPolicy ports resizePolicy resources securityContext terminationMessagePath terminationMessagePolicy
        volumeMounts""",
    ),
    "env": ("name value valueFrom", ""),
    "env source": ("configMapKeyRef", ""),
    "envFrom": ("configMapRef secretRef", "prefix"),
    "dag": ("failFast target tasks", ""),
    "task": (
        """arguments continueOn dependencies depends hooks name onExit template templateRef when withItems withParam
        withSequence""",
        "",
    ),
    "step": ("arguments continueOn hooks name onExit template templateRef when withItems withParam withSequence", ""),
    "templateRef": ("name template", ""),
    "continueOn": ("error failed", ""),
    "hook": ("arguments expression template templateRef", ""),
    "suspend": ("duration", ""),
    "retryStrategy": ("backoff expression limit retryPolicy", "affinity"),
    "backoff": ("cap duration factor maxDuration", ""),
    "sequence": ("count end format start", ""),
    "inputs": ("artifacts parameters", ""),
    "outputs": ("artifacts parameters", ""),
    "arguments": ("artifacts parameters", ""),
    "input parameter": ("default name value", "description enum"),
    "output parameter": ("globalName name valueFrom", "description"),
    "valueFrom": ("default expression parameter path supplied", ""),
    "argument": ("name value", "description enum globalName"),
    "input artifact": ("from name optional path raw", "archive description mode"),
    "output artifact": ("from name optional path", "archive artifactGC description mode"),
    "raw": ("data", ""),
    "volume": ("emptyDir name", ""),
}
_FIELDS = {kind: (set(acted.split()), set(ignored.split())) for kind, (acted, ignored) in _KNOWN.items()}
_BODIES = ("container", "script", "dag", "steps", "suspend")
_POLICIES = ("Always", "OnFailure", "OnError")


def check_document(document: Mapping[str, Any]) -> None:
    """Refuse a WorkflowTemplate or Workflow that uses what the local engine does not know.

    Raises:
        Unsupported: With the field's path.
    """
    _fields("document", document, "")
    if document.get("kind") not in ("WorkflowTemplate", "Workflow"):
        raise Unsupported(f"kind: the local engine runs no {document.get('kind')}")
    spec = document["spec"]
    _fields("spec", spec, "spec")
    _arguments(spec.get("arguments"), "spec.arguments")
    _hooks(spec.get("hooks"), "spec.hooks")
    _volumes(spec.get("volumes"), "spec")
    for template in spec.get("templates", []):
        _template(template, f"spec.templates[{template.get('name')}]")


def _fields(kind: str, found: Mapping[str, Any] | None, path: str) -> None:
    acted, ignored = _FIELDS[kind]
    for name in found or {}:
        if name not in acted and name not in ignored:
            raise Unsupported(
                f"{path}{'.' if path else ''}{name}: the local engine does not support this field",
                next_step="run this pipeline on Argo Workflows, or leave the field out (docs/pipelines.md lists what is known)",
            )


def _template(template: Mapping[str, Any], path: str) -> None:
    _fields("template", template, path)
    bodies = [body for body in _BODIES if body in template]
    if len(bodies) != 1:
        raise Unsupported(f"{path}: a template has exactly one of {', '.join(_BODIES)}; found {bodies or 'none'}")
    if bodies[0] in ("dag", "steps", "suspend") and "activeDeadlineSeconds" in template:
        raise Unsupported(f"{path}.activeDeadlineSeconds: only valid for templates that run a container")
    _volumes(template.get("volumes"), path)
    _inputs(template.get("inputs"), f"{path}.inputs")
    _outputs(template.get("outputs"), f"{path}.outputs")
    _retry(template.get("retryStrategy"), f"{path}.retryStrategy")
    _CHECKS[bodies[0]](template[bodies[0]], f"{path}.{bodies[0]}")


def _container(container: Mapping[str, Any], path: str) -> None:
    _fields("container", container, path)
    if not container.get("command"):
        raise Unsupported(f"{path}.command: has to be given, the local engine can't look into an image for it")
    for entry in container.get("env", []):
        where = f"{path}.env[{entry.get('name')}]"
        _fields("env", entry, where)
        _fields("env source", entry.get("valueFrom"), f"{where}.valueFrom")
        _optional(entry.get("valueFrom"), f"{where}.valueFrom")
    for number, entry in enumerate(container.get("envFrom", [])):
        _fields("envFrom", entry, f"{path}.envFrom[{number}]")
        _optional({key: entry[key] for key in ("configMapRef", "secretRef") if key in entry}, f"{path}.envFrom[{number}]")


def _optional(sources: Mapping[str, Any] | None, path: str) -> None:
    """Refuse what only a cluster can give and a container can't do without."""
    for name, source in (sources or {}).items():
        if not source.get("optional"):
            raise Unsupported(f"{path}.{name}: the local engine has no ConfigMaps and Secrets, so they have to be optional")


def _dag(dag: Mapping[str, Any], path: str) -> None:
    _fields("dag", dag, path)
    depends.check(dag.get("tasks", []), path)
    for task in dag.get("tasks", []):
        _call("task", task, f"{path}.tasks[{task.get('name')}]")


def _steps(groups: Iterable[Any], path: str) -> None:
    for number, group in enumerate(groups):
        for step in group:
            _call("step", step, f"{path}[{number}][{step.get('name')}]")


def _suspend(suspend: Mapping[str, Any], path: str) -> None:
    _fields("suspend", suspend, path)


_CHECKS: dict[str, Callable[[Any, str], None]] = {
    "container": _container,
    "script": _container,
    "dag": _dag,
    "steps": _steps,
    "suspend": _suspend,
}


def _call(kind: str, call: Mapping[str, Any], path: str) -> None:
    _fields(kind, call, path)
    _fields("templateRef", call.get("templateRef"), f"{path}.templateRef")
    _fields("continueOn", call.get("continueOn"), f"{path}.continueOn")
    _fields("sequence", call.get("withSequence"), f"{path}.withSequence")
    _arguments(call.get("arguments"), f"{path}.arguments")
    _hooks(call.get("hooks"), f"{path}.hooks")
    conditions.check(call.get("when") or "", f"{path}.when")


def _hooks(hooks: Mapping[str, Any] | None, path: str) -> None:
    for name, hook in (hooks or {}).items():
        _fields("hook", hook, f"{path}.{name}")
        _arguments(hook.get("arguments"), f"{path}.{name}.arguments")
        if "expression" in hook:
            expressions.check(hook["expression"], f"{path}.{name}.expression")
        elif name != "exit":
            raise Unsupported(f"{path}.{name}.expression: has to be given for every hook but `exit`")


def _arguments(arguments: Mapping[str, Any] | None, path: str) -> None:
    _fields("arguments", arguments, path)
    for parameter in (arguments or {}).get("parameters", []):
        _fields("argument", parameter, f"{path}.parameters[{parameter.get('name')}]")
    for artifact in (arguments or {}).get("artifacts", []):
        _artifact("input artifact", artifact, f"{path}.artifacts[{artifact.get('name')}]")


def _inputs(inputs: Mapping[str, Any] | None, path: str) -> None:
    _fields("inputs", inputs, path)
    for parameter in (inputs or {}).get("parameters", []):
        _fields("input parameter", parameter, f"{path}.parameters[{parameter.get('name')}]")
    for artifact in (inputs or {}).get("artifacts", []):
        _artifact("input artifact", artifact, f"{path}.artifacts[{artifact.get('name')}]")


def _outputs(outputs: Mapping[str, Any] | None, path: str) -> None:
    _fields("outputs", outputs, path)
    for parameter in (outputs or {}).get("parameters", []):
        where = f"{path}.parameters[{parameter.get('name')}]"
        _fields("output parameter", parameter, where)
        source = parameter.get("valueFrom") or {}
        _fields("valueFrom", source, f"{where}.valueFrom")
        _below_root(source.get("path"), f"{where}.valueFrom.path")
        if "expression" in source:
            expressions.check(source["expression"], f"{where}.valueFrom.expression")
    for artifact in (outputs or {}).get("artifacts", []):
        _artifact("output artifact", artifact, f"{path}.artifacts[{artifact.get('name')}]")


def _artifact(kind: str, artifact: Mapping[str, Any], path: str) -> None:
    _fields(kind, artifact, path)
    _fields("raw", artifact.get("raw"), f"{path}.raw")
    _below_root(artifact.get("path"), f"{path}.path")


def _below_root(place: str | None, path: str) -> None:
    if place is not None and (not place.startswith("/hera/") or ".." in place.split("/")):
        raise Unsupported(f"{path}: the local engine knows only paths under /hera/, found {place}")


def _retry(strategy: Mapping[str, Any] | None, path: str) -> None:
    _fields("retryStrategy", strategy, path)
    _fields("backoff", (strategy or {}).get("backoff"), f"{path}.backoff")
    policy = (strategy or {}).get("retryPolicy")
    if policy and policy not in _POLICIES:
        raise Unsupported(f"{path}.retryPolicy: the local engine does not support {policy}")
    if (strategy or {}).get("expression"):
        expressions.check((strategy or {})["expression"], f"{path}.expression")


def _volumes(volumes: Iterable[Mapping[str, Any]] | None, path: str) -> None:
    for volume in volumes or []:
        _fields("volume", volume, f"{path}.volumes[{volume.get('name')}]")
