"""The cluster stage as a container: plan, apply, destroy, drift, status."""
