"""A kubeconfig without secrets: tokens come from Google's own command, each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.spec.model import Cluster

_HINT = "install it: `gcloud components install gke-gcloud-auth-plugin`"


def kubeconfig(cluster: Cluster, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kubeconfig for a cluster's outputs.

    The DNS endpoint is used where the spec opened it: it has a publicly trusted certificate and works from anywhere.
    """
    dns = outputs.get("cloud", {}).get("dns_endpoint", "") if cluster.spec.cloud_options.get("dnsEndpoint") else ""
    ca = {} if dns else {"certificate-authority-data": outputs["ca_certificate"]}
    server = f"https://{dns}" if dns else outputs["endpoint"]
    name = f"hera-{cluster.name}"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, **ca}}],
        "users": [{"name": name, "user": {"exec": _token_command()}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }


def _token_command() -> dict[str, Any]:
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "gke-gcloud-auth-plugin",
        "installHint": _HINT,
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": True,
    }
