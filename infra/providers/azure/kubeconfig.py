"""How kubectl gets in: local accounts are off, so every call carries an Entra token that `kubelogin` fetches."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

AKS_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""Application id of the AKS Entra server; the same in every tenant of public Azure."""
HINT = "kubelogin is not installed: `az aks install-cli`, or https://azure.github.io/kubelogin"


def kubeconfig(name: str, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kubeconfig without a secret; in a pod with workload identity it uses that, else the Azure CLI's login."""
    login = "workloadidentity" if os.environ.get("AZURE_FEDERATED_TOKEN_FILE") else "azurecli"
    command = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "kubelogin",
        "args": ["get-token", "--login", login, "--server-id", AKS_SERVER],
        "env": None,
        "interactiveMode": "Never",
        "provideClusterInfo": False,
        "installHint": HINT,
    }
    cluster = {"server": outputs["endpoint"], "certificate-authority-data": outputs["ca_certificate"]}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"exec": command}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
