"""The root configuration of a stage: which module, with which values, which provider, which backend; written as `main.tf.json`.

A root holds no choices of its own, so what `clusterctl` plans is what the module says for these values, as in envs/.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra import providers
from infra.locations import StateLocation
from infra.locations import state_key as state_key
from infra.providers.base import Provider
from infra.providers.variables import NETWORK_OUTPUTS, module_variables
from infra.spec.model import Cluster

Root = dict[str, Any]
TERRAFORM_VERSION = ">= 1.11.0"
SENSITIVE_OUTPUTS = frozenset({"ca_certificate"})
"""Outputs of the contract (docs/modules.md) that are marked sensitive."""
OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "network": NETWORK_OUTPUTS,
    "cluster": (
        "cluster_id",
        "cluster_name",
        "endpoint",
        "kubernetes_version",
        "ca_certificate",
        "oidc_issuer_url",
        "workload_identity",
        "node_pool_ids",
        "secrets_key_id",
        "log_destination",
        "cloud",
    ),
    "platform": (
        "backup_url",
        "trace_url",
        "log_destination",
        "identities",
        "account_annotations",
        "pod_labels",
        "manifest_components",
        "system_namespaces",
        "cloud",
    ),
}
"""Outputs of each layer, in the order of docs/modules.md."""


BELOW = {"cluster": "network", "platform": "cluster"}
"""The stage whose outputs a stage takes, as an input of that name."""


def literal(value: Any) -> Any:
    """Return data so that terraform takes it as it is: in JSON syntax, `${` and `%{` in texts would be templates."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, Mapping):
        return {key: literal(item) for key, item in value.items()}
    return [literal(item) for item in value] if isinstance(value, list | tuple | set) else value


def _frame(provider: Provider, cluster: Cluster, backend: tuple[str, dict[str, Any]]) -> Root:
    kind, arguments = backend
    settings = {
        "required_version": TERRAFORM_VERSION,
        "required_providers": dict(provider.required_providers()),
        "backend": {kind: literal(arguments)},
    }
    blocks = literal(provider.provider_blocks(cluster))
    return {"terraform": settings, **({"provider": blocks} if blocks else {})}


def _module(provider: Provider, stage: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    return {"source": str(provider.module(stage)), **literal(variables)}


def _outputs(stage: str) -> dict[str, Any]:
    return {
        name: {"value": f"${{module.{stage}.{name}}}", **({"sensitive": True} if name in SENSITIVE_OUTPUTS else {})}
        for name in OUTPUTS[stage]
    }


def backend_of(location: StateLocation, key: str) -> tuple[str, dict[str, Any]]:
    """Return the backend of a state: a file for `file://`, else that of the cloud whose store it is, which may be another one."""
    if location.scheme == "file":
        return "local", {"path": str(Path(location.prefix) / key)}
    return providers.for_scheme(location.scheme).backend(location, location.key(key))


def stage_root(
    provider: Provider, stage: str, cluster: Cluster, below: Mapping[str, Any] | None, location: StateLocation
) -> Root:
    """Return the root of one stage; `below` are the outputs of the stage that it stands on."""
    variables = module_variables(provider, stage, cluster, below)
    root = _frame(provider, cluster, backend_of(location, state_key(cluster.name, stage)))
    return {**root, "module": {stage: _module(provider, stage, variables)}, "output": _outputs(stage)}


def whole_root(provider: Provider, cluster: Cluster) -> Root:
    """Return all layers as one graph with no state, to look at a cluster before anything of it exists."""
    modules = {"network": _module(provider, "network", module_variables(provider, "network", cluster, None))}
    for stage, below in list(BELOW.items())[: len(cluster.stages) - 1]:
        blank = dict.fromkeys(OUTPUTS[below], "")
        modules[stage] = _module(provider, stage, module_variables(provider, stage, cluster, blank))
        modules[stage][below] = {name: f"${{module.{below}.{name}}}" for name in modules[stage][below]}
    return {**_frame(provider, cluster, ("local", {})), "module": modules}


def write(root: Root, folder: Path) -> None:
    """Write a root unless the same one is there."""
    modules = {name: {**module, "source": _relative(module["source"], folder)} for name, module in root["module"].items()}
    path, text = folder / "main.tf.json", json.dumps({**root, "module": modules}, indent=2, sort_keys=True)
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)
        path.chmod(0o600)


def _relative(source: str, folder: Path) -> str:
    """Return a module's path from the root: terraform copies what an absolute path names, and would miss later edits."""
    return os.path.relpath(Path(source).resolve(), folder.resolve())


def digest(root: Root) -> str:
    """Return the SHA-256 of everything a plan depends on besides the state: the root and the modules' files.

    Where the modules are installed does not count; what is in them does.
    """
    modules = {name: {**module, "source": ""} for name, module in root["module"].items()}
    seen = hashlib.sha256(json.dumps({**root, "module": modules}, sort_keys=True).encode())
    for module in root["module"].values():
        for file in sorted(Path(module["source"]).glob("*.tf*")):
            seen.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return seen.hexdigest()
