"""Names that the modules give, needed again where Azure is asked without Terraform; a test holds the two together."""

from __future__ import annotations


def resource_group(cluster: str) -> str:
    """Return the group that the network layer makes for a cluster."""
    return f"hera-{cluster}"


def node_resource_group(cluster: str) -> str:
    """Return the group in which AKS and Kubernetes keep what they make."""
    return f"hera-{cluster}-nodes"
