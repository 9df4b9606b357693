"""Pipelines on Argo Workflows: submitted to a management cluster, followed, answered. The same results as `workflows.local`."""
