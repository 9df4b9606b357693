"""A kubeconfig that asks the AWS command line for a token each time, so that it holds no secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.providers.aws.mapping import options_of
from infra.spec.model import Cluster


def kubeconfig(cluster: Cluster, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the kubeconfig of a cluster from the cluster stage's outputs."""
    name = cluster.name
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": outputs["endpoint"], "certificate-authority-data": outputs["ca_certificate"]}}
        ],
        "users": [{"name": name, "user": {"exec": _exec(cluster, str(outputs["cluster_name"]))}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }


def _exec(cluster: Cluster, eks_name: str) -> dict[str, Any]:
    role = options_of(cluster).role_arn
    return {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": [
            *("--region", cluster.spec.region, "eks", "get-token", "--cluster-name", eks_name, "--output", "json"),
            *(("--role-arn", role) if role else ()),
        ],
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": False,
        "installHint": "install the AWS command line (https://docs.aws.amazon.com/cli/) and sign in with `aws sso login`",
    }
