"""The platform stage as a container: plan, apply, verify, destroy, drift, status."""
